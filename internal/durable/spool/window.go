package spool

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// Checkpoint makes durable what was added before. Without an id, at the end of
// a stream that has no control lines, that is published, too.
func (w *Writer) Checkpoint(ctx context.Context, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if id == "" {
		w.err = w.sealNow()
		return w.err
	}
	at, err := w.control(ctx, id)
	if err == nil {
		err = w.sealNow()
	}
	if err == nil {
		err = w.prepare(at)
	}
	w.err = err
	return err
}

// control prepares for the source that an id names.
func (w *Writer) control(ctx context.Context, id string) (mark, error) {
	at, err := parseID(id)
	if err != nil || w.locks[at.source] != nil {
		return at, err
	}
	if !w.controlled {
		// Events before the first control line have nobody to send them again.
		if err := w.sealNow(); err != nil {
			return at, err
		}
		w.controlled, w.first = true, at
	}
	lock, err := disk.LockTogether(ctx, w.lockOf(at.source), at.run, disk.LockWait)
	if err != nil {
		return at, err
	}
	w.locks[at.source] = lock
	return at, w.removeWindows(func(of mark) bool { return of.source == at.source && of.run != at.run })
}

// prepare gives the parts of a window the name under which they wait.
func (w *Writer) prepare(at mark) error {
	for len(w.parts) > 0 {
		p := w.parts[0]
		if err := disk.Rename(p.path, filepath.Join(w.dir, tmpDir, at.waiting(p.name))); err != nil {
			return err
		}
		w.parts = w.parts[1:]
		w.waiting = append(w.waiting, waiting{at, p.name})
	}
	return nil
}

// Commit publishes what waits up to id. The first one of a run settles what
// the runs before have left.
func (w *Writer) Commit(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	at, err := w.control(ctx, id)
	if err == nil && !w.settled[at.source] {
		w.settled[at.source] = true
		err = w.settle(at)
	}
	if err == nil {
		err = w.publishUpTo(at)
	}
	w.err = err
	return err
}

// settle publishes or removes what other runs of a source have left waiting.
// What other writers of this run have waiting is theirs, even if they are dead.
func (w *Writer) settle(at mark) error {
	names, err := list(w.dir, tmpDir)
	if err != nil {
		return err
	}
	for _, text := range names {
		name, c, ok := parseWaiting(text)
		if !ok || c.source != at.source || c.run == at.run || slices.Contains(w.waiting, waiting{c, name}) {
			continue
		}
		if c.number <= at.number {
			err = w.publish(c, name)
		} else {
			path := filepath.Join(w.dir, tmpDir, text)
			err = w.moved(path, -1, 0, func() error { return disk.Remove(path) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) publishUpTo(at mark) error {
	for i := 0; i < len(w.waiting); {
		p := w.waiting[i]
		if p.source != at.source || p.number > at.number {
			i++
			continue
		}
		if err := w.publish(p.mark, p.name); err != nil {
			return err
		}
		w.waiting = slices.Delete(w.waiting, i, i+1)
	}
	return nil
}

func (w *Writer) publish(c mark, name Name) error {
	path := filepath.Join(w.dir, tmpDir, c.waiting(name))
	return w.moved(path, 0, 1, func() error { return disk.Rename(path, filepath.Join(w.dir, newDir, name.String())) })
}
