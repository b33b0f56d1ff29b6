package bench

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

// A job is a pipeline that is measured: its processes read from one another,
// the first from a file, the last writes to nowhere.
type job struct {
	name  string
	input string // "" is no input at all
	procs [][]string

	// oneCore gives every Go process of the job one processor, where the cost
	// of one stage is meant and not how well it spreads.
	oneCore bool

	// output is the file that the job's last process writes by itself. It is
	// removed before each run.
	output string

	// scratch is the directory in which the job keeps what it syncs. It is
	// removed before each run, and has to be on a disk.
	scratch string

	// lines is how many lines a correct job writes, checked once; -1 is any.
	lines int
}

// usage is what a finished job has used. The processes of a pipe are added up,
// only the memory is that of the largest.
type usage struct {
	cpu, wall time.Duration
	rss       int64 // bytes
}

// run runs the job once with its output going to out; nil is nowhere.
func (j *job) run(ctx context.Context, env []string, out io.Writer) (usage, error) {
	for _, path := range []string{j.output, j.scratch} {
		if path == "" {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return usage{}, err
		}
	}
	if j.scratch != "" {
		unix.Sync() // so that nobody's fsync waits for what others have written
	}
	if j.oneCore {
		env = append(env[:len(env):len(env)], "GOMAXPROCS=1")
	}

	var toClose []io.Closer
	defer func() {
		for _, c := range toClose {
			c.Close()
		}
	}()
	cmds := make([]*exec.Cmd, len(j.procs))
	stderr := make([]bytes.Buffer, len(j.procs))
	for i, args := range j.procs {
		cmds[i] = exec.CommandContext(ctx, args[0], args[1:]...)
		cmds[i].Env = env
		cmds[i].Stderr = &limited{&stderr[i], 4096}
	}
	if j.input != "" {
		f, err := os.Open(j.input)
		if err != nil {
			return usage{}, err
		}
		toClose = append(toClose, f)
		cmds[0].Stdin = f
	}
	for i := range len(cmds) - 1 {
		r, w, err := os.Pipe()
		if err != nil {
			return usage{}, err
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

	var u usage
	for i, c := range cmds[:started] {
		err := c.Wait()
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w: %s", filepath.Base(j.procs[i][0]), err, firstLine(stderr[i].String()))
		}
		if c.ProcessState != nil {
			u.add(c.ProcessState)
		}
	}
	u.wall = time.Since(start)
	return u, failed
}

// add adds a process that has ended. Its peak of memory includes the moment
// between fork and exec, in which it was still this program: the figure cannot
// be below this program's own peak, which is why the data is generated in
// another process.
func (u *usage) add(p *os.ProcessState) {
	u.cpu += p.UserTime() + p.SystemTime()
	if r, ok := p.SysUsage().(*syscall.Rusage); ok {
		u.rss = max(u.rss, r.Maxrss<<10)
	}
}

// check runs the job once, as a warm-up, and counts the lines it writes: a
// command that is fast because it does nothing must not win.
func (j *job) check(ctx context.Context, env []string) error {
	var n lineCounter
	if _, err := j.run(ctx, env, &n); err != nil {
		return err
	}
	if j.output != "" {
		f, err := os.Open(j.output)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := io.Copy(&n, f); err != nil {
			return err
		}
	}
	if j.lines >= 0 && int(n) != j.lines {
		return fmt.Errorf("wrote %d lines, not %d", n, j.lines)
	}
	return nil
}

// environment is what the measured processes get: a locale that costs nothing
// and places below dir for what they keep.
func environment(dir string) []string {
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

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return cmp.Or(line, "no message")
}
