// Package paths is where messages go that do not take the usual path: to files, or
// to spools.
package paths

import (
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/linefile"
	"github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// To is where a path leads: to a file, or to a spool if Dest ends in a slash.
type To struct{ Name, Dest string }

// Paths are the destinations of --to, by the name of the path.
type Paths map[string]destination

// A destination is where a path leads: a spool, or a file.
type destination interface {
	Append(context.Context, *event.Message) error
	// Checkpoint makes durable what was added. The id is empty at the end of a
	// stream without control lines.
	Checkpoint(ctx context.Context, id string) error
	Commit(ctx context.Context, id string) error
	Held() bool   // something waits to be seen by others
	Flush() error // lets them see it
	Close() error
}

// Open opens what --to names.
func Open(env *stage.Env, to []To) (Paths, error) {
	p := Paths{}
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
	files, err := linefile.Open(context.Background(), dest, env.Warn)
	if err != nil {
		return nil, err
	}
	return &sideFile{Files: files, env: env}, nil
}

// Route returns how a message takes the named path, or nil if it leads nowhere.
func (p Paths) Route(name string) stage.Route {
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

// Append sends a message on the named path.
func (p Paths) Append(ctx context.Context, name string, m *event.Message) error {
	if err := p[name].Append(ctx, m); err != nil {
		return fmt.Errorf("--to %s: %w", name, err)
	}
	return nil
}

// Checkpoint makes durable what was added to all of them.
func (p Paths) Checkpoint(ctx context.Context, id string) error {
	return p.each(func(d destination) error { return d.Checkpoint(ctx, id) })
}

// Commit passes a Commit to all of them.
func (p Paths) Commit(ctx context.Context, id string) error {
	return p.each(func(d destination) error { return d.Commit(ctx, id) })
}

// Close lets go of all of them.
func (p Paths) Close() error { return p.each(destination.Close) }

// Held says whether a path holds lines that are not written yet, or a segment of a
// spool that nobody sees.
func (p Paths) Held() bool {
	for _, d := range p {
		if d.Held() {
			return true
		}
	}
	return false
}

// Flush writes and publishes them.
func (p Paths) Flush() error { return p.each(destination.Flush) }

// each returns the first error. One disk that is full need not be told twice.
func (p Paths) each(do func(destination) error) (first error) {
	for name, d := range p {
		if err := do(d); err != nil && first == nil {
			first = fmt.Errorf("--to %s: %w", name, err)
		}
	}
	return first
}
