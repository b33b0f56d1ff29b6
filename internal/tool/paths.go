package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
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
			return p, usageError{fmt.Errorf("--to: the path %w", noneOf(known, name))}
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
	return openSideFile(dest)
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
		p.node.counts.aside++
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
	*disk.File
	regular bool
	buf     []byte // whole lines, since others may write to the file as well
}

func openSideFile(path string) (*sideFile, error) {
	f, err := disk.OpenBy(path, func() (*os.File, error) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
		if errors.Is(err, os.ErrNotExist) {
			return os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
		} else if errors.Is(err, os.ErrPermission) { // reading is for the last byte only and not vital
			return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		}
		return f, err
	})
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &sideFile{File: f, regular: info.Mode().IsRegular()}, nil
}

// Append adds a line.
func (s *sideFile) Append(_ context.Context, m *event.Message) error {
	s.buf = append(m.Append(s.buf), '\n')
	if len(s.buf) < blockSize {
		return nil
	}
	return s.flush()
}

func (s *sideFile) flush() error {
	buf := s.buf
	s.buf = s.buf[:0]
	if len(buf) == 0 {
		return nil
	}
	// Whoever does not get the lock writes beside somebody who has looked.
	if free, err := s.TryLock(); err == nil && free {
		defer s.Unlock()
		if s.Torn() {
			buf = append([]byte{'\n'}, buf...) // rather than glue the next event to a line that somebody has torn
		}
	}
	_, err := s.Write(buf)
	return err
}

// Checkpoint syncs the file. What cannot be made durable has no place in a
// stream that promises to lose nothing.
func (s *sideFile) Checkpoint(_ context.Context, id string) error {
	if err := s.flush(); err != nil {
		return err
	}
	if !s.regular {
		if id != "" {
			return fmt.Errorf("%s is no regular file and cannot keep what a checkpoint promises", s.Name())
		}
		return nil
	}
	if err := s.Sync(); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(s.Name()))
}

// Commit has nothing to do.
func (*sideFile) Commit(context.Context, string) error { return nil }

// Close writes what is left.
func (s *sideFile) Close() error { return errors.Join(s.flush(), s.File.Close()) }
