// Package job runs pipelines of processes and measures what they use.
package job

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Job is a pipeline that is measured: its processes read from one another,
// the first from a file, the last writes to nowhere.
type Job struct {
	Name  string
	Input string // "" is no input at all
	Procs [][]string

	// OneCore gives every Go process of the job one processor, where the cost
	// of one stage is meant and not how well it spreads.
	OneCore bool

	// Output is the file that the job's last process writes by itself. It is
	// removed before each run.
	Output string

	// Scratch is the directory in which the job keeps what it syncs. It is
	// removed before each run, and has to be on a disk.
	Scratch string

	// Lines is how many lines a correct job writes, checked once; -1 is any.
	Lines int
}

// Repeats is how often a job is run of which the least figure counts.
const Repeats = 15

// Usage is what a finished job has used. The processes of a pipe are added up,
// only the memory is that of the largest.
type Usage struct {
	CPU, Wall time.Duration
	RSS       int64 // bytes
}

// Run runs the job once with its output going to out; nil is nowhere.
func (j *Job) Run(ctx context.Context, env []string, out io.Writer) (Usage, error) {
	for _, path := range []string{j.Output, j.Scratch} {
		if path == "" {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return Usage{}, err
		}
	}
	if j.Scratch != "" {
		unix.Sync() // so that nobody's fsync waits for what others have written
	}
	if j.OneCore {
		env = append(env[:len(env):len(env)], "GOMAXPROCS=1")
	}

	var toClose []io.Closer
	defer func() {
		for _, c := range toClose {
			c.Close()
		}
	}()
	cmds := make([]*exec.Cmd, len(j.Procs))
	stderr := make([]bytes.Buffer, len(j.Procs))
	for i, args := range j.Procs {
		cmds[i] = exec.CommandContext(ctx, args[0], args[1:]...)
		cmds[i].Env = env
		cmds[i].Stderr = &limited{&stderr[i], 4096}
	}
	if j.Input != "" {
		f, err := os.Open(j.Input)
		if err != nil {
			return Usage{}, err
		}
		toClose = append(toClose, f)
		cmds[0].Stdin = f
	}
	for i := range len(cmds) - 1 {
		r, w, err := os.Pipe()
		if err != nil {
			return Usage{}, err
		}
		toClose = append(toClose, r, w)
		cmds[i].Stdout, cmds[i+1].Stdin = w, r
	}
	cmds[len(cmds)-1].Stdout = out

	start := time.Now()
	var failed error
	started := 0
	for _, c := range cmds {
		if failed = c.Start(); failed != nil {
			break
		}
		started++
	}
	// The parent's ends must go, or no reader ever sees an end of file.
	for _, c := range toClose {
		c.Close()
	}
	toClose = nil

	var u Usage
	for i, c := range cmds[:started] {
		err := c.Wait()
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w: %s", filepath.Base(j.Procs[i][0]), err, FirstLine(stderr[i].String()))
		}
		if c.ProcessState != nil {
			u.add(c.ProcessState)
		}
	}
	u.Wall = time.Since(start)
	return u, failed
}

// add adds a process that has ended. Its peak of memory includes the moment
// between fork and exec, in which it was still this program: the figure cannot
// be below this program's own peak, which is why the data is generated in
// another process.
func (u *Usage) add(p *os.ProcessState) {
	u.CPU += p.UserTime() + p.SystemTime()
	if r, ok := p.SysUsage().(*syscall.Rusage); ok {
		u.RSS = max(u.RSS, r.Maxrss<<10)
	}
}

// Check runs the job once, as a warm-up, and counts the lines it writes: a
// command that is fast because it does nothing must not win.
func (j *Job) Check(ctx context.Context, env []string) error {
	var n lineCounter
	if _, err := j.Run(ctx, env, &n); err != nil {
		return err
	}
	if j.Output != "" {
		f, err := os.Open(j.Output)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := io.Copy(&n, f); err != nil {
			return err
		}
	}
	if j.Lines >= 0 && int(n) != j.Lines {
		return fmt.Errorf("wrote %d lines, not %d", n, j.Lines)
	}
	return nil
}

// Environment is what the measured processes get: a locale that costs nothing
// and places below dir for what they keep.
func Environment(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC",
		"HOME=" + dir, "TMPDIR=" + dir, "STATE_DIRECTORY=" + dir,
	}
}

type lineCounter int

func (n *lineCounter) Write(p []byte) (int, error) {
	*n += lineCounter(bytes.Count(p, []byte{'\n'}))
	return len(p), nil
}

// limited keeps the first n bytes and forgets the others.
type limited struct {
	b *bytes.Buffer
	n int
}

func (l *limited) Write(p []byte) (int, error) {
	keep := min(len(p), l.n-l.b.Len())
	l.b.Write(p[:keep])
	return len(p), nil
}

// FirstLine is the first line of what a program has said.
func FirstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return cmp.Or(line, "no message")
}
