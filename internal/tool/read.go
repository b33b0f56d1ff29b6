package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// operands takes note of the files that are to be read instead of stdin, and
// finds out before any input is read whether they can be.
func (r *run) operands() error {
	for i, n := range r.nodes {
		if n.flags.fileFlags == nil || len(n.flags.Files) == 0 {
			continue
		}
		if i > 0 {
			return usageError{fmt.Errorf("%s stands after then and gets its input from %s: it takes no files", n.spec.Name, r.nodes[i-1].spec.Name)}
		}
		if source := r.process.Getenv(stage.InPipeline); source != "" {
			return usageError{fmt.Errorf("in the pipeline of %s it takes no files: what the source sends would not be read", source)}
		}
		for _, name := range n.flags.Files {
			if err := readable(name); err != nil {
				return usageError{err}
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
func (r *run) read(ctx context.Context, head *node) error {
	if r.readsStdin() && isTerminal(r.process.Stdin) {
		r.report(head.spec.Name, fmt.Errorf("reading from the terminal, end with ctrl-d; %s --help tells more", head.spec.Name))
	}
	if r.readsPipe() {
		defer linger(ctx, seconds(float64(head.flags.Grace)))()
		ctx = context.WithoutCancel(ctx)
	}
	r.hold()
	defer r.release()
	if len(r.files) == 0 {
		return r.readAll(ctx, newReader(r.process.Stdin, "", head))
	}
	for _, name := range r.files {
		if err := r.readFile(ctx, name, head); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) readFile(ctx context.Context, name string, head *node) error {
	if name == "-" {
		return r.readAll(ctx, newReader(r.process.Stdin, "", head))
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	err = r.readAll(ctx, newReader(f, name, head))
	var path *fs.PathError
	if err != nil && !errors.Is(err, stage.ErrStop) && !errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// readAll feeds one input into the chain.
func (r *run) readAll(ctx context.Context, in *reader) error {
	r.in = in
	source := r.process.Getenv(stage.InPipeline)
	r.full = r.room()
	head := r.nodes[0].link()
	for ctx.Err() == nil {
		if err := r.reload(); err != nil {
			return err
		}
		m, err := r.in.next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if m == nil {
			continue // a line that went into the dump
		}
		r.progress.count()
		switch {
		case m.Kind <= event.Report:
			if source != "" && !r.controlled && r.keeps() {
				return r.early(source)
			}
			r.open, r.covered = true, ""
			if r.trail != nil {
				r.mark(m)
			}
			err = head.emit(m)
		case in.file != "": // nobody waits for what comes back
			r.nodes[0].counts.read++
			err = r.nodes[0].fail(m, errControlLine)
		default:
			r.controlled = true
			for _, n := range r.nodes {
				n.env.Controlled = true
			}
			r.follow(m.Kind, m.ID())
			err = head.control(m.Kind, m.ID())
		}
		if r.fatal != nil {
			return r.fatal
		}
		if err != nil {
			return err
		}
	}
	return nil
}
