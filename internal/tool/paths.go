package tool

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// paths are the destinations of --to.
type paths struct {
	dest map[string]*path
	fail func(error) error
}

type path struct {
	file *os.File
	w    *bufio.Writer
}

func openPaths(n *node) (*paths, error) {
	p := &paths{dest: map[string]*path{}, fail: n.broken}
	router, ok := n.cmd.(stage.Router)
	if !ok {
		return p, nil
	}
	for _, to := range n.flags.To {
		name, dest, ok := strings.Cut(to, "=")
		if !ok || name == "" || dest == "" {
			return p, fmt.Errorf("--to %s: NAME=DEST is expected", to)
		}
		if known := router.Paths(); len(known) > 0 && !slices.Contains(known, name) {
			return p, fmt.Errorf("--to %s: there is no path %s, only %s", to, name, strings.Join(known, ", "))
		}
		f, err := os.OpenFile(dest, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			return p, fmt.Errorf("--to %s: %w", to, err)
		}
		p.dest[name] = &path{f, bufio.NewWriterSize(f, blockSize)}
	}
	return p, nil
}

// emit returns how a message takes the named path, or nil if it leads nowhere.
func (p *paths) emit(name string) stage.Emit {
	d, ok := p.dest[name]
	if !ok {
		return nil
	}
	return func(m *event.Message) error {
		if _, err := d.w.Write(append(m.Append(nil), '\n')); err != nil {
			return p.fail(err)
		}
		return nil
	}
}

// sync makes durable what took the side paths. What cannot be made durable
// has no place in a stream that promises to lose nothing.
func (p *paths) sync(controlled bool) error {
	for name, d := range p.dest {
		if err := d.w.Flush(); err != nil {
			return err
		}
		info, err := d.file.Stat()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			err = d.file.Sync()
		} else if controlled {
			err = fmt.Errorf("--to %s: %s is no regular file and cannot keep what a checkpoint promises", name, d.file.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *paths) close() error {
	if p == nil {
		return nil
	}
	var errs []error
	for _, d := range p.dest {
		errs = append(errs, d.w.Flush(), d.file.Close())
	}
	return errors.Join(errs...)
}
