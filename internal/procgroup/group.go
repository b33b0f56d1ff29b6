// Package procgroup runs a pipeline: a command, which as a rule is a shell with
// several children, in a process group of its own.
package procgroup

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pipeSize lets both ends of the pipe run longer before they have to wait for
// each other.
const pipeSize = 256 << 10

// A Group is a pipeline that runs, and our ends of its stdin and stdout.
type Group struct {
	Stdin *os.File

	stdout *os.File
	cmd    *exec.Cmd
	ended  bool // see End
	mu     sync.Mutex
	reaped bool // the group's number may belong to strangers
}

// Start starts a pipeline, whose processes inherit a file and have the
// environment env.
func Start(words []string, stderr io.Writer, inherited *os.File, env []string) (*Group, error) {
	// Children of a shell that dies become ours, so that we can wait for all.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, err
	}
	defer stdout.Close()
	// Not by Fd, behind which no deadline and no Close would end a write. If
	// the system does not allow the size, it is as it was.
	if conn, err := stdin.SyscallConn(); err == nil {
		conn.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, stdout, stderr
	cmd.Env = env
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		stdin.Close()
		out.Close()
		return nil, err
	}
	return &Group{Stdin: stdin, stdout: out, cmd: cmd}, nil
}

// Read reads what the pipeline writes to its stdout.
func (g *Group) Read(p []byte) (int, error) {
	n, err := g.stdout.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return g.readRest(p) // see Finish
	}
	return n, err
}

// readRest reads what is there already. When there is no more, that is the end.
func (g *Group) readRest(p []byte) (n int, err error) {
	conn, err := g.stdout.SyscallConn()
	if err != nil {
		return 0, err
	}
	g.stdout.SetReadDeadline(time.Time{})
	if failed := conn.Read(func(fd uintptr) bool {
		n, err = unix.Read(int(fd), p)
		return true
	}); failed != nil {
		return 0, failed
	}
	if n <= 0 || err != nil {
		return 0, io.EOF
	}
	g.cutRead()
	return n, nil
}

// cutRead makes Read end when it has read what is there by now.
func (g *Group) cutRead() { g.stdout.SetReadDeadline(time.Unix(1, 0)) }

// Finish closes the pipeline's stdin. When the command has ended, and what it
// wrote is read, Read is at its end, also if a process that the pipeline has
// left behind holds the other end of the pipe.
func (g *Group) Finish() {
	g.Stdin.Close()
	go func() {
		g.exited(0)
		g.cutRead()
	}()
}

// End closes the pipeline's stdin though something is still to come back.
func (g *Group) End() {
	if !g.ended {
		g.ended = true
		g.Stdin.Close()
	}
}

// Ended says whether End was called.
func (g *Group) Ended() bool { return g.ended }

// Exited says whether the command has ended. Others of the group may live on.
func (g *Group) Exited() bool { return g.exited(unix.WNOHANG) }

// exited does not reap the command, since its number is that of the group.
func (g *Group) exited(options int) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, g.cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		if err != unix.EINTR {
			return err != nil || info.Signo != 0
		}
	}
}

// Wait closes the pipeline's stdin, waits for the command, and returns its exit
// code, or -1 if a signal has ended it.
func (g *Group) Wait() int {
	g.Stdin.Close()
	g.exited(0)
	g.reap()
	return g.cmd.ProcessState.ExitCode()
}

// reap frees the number of the group.
func (g *Group) reap() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.reaped {
		g.reaped = true
		g.cmd.Wait() // what it returns is in ProcessState
		g.stdout.Close()
	}
}

// Abort kills all processes of the group, and ends what the caller is at with
// the pipeline. Unlike the other methods it may be called from any goroutine.
func (g *Group) Abort() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.reaped {
		syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
		g.Stdin.Close()
		g.cutRead()
	}
}

// Kill ends all processes of the pipeline and waits until none is left: they
// hold locks that the next one needs.
func (g *Group) Kill() {
	g.Abort()
	g.mu.Lock()
	done := g.reaped
	g.mu.Unlock()
	if done {
		return
	}
	g.exited(0)
	g.reap()
	for {
		_, err := syscall.Wait4(-g.cmd.Process.Pid, nil, 0, nil)
		if err != nil && err != syscall.EINTR {
			break
		}
	}
}

// Status says how the command has ended, for people.
func (g *Group) Status() string { return g.cmd.ProcessState.String() }
