package linefile

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// maxOpen is how many files are open at once.
const maxOpen = 64

// files are the open files, and what is known of those that were written and
// are not open any longer.
type files struct {
	dir    string
	root   *os.Root // names come from events and stay below it; nil for one name from the user
	limit  int      // of open files
	wait   time.Duration
	open   map[string]*list.Element
	recent *list.List // of *file, the last used in front
	last   *file
	begin  func(size) error // in a stream with control lines: lines are about to be added
	synced []size           // closed since the last checkpoint
	closed map[string]bool  // names closed without sync, in a stream without control lines
}

// file is an open file. What is in buf is written when it is long enough.
type file struct {
	*disk.File
	name    string
	inode   uint64
	regular bool
	created bool // its name may not be durable
	begun   bool // the ledger knows that lines are added to it
	dirty   bool // written since the last sync
	buf     []byte
}

// size is the length of a file at some moment.
type size struct {
	Name  string `json:"name"`
	Inode uint64 `json:"inode"`
	Size  int64  `json:"size"`
}

func newFiles(dir string, root *os.Root) *files {
	return &files{
		dir: cmp.Or(dir, "."), root: root, limit: maxOpen, wait: disk.LockWait,
		open: map[string]*list.Element{}, recent: list.New(), closed: map[string]bool{},
	}
}

func openBelow(dir string) (*files, error) {
	dir = cmp.Or(dir, ".")
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return newFiles(dir, root), nil
}

// path is the name as a person would write it.
func (fs *files) path(name string) string { return filepath.Join(fs.dir, name) }

func (fs *files) openFile(name string, flags int) (*disk.File, error) {
	return disk.OpenBy(fs.path(name), func() (*os.File, error) { return fs.openRaw(name, flags) })
}

func (fs *files) openRaw(name string, flags int) (*os.File, error) {
	if fs.root == nil {
		return os.OpenFile(fs.path(name), flags, 0o644)
	}
	f, err := fs.root.OpenFile(name, flags|unix.O_NONBLOCK, 0o644)
	if errors.Is(err, os.ErrNotExist) && flags&os.O_CREATE != 0 && path.Dir(name) != "." {
		if err = fs.root.MkdirAll(path.Dir(name), 0o755); err == nil {
			f, err = fs.root.OpenFile(name, flags|unix.O_NONBLOCK, 0o644)
		}
	}
	var at *os.PathError
	if errors.As(err, &at) {
		at.Path = fs.path(at.Path) // os.Root names only what is below it
	}
	return f, err
}

func (fs *files) stat(name string) (os.FileInfo, error) {
	if fs.root == nil {
		return os.Stat(fs.path(name))
	}
	return fs.root.Stat(name)
}

// get returns the file of that name, opened and locked.
func (fs *files) get(ctx context.Context, name string) (*file, error) {
	if fs.last != nil && fs.last.name == name {
		return fs.last, nil
	}
	if e := fs.open[name]; e != nil {
		fs.recent.MoveToFront(e)
		fs.last = e.Value.(*file)
		return fs.last, nil
	}
	for fs.recent.Len() >= fs.limit {
		if err := fs.evict(fs.recent.Back()); err != nil {
			return nil, err
		}
	}
	f, err := fs.openLocked(ctx, name)
	if err != nil {
		return nil, err
	}
	fs.open[name] = fs.recent.PushFront(f)
	fs.last = f
	return f, nil
}

// openLocked opens a file and waits for its lock. While it waits the name may
// go to another file.
func (fs *files) openLocked(ctx context.Context, name string) (*file, error) {
	deadline := time.Now().Add(fs.wait)
	for {
		f, err := fs.openOne(name)
		if err != nil || !f.regular {
			return f, err
		}
		if err := f.WaitLock(ctx, time.Until(deadline)); err != nil {
			f.Close()
			return nil, err
		}
		if info, err := fs.stat(name); err == nil && inode(info) == f.inode {
			return f, nil
		}
		f.Close()
	}
}

func (fs *files) openOne(name string) (*file, error) {
	info, err := fs.stat(name)
	created := errors.Is(err, os.ErrNotExist)
	if err == nil && !info.Mode().IsRegular() {
		if fs.root != nil || info.IsDir() {
			return nil, fmt.Errorf("%s: not a regular file", fs.path(name))
		}
		f, err := fs.openFile(name, os.O_WRONLY)
		return &file{File: f, name: name}, err
	}
	// Reading is for the last byte only and not vital.
	f, err := fs.openFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if errors.Is(err, os.ErrPermission) {
		f, err = fs.openFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE)
	}
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, err
	}
	return &file{File: f, name: name, inode: inode(info), regular: info.Mode().IsRegular(), created: created}, nil
}

func inode(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}

// blamesName tells errors that an event has caused by its file's name from
// those that would meet every event.
func blamesName(err error) bool {
	if isLocked(err) {
		return false
	}
	for _, e := range []error{
		unix.ENOSPC, unix.EDQUOT, unix.EROFS, unix.EIO, unix.EMFILE, unix.ENFILE, unix.ENOMEM,
		unix.EACCES, unix.EPERM, context.Canceled,
	} {
		if errors.Is(err, e) {
			return false
		}
	}
	return true
}

func isLocked(err error) bool {
	var locked *disk.LockedError
	return errors.As(err, &locked)
}

// regular is an error if a file is open that cannot be cut.
func (fs *files) regular() error {
	for e := fs.recent.Front(); e != nil; e = e.Next() {
		if f := e.Value.(*file); !f.regular {
			return fmt.Errorf("%s: not a regular file, which cannot keep what a checkpoint promises", fs.path(f.name))
		}
	}
	return nil
}

// flush writes what is in the buffer of a file.
func (fs *files) flush(f *file) error {
	if len(f.buf) == 0 {
		return nil
	}
	if !f.regular {
		_, err := f.Write(f.buf)
		f.buf = f.buf[:0]
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink == 0 {
		if f, err = fs.again(f); err != nil {
			return err
		}
		if info, err = f.Stat(); err != nil {
			return err
		}
	}
	end := info.Size()
	if fs.begin != nil && !f.begun {
		if err := fs.begin(size{f.name, f.inode, end}); err != nil {
			return err
		}
		f.begun = true
	}
	if end > 0 { // others may have torn a line, also since the file was opened
		var last [1]byte
		if _, err := f.ReadAt(last[:], end-1); err == nil && last[0] != '\n' {
			f.buf = append([]byte{'\n'}, f.buf...) // rather than glue two lines together
		}
	}
	f.dirty = true
	n, err := f.Write(f.buf)
	if err != nil {
		for n > 0 && f.buf[n-1] != '\n' {
			n--
		}
		f.Truncate(end + int64(n)) // no torn line
		return err
	}
	f.buf = f.buf[:0]
	return nil
}

// again opens a file anew that somebody has deleted. What was written to it
// since the last checkpoint is gone then, so that the stream has to break.
func (fs *files) again(f *file) (*file, error) {
	if fs.begin != nil && f.dirty {
		return nil, fmt.Errorf("%s: the file was deleted", fs.path(f.name))
	}
	e := fs.open[f.name]
	if fs.root == nil {
		if err := disk.MkdirAll(fs.dir, 0o755); err != nil {
			return nil, err
		}
	}
	fresh, err := fs.openLocked(context.Background(), f.name)
	if err != nil {
		return nil, err
	}
	f.File.Close()
	fresh.buf = f.buf
	*f = *fresh
	e.Value = f
	return f, nil
}

func (fs *files) flushAll() error {
	for e := fs.recent.Front(); e != nil; e = e.Next() {
		if err := fs.flush(e.Value.(*file)); err != nil {
			return err
		}
	}
	return nil
}

// sync makes everything durable and returns how long the files are that were
// written since it was last called.
func (fs *files) sync() ([]size, error) {
	for e := fs.recent.Front(); e != nil; e = e.Next() {
		f := e.Value.(*file)
		if err := fs.flush(f); err != nil {
			return nil, err
		}
		if err := fs.syncFile(f); err != nil {
			return nil, err
		}
	}
	sizes := fs.synced
	fs.synced = nil
	return sizes, nil
}

// syncFile makes a file durable that was written, and its name, and notes how
// long it is.
func (fs *files) syncFile(f *file) error {
	if !f.dirty || !f.regular {
		return nil
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if f.created {
		if err := fs.syncDirs(f.name); err != nil {
			return err
		}
		f.created = false
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink == 0 && fs.begin != nil {
		return fmt.Errorf("%s: the file was deleted", fs.path(f.name))
	}
	f.dirty = false
	fs.synced = append(fs.synced, size{f.name, f.inode, info.Size()})
	return nil
}

// syncDirs makes the name of a file durable, and those of its directories.
func (fs *files) syncDirs(name string) error {
	if fs.root == nil {
		return disk.SyncDir(fs.dir)
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if err := disk.SyncDir(fs.path(dir)); err != nil || dir == "." {
			return err
		}
	}
}

// finish makes everything durable at the end of a stream without control lines.
func (fs *files) finish() error {
	if _, err := fs.sync(); err != nil {
		return err
	}
	for name := range fs.closed {
		if fs.open[name] != nil {
			continue
		}
		f, err := fs.openFile(name, os.O_WRONLY)
		if errors.Is(err, os.ErrNotExist) {
			continue // it was moved away meanwhile
		} else if err != nil {
			return err
		}
		err = cmp.Or(f.Sync(), fs.syncDirs(name))
		f.Close()
		if err != nil {
			return err
		}
	}
	clear(fs.closed)
	return nil
}

// evict closes a file. In a stream with control lines it is synced before.
func (fs *files) evict(e *list.Element) error {
	f := e.Value.(*file)
	if err := fs.flush(f); err != nil {
		return err
	}
	if fs.begin == nil {
		fs.closed[f.name] = true
	} else if err := fs.syncFile(f); err != nil {
		return err
	}
	fs.forget(e)
	return f.File.Close()
}

func (fs *files) forget(e *list.Element) {
	delete(fs.open, e.Value.(*file).name)
	fs.recent.Remove(e)
	fs.last = nil
}

// closeRegular closes all files in good order, but pipes and devices: closing one
// would tell its reader that this is the end.
func (fs *files) closeRegular() error {
	for e := fs.recent.Front(); e != nil; {
		f, next := e.Value.(*file), e.Next()
		if err := fs.flush(f); err != nil {
			return err
		}
		if f.regular {
			if err := fs.syncFile(f); err != nil { // at the end of the stream the name may be another file's
				return err
			}
			if err := fs.evict(e); err != nil {
				return err
			}
		}
		e = next
	}
	return nil
}

// drop throws away what is not written yet, and reports whether no file has
// lines that no checkpoint covers.
func (fs *files) drop() (clean bool) {
	clean = len(fs.synced) == 0
	for e := fs.recent.Front(); e != nil; e = e.Next() {
		f := e.Value.(*file)
		f.buf = nil
		clean = clean && !f.dirty
	}
	return clean
}

// close closes everything as it is.
func (fs *files) close() {
	for e := fs.recent.Front(); e != nil; e = e.Next() {
		e.Value.(*file).File.Close()
	}
	fs.recent.Init()
	clear(fs.open)
	fs.last = nil
	if fs.root != nil {
		fs.root.Close()
	}
}
