package tool

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// wait returns when stdin can be read. Until then stages that have results late
// get their turn, and the stream ends if nobody reads stdout any longer: a
// pipeline whose middle has died would otherwise stand still until the next
// message.
func (r *reader) wait() error {
	if r.fd < 0 {
		return nil
	}
	for {
		fds := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}, {Fd: int32(r.node.run.stdout()), Events: 0}}
		for _, n := range r.node.run.nodes {
			if late, ok := n.cmd.(stage.Late); ok {
				fds = append(fds, unix.PollFd{Fd: int32(late.Fd()), Events: unix.POLLIN})
			}
		}
		r.node.run.release()
		_, err := unix.Poll(fds, -1)
		r.node.run.hold()
		switch {
		case err != nil && err != unix.EINTR:
			return err
		case err != nil:
		case fds[0].Revents != 0:
			return nil
		case fds[1].Revents&unix.POLLERR != 0:
			return stage.ErrStop
		default:
			if err := r.idle(); err != nil {
				return err
			}
		}
	}
}

// stdout is its file descriptor, or -1. poll passes over a negative one.
func (r *run) stdout() int {
	if f, ok := r.process.Stdout.(*os.File); ok {
		return int(f.Fd())
	}
	return -1
}
