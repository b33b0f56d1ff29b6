// Package stdio is stdin, stdout and stderr: whether they are open, and what is
// behind them.
package stdio

import (
	"errors"
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Open returns stdin, stdout and stderr. One that was closed when the
// process started is one that fails: without that, what is written to it would
// be gone without a word.
func Open() (in io.Reader, out, err io.Writer) {
	in, out, err = os.Stdin, os.Stdout, os.Stderr
	if closed(0) {
		in = Closed("stdin")
	}
	if closed(1) {
		out = Closed("stdout")
	}
	return in, out, err
}

// closed reports whether a standard descriptor was closed when the process
// started. The Go runtime has put /dev/null in its place by now, opened for
// reading and writing, which no shell does for < or >. Daemons do so, with one
// open file for all three descriptors, and such a file was not closed.
func closed(fd int) bool {
	if !null(fd) {
		return false
	}
	for other := range 3 {
		if other != fd && null(other) && sameFile(fd, other) {
			return false
		}
	}
	return true
}

// null reports whether fd is /dev/null, open for reading and writing.
func null(fd int) bool {
	var st unix.Stat_t
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR &&
		unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3)
}

// sameFile reports whether two descriptors come from one call of open.
func sameFile(a, b int) bool {
	const kcmpFile = 0
	self := uintptr(os.Getpid())
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, self, self, kcmpFile, uintptr(a), uintptr(b), 0)
	return errno == 0 && order == 0
}

// Closed is the name of a standard descriptor that is closed.
type Closed string

func (f Closed) Read([]byte) (int, error)  { return 0, f.Err() }
func (f Closed) Write([]byte) (int, error) { return 0, f.Err() }

// Err says which one, and what to do instead.
func (f Closed) Err() error {
	if f == "stdout" {
		return stage.Fatal(errors.New("stdout is closed; to throw the output away write >/dev/null"))
	}
	return stage.Fatal(errors.New(string(f) + " is closed; for no input write </dev/null"))
}

// IsTerminal reports whether a file is one.
func IsTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// IsPipe reports whether a file is a pipe or a socket.
func IsPipe(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}
