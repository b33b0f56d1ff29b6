// Package disk is the small layer that everything durable goes through.
//
// What it returns without an error is on the disk, not in a buffer: a created,
// renamed or removed name is followed by an fsync of its directory, unless the
// function says which fsync it leaves to others. Its errors always name the
// path. Tests make any single operation fail by SetFault.
package disk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A File is an open file whose writes always go to its end.
type File struct {
	f    *os.File
	path string
}

// OpenAppend opens the file at path for reading and appending. A file that is
// not there is made with the permissions perm, and its name is durable when
// OpenAppend returns.
func OpenAppend(path string, perm fs.FileMode) (*File, error) {
	for {
		f, err := OpenExisting(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		f, err = Create(path, perm)
		if errors.Is(err, fs.ErrExist) {
			// Either somebody made it in between, or it is a dangling link.
			if _, err := os.Stat(path); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := SyncDir(filepath.Dir(path)); err != nil {
			f.Close()
			return nil, err
		}
		return f, nil
	}
}

// Create makes a file for reading and appending that must not be there. Its name
// is durable once its directory is synced, which renaming the file does.
func Create(path string, perm fs.FileMode) (*File, error) {
	return open(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, perm)
}

// OpenExisting opens a file for reading and appending that must be there.
func OpenExisting(path string) (*File, error) {
	return open(path, os.O_RDWR|os.O_APPEND, 0)
}

func open(path string, flags int, perm fs.FileMode) (*File, error) {
	return OpenBy(path, func() (*os.File, error) { return os.OpenFile(path, flags, perm) })
}

// OpenBy opens the file at path in a way of the caller's, which may be os.Root's.
// A name that it makes is durable after the next SyncDir.
func OpenBy(path string, open func() (*os.File, error)) (*File, error) {
	var f *os.File
	_, err := do(OpOpen, path, 0, func(int) (_ int, err error) {
		f, err = open()
		return 0, err
	})
	if err != nil {
		return nil, err
	}
	return &File{f, path}, nil
}

// Name returns the path that the file was opened by.
func (f *File) Name() string { return f.path }

// Write appends p to the file.
func (f *File) Write(p []byte) (int, error) {
	if fault.Load() == nil {
		return f.f.Write(p)
	}
	return do(OpWrite, f.path, len(p), func(n int) (int, error) { return f.f.Write(p[:n]) })
}

// Read reads from the file's position, which begins at 0.
func (f *File) Read(p []byte) (int, error) { return f.f.Read(p) }

// ReadAt reads at an offset.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }

// Sync makes durable what was written.
func (f *File) Sync() error {
	_, err := do(OpSync, f.path, 0, func(int) (int, error) { return 0, f.f.Sync() })
	return err
}

// Truncate cuts the file to size bytes. It is durable after the next Sync.
func (f *File) Truncate(size int64) error {
	_, err := do(OpTruncate, f.path, 0, func(int) (int, error) { return 0, f.f.Truncate(size) })
	return err
}

// CutTorn cuts off what stands behind the last newline: of a line that a
// writer could not finish. Only who holds the file's lock may call it.
func (f *File) CutTorn() error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	buf := make([]byte, 4<<10)
	for at := size; at > 0; {
		n := min(at, int64(len(buf)))
		at -= n
		if _, err := f.ReadAt(buf[:n], at); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 || at == 0 {
			if end := at + int64(i) + 1; end < size {
				return f.Truncate(end)
			}
			return nil
		}
	}
	return nil
}

// Torn says that the last line has no end, since its writer has died or had no
// room for it. Of a file that cannot be read it says nothing.
func (f *File) Torn() bool {
	var last [1]byte
	size, err := f.Size()
	if err == nil && size > 0 {
		_, err = f.ReadAt(last[:], size-1)
	}
	return err == nil && size > 0 && last[0] != '\n'
}

// Stat describes the open file, also when its name has gone to another one.
func (f *File) Stat() (fs.FileInfo, error) { return f.f.Stat() }

// Size returns the file's length.
func (f *File) Size() (int64, error) {
	i, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

// Close closes the file. It does not sync.
func (f *File) Close() error { return f.f.Close() }

// WriteFileAtomic gives the file at path a new content: after a crash it holds
// either all of the old or all of the new one.
func WriteFileAtomic(path string, data []byte, perm fs.FileMode) error {
	return CreateAtomic(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// CreateAtomic is WriteFileAtomic for a content that is written in pieces. An
// existing file keeps its permissions.
func CreateAtomic(path string, perm fs.FileMode, write func(io.Writer) error) (err error) {
	return CreateChecked(path, perm, write, func(string) error { return nil })
}

// CreateChecked is CreateAtomic for a content that is looked at, in a file beside
// path, before it takes the place of the old one.
func CreateChecked(path string, perm fs.FileMode, write func(io.Writer) error, check func(path string) error) (err error) {
	if old, err := os.Stat(path); err == nil {
		perm = old.Mode().Perm()
	}
	f, err := createTemp(path, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.path)
		}
	}()
	w := bufio.NewWriterSize(f, 64<<10)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := check(f.path); err != nil {
		return err
	}
	return Rename(f.path, path)
}

// createTemp makes a file beside path. The name says whose it is, so that what
// a crash leaves can be found by RemoveTemps and by people.
func createTemp(path string, perm fs.FileMode) (*File, error) {
	for {
		name := tempPrefix(path) + strconv.FormatUint(rand.Uint64(), 36)
		f, err := Create(filepath.Join(filepath.Dir(path), name), perm)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return f, err
	}
}

func tempPrefix(path string) string { return "." + filepath.Base(path) + ".tmp-" }

// RemoveTemps removes what a crash in WriteFileAtomic left beside path. Only
// who holds the lock of path may call it.
func RemoveTemps(path string) error {
	dir := filepath.Dir(path)
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, tempPrefix(path)) {
			if err := remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// Rename moves a file to another name, durably.
func Rename(from, to string) error {
	if err := RenameInto(from, to); err != nil {
		return err
	}
	if d := filepath.Dir(from); d != filepath.Dir(to) {
		return SyncDir(d)
	}
	return nil
}

// RenameInto is Rename for who can bear that the old name is there as well after
// the loss of power. A file system with a journal renames in one step, and needs
// no second fsync for that; another one forgets either of two directories.
func RenameInto(from, to string) error {
	_, err := do(OpRename, to, 0, func(int) (int, error) { return 0, os.Rename(from, to) })
	if err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// Remove removes a file, durably.
func Remove(path string) error {
	if err := remove(path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

func remove(path string) error {
	_, err := do(OpRemove, path, 0, func(int) (int, error) { return 0, os.Remove(path) })
	return err
}

// Truncate cuts the file at path to size bytes, durably.
func Truncate(path string, size int64) error {
	f, err := OpenExisting(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}

// MkdirAll makes a directory that is missing, and those above it, durably.
func MkdirAll(dir string, perm fs.FileMode) error {
	dir = filepath.Clean(dir)
	if isDir(dir) {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := MkdirAll(above, perm); err != nil {
			return err
		}
	}
	_, err := do(OpMkdir, dir, 0, func(int) (int, error) { return 0, os.Mkdir(dir, perm) })
	if errors.Is(err, fs.ErrExist) {
		if !isDir(dir) {
			return fmt.Errorf("%s: not a directory", dir)
		}
		err = nil // somebody else was faster, and may not have synced it yet
	}
	if err != nil {
		return err
	}
	return SyncDir(above)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// SyncDir makes the names in a directory durable. Some file systems cannot
// sync a directory and say so; they are believed to need none.
func SyncDir(dir string) error {
	_, err := do(OpSync, dir, 0, func(int) (int, error) {
		d, err := os.Open(dir)
		if err != nil {
			return 0, err
		}
		defer d.Close()
		err = d.Sync()
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
			err = nil
		}
		return 0, err
	})
	return err
}
