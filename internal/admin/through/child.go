package through

import (
	"io"
	"os"
	"os/exec"
	"slices"

	"golang.org/x/sys/unix"
)

// A child is a command that runs. Our ends of its pipes never block, since it
// may wait for us to read while we wait for it to read.
type child struct {
	cmd           *exec.Cmd
	stdin, stdout int  // -1 when closed
	ended         bool // nothing more comes out of it
}

// start runs the command.
func start(words []word, stderr io.Writer, env []string) (*child, error) {
	args := make([]string, len(words))
	for i, w := range words {
		args[i] = string(w)
	}
	var in, out [2]int
	if err := unix.Pipe2(in[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(in[0]), "stdin")
	defer theirs.Close()
	c := &child{cmd: exec.Command(args[0], args[1:]...), stdin: in[1], stdout: -1}
	c.cmd.Env = env
	if err := unix.Pipe2(out[:], unix.O_CLOEXEC); err != nil {
		c.close()
		return nil, err
	}
	c.stdout = out[0]
	stdout := os.NewFile(uintptr(out[1]), "stdout")
	defer stdout.Close()
	unix.SetNonblock(c.stdin, true)
	unix.SetNonblock(c.stdout, true)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = theirs, stdout, stderr
	if err := c.cmd.Start(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// wait waits until something can be read or written.
func (c *child) wait() error {
	fds := []unix.PollFd{{Fd: int32(c.stdout), Events: unix.POLLIN}, {Fd: int32(c.stdin), Events: unix.POLLOUT}}
	if c.ended {
		fds[0].Fd = -1 // which poll passes over
	}
	for {
		if _, err := unix.Poll(fds, -1); err != unix.EINTR {
			return err
		}
	}
}

// write writes as much as the child takes just now. One that reads no further
// needs no more: whether that is right its exit code says.
func (c *child) write(p []byte) (int, error) {
	if c.stdin < 0 {
		return len(p), nil
	}
	n, err := unix.Write(c.stdin, p)
	switch err {
	case nil:
		return n, nil
	case unix.EAGAIN, unix.EINTR:
		return 0, nil
	case unix.EPIPE:
		c.closeStdin()
		return len(p), nil
	}
	return 0, err
}

// read appends what there is to buf. It returns 0 at the end, and -1 when
// nothing has come yet.
func (c *child) read(buf []byte) ([]byte, int, error) {
	if c.ended {
		return buf, 0, nil
	}
	buf = slices.Grow(buf, blockSize)
	n, err := unix.Read(c.stdout, buf[len(buf):cap(buf)])
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
		return buf, -1, nil
	case err != nil:
		return buf, 0, err
	}
	c.ended = n == 0
	return buf[:len(buf)+n], n, nil
}

func (c *child) closeStdin() {
	if c.stdin >= 0 {
		unix.Close(c.stdin)
		c.stdin = -1
	}
}

func (c *child) close() {
	c.closeStdin()
	if c.stdout >= 0 {
		unix.Close(c.stdout)
		c.stdout = -1
	}
}

// end waits for the child, whose output has ended.
func (c *child) end() error {
	c.close()
	return c.cmd.Wait()
}

func (c *child) kill() {
	c.cmd.Process.Kill()
	c.end()
}

// blockSize is how much is collected before it is written.
const blockSize = 64 << 10

type word string
