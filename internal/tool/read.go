package tool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// operands takes note of the files that are to be read instead of stdin, and
// finds out before any input is read whether they can be.
func (r *run) operands() error {
	for i, n := range r.stages {
		if n.flags.FileFlags == nil || len(n.flags.Files) == 0 {
			continue
		}
		if i > 0 {
			return stage.Usage(fmt.Errorf("%s stands after then and gets its input from %s: it takes no files", n.spec.Name, r.stages[i-1].spec.Name))
		}
		if source := r.process.Getenv(stage.InPipeline); source != "" {
			return stage.Usage(fmt.Errorf("in the pipeline of %s it takes no files: what the source sends would not be read", source))
		}
		for _, name := range n.flags.Files {
			if err := readable(name); err != nil {
				return stage.Usage(err)
			}
		}
		r.files = n.flags.Files
	}
	return nil
}

// readable opens the file as a test, but no FIFO: whoever writes to that would
// take it for the end.
func readable(name string) error {
	if name == "-" {
		return nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	case info.IsDir():
		return fmt.Errorf("%s is a directory; name the files in it, as in %s/*", name, name)
	case !info.Mode().IsRegular():
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	return f.Close()
}

// readsStdin reports whether stdin is among what is read.
func (r *run) readsStdin() bool {
	for _, name := range r.files {
		if name == "-" {
			return true
		}
	}
	return len(r.files) == 0
}

func (r *run) readsPipe() bool { return r.readsStdin() && isPipe(r.process.Stdin) }

// read feeds the files, or stdin, into the chain.
func (r *run) read(ctx context.Context, head *selected) error {
	if r.readsStdin() && isTerminal(r.process.Stdin) {
		r.report(head.spec.Name, fmt.Errorf("reading from the terminal, end with ctrl-d; %s --help tells more", head.spec.Name))
	}
	if r.readsPipe() {
		defer linger(ctx, seconds(float64(head.flags.Grace)))()
		ctx = context.WithoutCancel(ctx)
	}
	if len(r.files) == 0 {
		return r.chain.Read(ctx, r.process.Stdin, "")
	}
	for _, name := range r.files {
		if err := r.readFile(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) readFile(ctx context.Context, name string) error {
	if name == "-" {
		return r.chain.Read(ctx, r.process.Stdin, "")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	err = r.chain.Read(ctx, f, name)
	var path *fs.PathError
	if err != nil && !errors.Is(err, stage.ErrStop) && !errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}
