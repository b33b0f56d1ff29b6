package disk

import (
	"context"
	"fmt"
	"io"
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

// LockPath takes the exclusive lock that protects path, waiting for it as long
// as wait says, or returns a *LockedError. The lock lies on path.lock, since path
// itself may be replaced while it is held; that file tells who holds it, and
// stays when the lock has gone.
func LockPath(ctx context.Context, path string, wait time.Duration) (*Lock, error) {
	lf, err := open(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := lf.f
	deadline := time.Now().Add(wait)
	for {
		err := flock(f)
		if err == nil {
			break
		}
		if err != unix.EWOULDBLOCK {
			f.Close()
			return nil, &os.PathError{Op: "lock", Path: path, Err: err}
		}
		left := time.Until(deadline)
		if left <= 0 {
			defer f.Close()
			return nil, &LockedError{path, holder(f)}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("%s: waiting for the lock: %w", path, context.Cause(ctx))
		case <-time.After(min(lockPoll, left)):
		}
	}
	// The name of the holder is a courtesy; a full disk must not cost the lock.
	if f.Truncate(0) == nil {
		f.WriteAt([]byte(self()+"\n"), 0)
	}
	return &Lock{f}, nil
}

// Unlock gives the lock back.
func (l *Lock) Unlock() error { return l.f.Close() }

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			return err
		}
	}
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
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 200))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
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
