package stream

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is what pipes are enlarged to. It is the most that Linux grants to
// everybody.
const pipeSize = 1 << 20

// enlarge makes a pipe larger, and says whether f is a pipe. Both of its ends run
// longer before they have to wait for each other, which saves a third of what a
// hop from process to process costs. A system that does not allow it, as Linux
// does for a user with very many pipes, leaves the pipe as it is.
func enlarge(f *os.File) (pipe bool) {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return false
	}
	size, err := unix.FcntlInt(f.Fd(), unix.F_GETPIPE_SZ, 0)
	if err == nil && size < pipeSize {
		unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, pipeSize)
	}
	return true
}
