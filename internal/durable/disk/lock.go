package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LockWait is how long a second run waits for the first one.
const LockWait = 10 * time.Second

const lockPoll = 20 * time.Millisecond

// A Lock is held until Unlock or the end of the process, however it ends.
type Lock struct{ f *os.File }

// A LockedError says who holds what could not be locked.
type LockedError struct {
	Path   string // what the lock protects
	Holder string // "pid 4711 (intelpipe collect-spool)", or empty when unknown
}

func (e *LockedError) Error() string {
	if e.Holder == "" {
		return e.Path + ": in use by another process"
	}
	return e.Path + ": in use by " + e.Holder
}

// TryLock takes the exclusive lock of an open file, which lasts until the file
// is closed or the process ends. It says false when somebody else has it.
func TryLock(f *os.File) (bool, error) { return flock(f, unix.LOCK_EX) }

func waitLock(ctx context.Context, path string, wait time.Duration, try func() (bool, error)) error {
	deadline := time.Now().Add(wait)
	for {
		if ok, err := try(); ok || err != nil {
			return err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return &LockedError{Path: path}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting for the lock: %w", path, context.Cause(ctx))
		case <-time.After(min(lockPoll, left)):
		}
	}
}

// Locks returns the process that has the lock of a file, by its inode. To try
// a lock would be more exact, and get into the way of who wants it just then.
func Locks() map[uint64]int {
	text, err := os.ReadFile("/proc/locks")
	if err != nil {
		return nil
	}
	pids := map[uint64]int{}
	for line := range strings.Lines(string(text)) {
		// 1: FLOCK  ADVISORY  WRITE 4711 fe:00:123456 0 EOF
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" {
			continue
		}
		inode, err1 := strconv.ParseUint(fields[5][strings.LastIndexByte(fields[5], ':')+1:], 10, 64)
		pid, err2 := strconv.Atoi(fields[4])
		if err1 == nil && err2 == nil {
			pids[inode] = pid
		}
	}
	return pids
}

// holder names who has the lock of the file, as far as it can be known.
func (f *File) holder() string {
	var info unix.Stat_t
	if err := unix.Fstat(int(f.f.Fd()), &info); err != nil {
		return ""
	}
	pid := Locks()[info.Ino]
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	switch {
	case pid == os.Getpid():
		return "this process itself"
	case err != nil:
		return ""
	}
	return fmt.Sprintf("pid %d (%s)", pid, strings.TrimSpace(string(name)))
}

// LockPath takes the exclusive lock that protects path, waiting for it as long
// as wait says, or returns a *LockedError. The lock lies on path.lock, since path
// itself may be replaced while it is held; that file tells who holds it, and
// stays when the lock has gone.
func LockPath(ctx context.Context, path string, wait time.Duration) (*Lock, error) {
	return lockPath(ctx, path, wait, func(f *os.File) (bool, error) {
		ok, err := flock(f, unix.LOCK_EX)
		if ok {
			sign(f, self()+"\n") // a courtesy; a full disk must not cost the lock
		}
		return ok, err
	})
}

// LockTogether is LockPath for a party, which is one line: all who name the
// same one hold the lock at once, and others wait until the last of them has
// gone.
func LockTogether(ctx context.Context, path, party string, wait time.Duration) (*Lock, error) {
	return lockPath(ctx, path, wait, func(f *os.File) (bool, error) {
		first, err := flock(f, unix.LOCK_EX)
		if first {
			err = sign(f, self()+"\n"+party+"\n")
		}
		if err != nil {
			return false, err
		}
		// While this is held nobody signs the file. In the step from one lock to
		// the other somebody else may have done it.
		ok, err := flock(f, unix.LOCK_SH)
		if ok && !strings.HasSuffix(signature(f), "\n"+party+"\n") {
			ok = false
			_, err = flock(f, unix.LOCK_UN)
		}
		return ok, err
	})
}

func lockPath(ctx context.Context, path string, wait time.Duration, try func(*os.File) (bool, error)) (*Lock, error) {
	lf, err := open(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := lf.f
	if err := waitLock(ctx, path, wait, func() (bool, error) { return try(f) }); err != nil {
		defer f.Close()
		var locked *LockedError
		if errors.As(err, &locked) {
			locked.Holder = holder(f)
		}
		return nil, err
	}
	return &Lock{f}, nil
}

// File is what the lock is held by. Processes that inherit it hold the lock as
// well, until the last of them has gone.
func (l *Lock) File() *os.File { return l.f }

// Release gives the lock back for all processes that have inherited it, too.
func (l *Lock) Release() error {
	_, err := flock(l.f, unix.LOCK_UN)
	return err
}

// Unlock gives the lock back.
func (l *Lock) Unlock() error { return l.f.Close() }

// flock says false when somebody else has a lock that is in the way.
func flock(f *os.File, how int) (bool, error) {
	for {
		switch err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err {
		case nil:
			return true, nil
		case unix.EWOULDBLOCK:
			return false, nil
		case unix.EINTR:
		default:
			return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

func sign(f *os.File, text string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func signature(f *os.File) string {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	if err != nil {
		return ""
	}
	return string(b)
}

// self names this process by the words that choose the command; the rest of
// the command line is nobody's business.
func self() string {
	words := []string{filepath.Base(os.Args[0])}
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") && words[0] == "intelpipe" {
		words = append(words, os.Args[1])
	}
	return strconv.Itoa(os.Getpid()) + " " + strings.Join(words, " ")
}

func holder(f *os.File) string {
	line, _, _ := strings.Cut(signature(f), "\n")
	pid, command, ok := strings.Cut(line, " ")
	if _, err := strconv.ParseUint(pid, 10, 32); err != nil || !ok {
		return ""
	}
	if pid == strconv.Itoa(os.Getpid()) {
		return "this process itself"
	}
	command = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, command)
	return "pid " + pid + " (" + command + ")"
}

// TryLock is TryLock of this package for the file.
func (f *File) TryLock() (bool, error) { return TryLock(f.f) }

// WaitLock is TryLock that waits as long as wait says, and then returns a
// *LockedError.
func (f *File) WaitLock(ctx context.Context, wait time.Duration) error {
	err := waitLock(ctx, f.path, wait, f.TryLock)
	var locked *LockedError
	if errors.As(err, &locked) {
		locked.Holder = f.holder()
	}
	return err
}

// Lock is TryLock that waits for ever. It is for locks that are held for a moment.
func (f *File) Lock() error {
	for {
		switch err := unix.Flock(int(f.f.Fd()), unix.LOCK_EX); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return &fs.PathError{Op: "lock", Path: f.path, Err: err}
		}
	}
}

// Unlock gives the lock back before Close does.
func (f *File) Unlock() error { return unix.Flock(int(f.f.Fd()), unix.LOCK_UN) }
