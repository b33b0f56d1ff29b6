package tool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/spool"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// paths are the destinations of --to, by the name of the path.
type paths struct {
	node *node
	dest map[string]destination
}

// A destination is where a path leads: a spool, or a file.
type destination interface {
	Append(context.Context, *event.Message) error
	// Checkpoint makes durable what was added. The id is empty at the end of a
	// stream without control lines.
	Checkpoint(ctx context.Context, id string) error
	Commit(ctx context.Context, id string) error
	Close() error
}

func openPaths(n *node) (*paths, error) {
	p := &paths{n, map[string]destination{}}
	router, ok := n.cmd.(stage.Router)
	if !ok {
		return p, nil
	}
	for _, to := range n.flags.To {
		name, dest, ok := strings.Cut(to, "=")
		if !ok || name == "" || dest == "" {
			return p, usageError{fmt.Errorf("--to %s: NAME=DEST is expected", to)}
		}
		if known := router.Paths(); len(known) > 0 && !slices.Contains(known, name) {
			return p, usageError{fmt.Errorf("--to %s: there is no path %s, only %s", to, name, strings.Join(known, ", "))}
		}
		if p.dest[name] != nil {
			return p, usageError{fmt.Errorf("--to %s: the path %s leads somewhere else already", to, name)}
		}
		d, err := openDestination(n.env, dest)
		if err != nil {
			return p, usageError{fmt.Errorf("--to %s: %w", to, err)}
		}
		p.dest[name] = d
	}
	return p, nil
}

func openDestination(env *stage.Env, dest string) (destination, error) {
	if strings.HasSuffix(dest, "/") {
		// To open a spool waits for nothing that could be cancelled.
		return spool.OpenWriter(context.Background(), dest, spool.Options{Now: env.Now, Warn: env.Warn})
	}
	f, err := os.OpenFile(dest, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return &sideFile{f, bufio.NewWriterSize(f, blockSize)}, nil
}

// emit returns how a message takes the named path, or nil if it leads nowhere.
func (p *paths) emit(name string) stage.Emit {
	d := p.dest[name]
	if d == nil {
		return nil
	}
	return func(m *event.Message) error {
		if err := d.Append(p.node.context, m); err != nil {
			return p.node.broken(fmt.Errorf("--to %s: %w", name, err))
		}
		return nil
	}
}

func (p *paths) checkpoint(ctx context.Context, id string) error {
	return p.each(func(d destination) error { return d.Checkpoint(ctx, id) })
}

func (p *paths) commit(ctx context.Context, id string) error {
	return p.each(func(d destination) error { return d.Commit(ctx, id) })
}

func (p *paths) close() error { return p.each(destination.Close) }

// each returns the first error. One disk that is full need not be told twice.
func (p *paths) each(do func(destination) error) (first error) {
	for name, d := range p.dest {
		if err := do(d); err != nil && first == nil {
			first = fmt.Errorf("--to %s: %w", name, err)
		}
	}
	return first
}

// A sideFile is a destination that nothing is taken back from: what a crash
// has left there comes again.
type sideFile struct {
	*os.File
	w *bufio.Writer
}

// Append adds a line.
func (f *sideFile) Append(_ context.Context, m *event.Message) error {
	_, err := f.w.Write(append(m.Append(nil), '\n'))
	return err
}

// Checkpoint syncs the file. What cannot be made durable has no place in a
// stream that promises to lose nothing.
func (f *sideFile) Checkpoint(_ context.Context, id string) error {
	if err := f.w.Flush(); err != nil {
		return err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return f.Sync()
	case id != "":
		return fmt.Errorf("%s is no regular file and cannot keep what a checkpoint promises", f.Name())
	}
	return nil
}

// Commit has nothing to do.
func (*sideFile) Commit(context.Context, string) error { return nil }

// Close writes what is left.
func (f *sideFile) Close() error { return errors.Join(f.w.Flush(), f.File.Close()) }
