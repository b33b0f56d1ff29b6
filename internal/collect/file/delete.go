package file

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Identity is the directory, or the files.
func (c *Command) Identity() string {
	here, err := os.Getwd()
	if err != nil {
		here = "" // then names alone tell sources apart
	}
	return fmt.Sprintf("%q %q %q %q", here, c.Path, c.Postfix, c.Files)
}

// deliver sends a file as one window, which deletes it at its end.
func (c *Command) deliver(ctx context.Context, path string, in *input, send func() error) error {
	state := identity(path, in.info)
	return c.env.Pipeline.Window(stage.Window{
		Name:   path,
		State:  state,
		Ack:    func(uint64) error { return c.remove(ctx, path, state, in.sum.Sum(nil)) },
		Extent: func() string { return c.extent(path, in) },
	}, send)
}

// extent says what was read of a file, and how it was cut.
func (c *Command) extent(path string, in *input) string {
	return fmt.Sprintf("%s, %x, in chunks of %d", identity(path, in.info), in.sum.Sum(nil), c.ChunkSize)
}

// identity changes whenever the file does.
func identity(path string, info fs.FileInfo) string {
	var inode uint64
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	return fmt.Sprintf("%d %d %d %s", inode, info.Size(), info.ModTime().UnixNano(), path)
}

// A file that is to be deleted is first set aside, in a directory that begins
// with this and is locked as long as its process lives.
const asidePrefix = ".intelpipe-"

func isAside(e fs.DirEntry) bool { return e.IsDir() && strings.HasPrefix(e.Name(), asidePrefix) }

// remove deletes a file, if it is still the one that was read. Its name may lead
// to another one at any time, so it is set aside before it is looked at.
func (c *Command) remove(ctx context.Context, path, state string, sum []byte) error {
	dir, lock, err := setAside(path)
	if full(err) {
		return c.removeInPlace(ctx, path, state, sum)
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer lock.Close()
	file := filepath.Join(dir, filepath.Base(path))
	if why := changed(file, path, state, sum); why != "" {
		c.stays(ctx, path, why)
		err = putBack(file, path)
	} else if err = disk.Remove(file); err == nil {
		c.gone(path)
	}
	if err != nil {
		return err
	}
	return disk.Remove(dir)
}

// removeInPlace is for a disk without room for a directory. To delete the file
// is what helps it.
func (c *Command) removeInPlace(ctx context.Context, path, state string, sum []byte) error {
	if why := changed(path, path, state, sum); why != "" {
		c.stays(ctx, path, why)
		return nil
	}
	c.gone(path)
	return disk.Remove(path)
}

func full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EMLINK)
}

func (c *Command) stays(ctx context.Context, path, why string) {
	c.env.Warn("%s: %s since it was read, and is not deleted", path, why)
}

func (c *Command) gone(path string) {
	if c.deleted == nil {
		c.deleted = map[string]bool{}
	}
	c.deleted[path] = true
}

// setAside moves a file into a new directory beside it, which only this process
// looks into while it has its lock.
func setAside(path string) (dir string, lock *os.File, err error) {
	for range 10 { // a run that begins may take the directory for one that is left over
		if dir, err = os.MkdirTemp(filepath.Dir(path), asidePrefix); err != nil {
			return "", nil, err
		}
		lock, err = moveInto(dir, path)
		if err == nil {
			return dir, lock, nil
		}
		os.Remove(dir)
		if _, gone := os.Lstat(path); gone != nil || !errors.Is(err, fs.ErrNotExist) {
			return "", nil, cmp.Or(gone, err)
		}
	}
	return "", nil, fmt.Errorf("%s: cannot be set aside to be deleted: %w", path, err)
}

func moveInto(dir, path string) (*os.File, error) {
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	free, err := disk.TryLock(lock)
	if err == nil && !free {
		err = fs.ErrNotExist // it is just being removed
	}
	if err == nil {
		err = os.Rename(path, filepath.Join(dir, filepath.Base(path)))
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// changed says how a file differs from what was read under the name path.
func changed(file, path, state string, sum []byte) string {
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return "was replaced"
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || identity(path, info) != state {
		return "has changed"
	}
	if free, err := lock(f); err != nil || !free {
		return "was locked by another process"
	}
	if sum == nil {
		return ""
	}
	now := sha256.New()
	if _, err := io.Copy(now, f); err != nil || !bytes.Equal(now.Sum(nil), sum) {
		return "has changed"
	}
	return ""
}

// putBack gives a file its name back, or one with a number before it where
// that is taken by now: nothing is overwritten.
func putBack(file, path string) error {
	to := path
	for n := 1; ; n++ {
		err := unix.Renameat2(unix.AT_FDCWD, file, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
		if err == unix.EINVAL || err == unix.ENOSYS { // a file system that cannot do it in one step
			if _, err = os.Lstat(to); err == nil {
				err = unix.EEXIST
			} else {
				err = os.Rename(file, to)
			}
		}
		if err == nil {
			return disk.SyncDir(filepath.Dir(path))
		}
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s: cannot be put back to %s: %w", file, to, err)
		}
		to = filepath.Join(filepath.Dir(path), fmt.Sprintf("%d~%s", n, filepath.Base(path)))
	}
}

// recover deals with what a crash has left: files that were set aside, and the
// file that was acknowledged just before. The state knows of that one only until
// another is acknowledged.
func (c *Command) recover(ctx context.Context) error {
	state := ""
	dirs := map[string]bool{}
	if c.Path != "" {
		dirs[c.Path] = true
	}
	if c.DeleteFile {
		state = c.env.Pipeline.State()
		for _, f := range c.Files {
			dirs[filepath.Dir(string(f))] = true
		}
	}
	for dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !isAside(e) {
				continue
			}
			if err := c.settle(ctx, dir, e.Name(), state); err != nil && c.DeleteFile {
				return stage.Fatal(err)
			} else if err != nil {
				c.env.Warn("%v", err)
			}
		}
	}
	parts := strings.SplitN(state, " ", 4)
	path := parts[len(parts)-1]
	if info, err := os.Lstat(path); err != nil || identity(path, info) != state {
		return nil
	}
	return stage.Fatal(c.remove(ctx, path, state, nil))
}

// settle empties a directory in which a process that has died has set a file
// aside: what was acknowledged is deleted, and the rest put back.
func (c *Command) settle(ctx context.Context, dir, name, state string) error {
	aside := filepath.Join(dir, name)
	lock, err := os.Open(aside)
	if err != nil {
		return err
	}
	defer lock.Close()
	if free, err := disk.TryLock(lock); err != nil || !free {
		return err // its process lives
	}
	entries, err := lock.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		file, path := filepath.Join(aside, e.Name()), filepath.Join(dir, e.Name())
		if state != "" && changed(file, path, state, nil) == "" {
			err = disk.Remove(file)
		} else if err = putBack(file, path); err == nil {
			c.env.Warn("%s: was set aside by a run that was killed, and is back", path)
		}
		if err != nil {
			return err
		}
	}
	return disk.Remove(aside)
}
