package tool

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/event"
)

// process is a pipeline that a source has started: a command, which as a rule
// is a shell with several children, in a process group of its own.
type process struct {
	cmd   *exec.Cmd
	stdin *os.File
	out   *os.File // our end of its stdout
	back  chan answer
	ended bool // we have closed its stdin before all had come back
	once  sync.Once
}

// startProcess starts a pipeline. What comes back is sent to back, which is
// closed when nobody is left that could write to it.
func startProcess(words []string, stderr io.Writer, back chan answer) (*process, error) {
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
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		stdin.Close()
		out.Close()
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, out: out, back: back}
	go p.read()
	return p, nil
}

// read passes on what the pipeline gives back. A last line without a newline is
// of a stage that died.
func (p *process) read() {
	defer close(p.back)
	in := bufio.NewReaderSize(p.out, 64<<10)
	var m event.Message
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		if err != nil || m.Decode(text) != nil || m.Kind <= event.Report {
			p.back <- answer{err: dataError(text)}
			io.Copy(io.Discard, in)
			return
		}
		p.back <- answer{kind: m.Kind, id: m.ID()}
	}
}

// end closes the pipeline's stdin, though something is still to come back.
func (p *process) end() {
	if !p.ended {
		p.ended = true
		p.stdin.Close()
	}
}

// wait waits for the command and returns its exit code.
func (p *process) wait() int {
	p.once.Do(func() {
		p.stdin.Close()
		p.cmd.Wait() // what it returns is in ProcessState
		p.out.Close()
	})
	return p.cmd.ProcessState.ExitCode()
}

// kill ends all processes of the pipeline and waits until none is left: they
// hold locks that the next one needs.
func (p *process) kill() {
	group := p.cmd.Process.Pid
	p.once.Do(func() {
		syscall.Kill(-group, syscall.SIGKILL) // before the wait, which frees the number
		p.stdin.Close()
		go func() {
			for range p.back {
			}
		}()
		p.cmd.Wait()
		for {
			_, err := syscall.Wait4(-group, nil, 0, nil)
			if err != nil && err != syscall.EINTR {
				break
			}
		}
		p.out.Close()
	})
}

func (p *process) status() string { return p.cmd.ProcessState.String() }
