// Package run runs several pipelines at once, each a process of its own.
package run

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Job is one process.
type Job struct {
	Name  string   // stands before each line that it writes to stderr
	Words []string // behind the program
}

// Options are what jobs have in common.
type Options struct {
	Program        string
	Env            []string
	Stdout, Stderr io.Writer // which get whole lines
	AtOnce         int       // how many run at the same time
}

// Result is how a job has ended.
type Result struct {
	Name    string
	Started bool
	Code    int   // exit code, or -1 after a signal
	Err     error // why it could not be started, or its output not be written
}

// All runs jobs to their ends. When ctx is done those that run get SIGTERM, and others
// are not started.
func All(ctx context.Context, jobs []Job, o Options) []Result {
	results := make([]Result, len(jobs))
	stdout, stderr := &shared{w: o.Stdout}, &shared{w: o.Stderr}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(o.AtOnce, len(jobs)) {
		workers.Go(func() {
			// The system sends the signal of Pdeathsig when the thread ends that
			// started the process.
			runtime.LockOSThread()
			for i := range next {
				results[i] = one(ctx, jobs[i], o, stdout, stderr)
			}
		})
	}
	for i, job := range jobs {
		results[i].Name = job.Name
	}
	for i := range jobs {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return results
}

func one(ctx context.Context, job Job, o Options, stdout, stderr *shared) Result {
	r := Result{Name: job.Name}
	if ctx.Err() != nil {
		return r
	}
	out, errs := &lines{to: stdout}, &lines{to: stderr, prefix: []byte("feeds: " + job.Name + ": ")}
	cmd := exec.CommandContext(ctx, o.Program, job.Words...)
	cmd.Args[0] = "intelpipe"
	cmd.Env = o.Env
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err := cmd.Start()
	if err != nil {
		r.Err = err
		return r
	}
	r.Started = true
	err = cmd.Wait()
	out.end()
	errs.end()
	r.Code = cmd.ProcessState.ExitCode()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGTERM && ctx.Err() != nil {
		r.Code = 0 // it was told to end before it had begun to listen
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, ctx.Err()) {
		r.Err = err
	}
	return r
}
