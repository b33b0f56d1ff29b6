package file

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// memory is how large a file may be that is read whole at first.
const memory = 1 << 20

// input is a file that is read. It stays locked until Close.
type input struct {
	io.Reader
	file    *os.File
	info    fs.FileInfo
	regular bool      // and not stdin
	sum     hash.Hash // of what has been read, where that is asked for later
}

func (in *input) Close() error { return in.file.Close() }

// skipError is why a file is left alone. It failed if nobody can have wanted that.
type skipError struct {
	why    string
	failed bool
}

func (e skipError) Error() string { return e.why }

// open opens a file, or returns a skipError, or nothing if there is nothing to
// be had. What was not named is looked at before: to open a device or a pipe is
// more than to look.
func (c *Command) open(path string, named bool) (*input, error) {
	flags := os.O_RDONLY
	if !named {
		look := os.Lstat
		if flags |= unix.O_NONBLOCK | unix.O_NOFOLLOW; c.FollowLinks {
			look = os.Stat
			flags &^= unix.O_NOFOLLOW
		}
		if info, err := look(path); err != nil {
			return nil, c.missing(path, err)
		} else if why := kind(info.Mode()); why != "" {
			return nil, skipError{why: why}
		}
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil && !named {
		return nil, c.missing(path, err)
	} else if err != nil {
		return nil, err
	}
	in, err := c.read(f, path, named)
	if err != nil || in == nil {
		f.Close()
		return nil, err
	}
	return in, nil
}

// missing says what an error of opening means for a file in the directory.
func (c *Command) missing(path string, err error) error {
	switch info, _ := os.Lstat(path); {
	case info == nil && errors.Is(err, fs.ErrNotExist):
		return nil // somebody was faster
	case errors.Is(err, fs.ErrNotExist):
		return skipError{why: "a symbolic link that leads nowhere"}
	case errors.Is(err, unix.ELOOP):
		return skipError{why: kind(os.ModeSymlink)}
	case errors.Is(err, fs.ErrPermission):
		return skipError{"permission denied", true}
	}
	return err
}

// kind says what something is that is no file.
func kind(mode fs.FileMode) string {
	switch mode.Type() {
	case 0:
		return ""
	case fs.ModeDir:
		return "a directory"
	case fs.ModeSymlink:
		return "a symbolic link, see --follow-links"
	case fs.ModeNamedPipe:
		return "a named pipe"
	case fs.ModeSocket:
		return "a socket"
	}
	return "a device"
}

// read locks a file and gets hold of its content.
func (c *Command) read(f *os.File, path string, named bool) (*input, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	in := &input{Reader: f, file: f, info: info}
	if in.regular = info.Mode().IsRegular() && path != "/dev/stdin"; !in.regular {
		if why := kind(info.Mode()); !named {
			return nil, skipError{why: why}
		}
		return in, nil
	}
	if free, err := lock(f); err != nil {
		return nil, err
	} else if !free {
		return nil, skipError{why: "locked by another process"}
	}
	switch size := info.Size(); {
	case size == 0 && (!named || c.DeleteFile):
		return nil, nil
	case size == 0: // empty, or made up by the kernel as it is read
		return in, nil
	case size <= memory:
		text := make([]byte, size+1)
		n, err := io.ReadFull(f, text)
		if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
			return nil, err
		}
		if now, err := f.Stat(); err != nil {
			return nil, err
		} else if int64(n) != size || !same(info, now) {
			return nil, skipError{why: "being written"}
		}
		in.Reader = bytes.NewReader(text[:n])
	default:
		in.Reader = &steady{file: f, info: info, left: size}
	}
	if c.DeleteFile || c.env.Pipeline != nil && in.regular {
		in.sum = sha256.New()
		in.Reader = io.TeeReader(in.Reader, in.sum)
	}
	return in, nil
}

// same tells whether a file is as it was.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// steady reads a file that must not change until it has been read.
type steady struct {
	file *os.File
	info fs.FileInfo
	left int64
}

func (s *steady) Read(p []byte) (int, error) {
	if s.left == 0 {
		if now, err := s.file.Stat(); err != nil {
			return 0, err
		} else if !same(s.info, now) {
			return 0, fmt.Errorf("%s: has changed while it was read", s.file.Name())
		}
		return 0, io.EOF
	}
	n, err := s.file.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	if err == io.EOF {
		err = fmt.Errorf("%s: has become shorter while it was read", s.file.Name())
	}
	return n, err
}

// lock takes the locks of both kinds that other programs may use: flock, and
// what fcntl and lockf set. It says false if somebody else has one.
func lock(f *os.File) (bool, error) {
	if free, err := disk.TryLock(f); err != nil || !free {
		return free, err
	}
	whole := unix.Flock_t{Type: unix.F_RDLCK, Whence: io.SeekStart}
	switch err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &whole); err {
	case nil, unix.EINVAL, unix.ENOSYS, unix.ENOLCK, unix.ENOTSUP: // there are no such locks here
		return true, nil
	case unix.EAGAIN, unix.EACCES:
		return false, nil
	default:
		return false, stage.Fatal(&fs.PathError{Op: "lock", Path: f.Name(), Err: err})
	}
}
