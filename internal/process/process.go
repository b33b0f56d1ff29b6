// Package process runs a pipeline: a command, which as a rule is a shell with
// several children, in a process group of its own.
package process

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Group is a pipeline that runs, and our ends of its stdin and stdout.
type Group struct {
	Stdin, Stdout *os.File

	cmd   *exec.Cmd
	ended bool
	once  sync.Once
}

// Start starts a pipeline, whose processes inherit a file and a variable.
func Start(words []string, stderr io.Writer, inherited *os.File, variable string) (*Group, error) {
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
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, stdout, stderr
	cmd.Env = append(os.Environ(), variable)
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		stdin.Close()
		out.Close()
		return nil, err
	}
	return &Group{Stdin: stdin, Stdout: out, cmd: cmd}, nil
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

// Wait closes the pipeline's stdin, waits for the command, and returns its exit
// code, or -1 if a signal has ended it.
func (g *Group) Wait() int {
	g.once.Do(func() {
		g.Stdin.Close()
		g.cmd.Wait() // what it returns is in ProcessState
		g.Stdout.Close()
	})
	return g.cmd.ProcessState.ExitCode()
}

// Kill ends all processes of the pipeline and waits until none is left: they
// hold locks that the next one needs.
func (g *Group) Kill() {
	pid := g.cmd.Process.Pid
	g.once.Do(func() {
		syscall.Kill(-pid, syscall.SIGKILL) // before the wait, which frees the number
		g.Stdin.Close()
		g.cmd.Wait()
		for {
			_, err := syscall.Wait4(-pid, nil, 0, nil)
			if err != nil && err != syscall.EINTR {
				break
			}
		}
		g.Stdout.Close()
	})
}

// Status says how the command has ended, for people.
func (g *Group) Status() string { return g.cmd.ProcessState.String() }
