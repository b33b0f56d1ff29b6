// Package mapped uses a file as memory, without copying it: it is ready at once however large
// it is, and processes that use the same file share its pages.
//
// A file that is used so must be replaced in one step, as mv does and --update. One that
// somebody writes over changes under its users: the kernel tells of the first write, and from
// then on Use is an error.
package mapped

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// errChanged is for a file that somebody has written to.
var errChanged = errors.New("written over while it was in use; replace it in one step, as mv does")

// File is a file in memory.
type File struct {
	path    string
	data    []byte
	file    *os.File // nil if the file could not be mapped, and was read
	was     version
	written *atomic.Bool
}

// version tells whether a file is as it was.
type version struct {
	size       int64
	mtim, ctim unix.Timespec
}

// Open maps a file. What cannot be mapped, as a pipe, is read. It is given up when nobody
// refers to the File any longer.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	m := &File{path: path, file: f}
	if err := m.mapIt(); err != nil {
		defer f.Close()
		m.file = nil
		m.data, err = io.ReadAll(f)
		return m, err
	}
	return m, nil
}

func (m *File) mapIt() (err error) {
	fd := int(m.file.Fd())
	notes, written, err := watch(fd)
	if err != nil {
		return err
	}
	m.written = written
	if m.was, err = m.now(); err == nil {
		// The pages that are in the cache are mapped at once: a fault for each costs more.
		m.data, err = unix.Mmap(fd, 0, int(m.was.size), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_POPULATE)
	}
	if err != nil {
		notes.Close()
		return err
	}
	runtime.AddCleanup(m, func(data []byte) { // the file closes itself
		notes.Close()
		unix.Munmap(data)
	}, m.data)
	return nil
}

// watch has the kernel tell of a write to a file, until notes is closed.
func watch(fd int) (notes *os.File, written *atomic.Bool, err error) {
	in, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, nil, err
	}
	notes, written = os.NewFile(uintptr(in), "inotify"), new(atomic.Bool)
	if _, err := unix.InotifyAddWatch(in, fmt.Sprintf("/proc/self/fd/%d", fd), unix.IN_MODIFY); err != nil {
		notes.Close()
		return nil, nil, err
	}
	go func() {
		if _, err := notes.Read(make([]byte, 4096)); err == nil {
			written.Store(true)
		}
	}()
	return notes, written, nil
}

func (m *File) now() (version, error) {
	var s unix.Stat_t
	if err := unix.Fstat(int(m.file.Fd()), &s); err != nil {
		return version{}, err
	}
	return version{s.Size, s.Mtim, s.Ctim}, nil
}

// Use calls use with what is in the file, which is good until use returns: copy what is to be
// kept. An error says that the file is not as it was when it was opened, and that nothing use
// has found out may be trusted; or it is that of use.
func (m *File) Use(use func(data []byte) error) (err error) {
	if m.file == nil {
		return use(m.data)
	}
	// Pages that are there no longer are a panic, and not the end of the process.
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		changed := m.written.Load()
		if trouble := recover(); trouble != nil {
			if now, err := m.now(); err == nil && now == m.was {
				panic(trouble)
			}
			changed = true // and the kernel is about to tell
		}
		if changed {
			err = fmt.Errorf("%s: %w", m.path, errChanged)
		}
		runtime.KeepAlive(m)
	}()
	return use(m.data)
}
