package chain

import (
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// paths are the destinations of --to, by the name of the path.
type paths map[string]destination

// A destination is where a path leads: a spool, or a file.
type destination interface {
	Append(context.Context, *event.Message) error
	// Checkpoint makes durable what was added. The id is empty at the end of a
	// stream without control lines.
	Checkpoint(ctx context.Context, id string) error
	Commit(ctx context.Context, id string) error
	Close() error
}

// openPaths opens what --to names.
func openPaths(env *stage.Env, to []To) (paths, error) {
	p := paths{}
	for _, to := range to {
		d, err := openDestination(env, to.Dest)
		if err != nil {
			return p, fmt.Errorf("--to %s=%s: %w", to.Name, to.Dest, err)
		}
		p[to.Name] = d
	}
	return p, nil
}

func openDestination(env *stage.Env, dest string) (destination, error) {
	if strings.HasSuffix(dest, "/") {
		// To open a spool waits for nothing that could be cancelled.
		return spool.OpenWriter(context.Background(), dest, spool.Options{Now: env.Now, Warn: env.Warn})
	}
	return openSideFile(dest)
}

// route returns how a message takes the named path, or nil if it leads nowhere.
func (p paths) route(name string) stage.Route {
	if p[name] == nil {
		return nil
	}
	return func(m *event.Message, emit stage.Emit) error {
		m.SetRoute(name)
		err := emit(m)
		m.SetRoute("")
		return err
	}
}

func (p paths) append(ctx context.Context, name string, m *event.Message) error {
	if err := p[name].Append(ctx, m); err != nil {
		return fmt.Errorf("--to %s: %w", name, err)
	}
	return nil
}

func (p paths) checkpoint(ctx context.Context, id string) error {
	return p.each(func(d destination) error { return d.Checkpoint(ctx, id) })
}

func (p paths) commit(ctx context.Context, id string) error {
	return p.each(func(d destination) error { return d.Commit(ctx, id) })
}

func (p paths) close() error { return p.each(destination.Close) }

// each returns the first error. One disk that is full need not be told twice.
func (p paths) each(do func(destination) error) (first error) {
	for name, d := range p {
		if err := do(d); err != nil && first == nil {
			first = fmt.Errorf("--to %s: %w", name, err)
		}
	}
	return first
}
