package spool

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// Checkpoint makes durable what was added before. Without an id, at the end of
// a stream that has no control lines, that is published, too.
func (w *Writer) Checkpoint(ctx context.Context, id string) error {
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

// control takes an id apart, and opens its source where that is not open.
func (w *Writer) control(ctx context.Context, id string) (checkpoint.ID, error) {
	at, err := checkpoint.Parse(id)
	if err != nil || w.locks[at.Source] != nil {
		return at, err
	}
	if !w.controlled {
		// Events before the first control line have nobody to send them again.
		if err := w.sealNow(); err != nil {
			return at, err
		}
		w.controlled = true
	}
	if w.seg != nil || len(w.parts) > 0 {
		return at, fmt.Errorf("%s: source %.80q begins in the middle of a window of %.80q: a checkpoint of that one has to come first", w.dir, at.Source, w.current.Source)
	}
	return at, w.openSource(ctx, at)
}

// openSource takes the lock of a source, removes the windows of its other runs that no
// checkpoint came for, and finds those that wait. What other writers of this run
// have waiting is theirs, even if they are dead.
func (w *Writer) openSource(ctx context.Context, at checkpoint.ID) error {
	own := segment.MarkOf(at)
	lock, err := disk.LockTogether(ctx, w.lockOf(own.Source), own.Run, disk.LockWait)
	if err != nil {
		return err
	}
	w.locks[at.Source] = lock
	other := func(of segment.Mark) bool { return of.Source == own.Source && of.Run != own.Run }
	if err := w.removeWindows(other); err != nil {
		return err
	}
	files, err := layout.List(w.dir, layout.Tmp)
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, of, ok := segment.ParseWaiting(file); ok && other(of) {
			w.waiting.Found(checkpoint.ID{Source: at.Source, Number: of.Number}, file)
		}
	}
	w.current = at
	return w.unlock()
}

// unlock gives back the lock of each source whose stream is over: nothing of it
// waits, and another source has come after it. Another process may be its next run
// then. The current source keeps its lock between two windows: a pipeline that is
// being killed must not put a window beside those of the next run.
func (w *Writer) unlock() error {
	var errs []error
	for source, lock := range w.locks {
		if source != w.current.Source && !w.waiting.Waits(source) {
			errs = append(errs, lock.Unlock())
			delete(w.locks, source)
		}
	}
	return errors.Join(errs...)
}

// prepare gives the parts of a window the name under which they wait.
func (w *Writer) prepare(at checkpoint.ID) error {
	for len(w.parts) > 0 {
		p := w.parts[0]
		file := segment.MarkOf(at).Waiting(p.name)
		if err := disk.Rename(p.path, filepath.Join(w.dir, layout.Tmp, file)); err != nil {
			return err
		}
		w.parts = w.parts[1:]
		w.waiting.Prepare(at, file)
	}
	w.current = at
	return w.unlock()
}

// Commit publishes what waits up to id. The first one of a source settles what its
// runs before have left: what waits under later ids is removed.
func (w *Writer) Commit(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	if w.err != nil {
		return w.err
	}
	at, err := w.control(ctx, id)
	if err == nil {
		err = w.commit(at)
	}
	w.err = err
	return err
}

func (w *Writer) commit(at checkpoint.ID) error {
	promoted, discarded := w.waiting.Commit(at)
	for _, p := range promoted {
		if err := w.publish(p.Value); err != nil {
			return err
		}
	}
	for _, p := range discarded {
		path := filepath.Join(w.dir, layout.Tmp, p.Value)
		if err := w.moved(path, -1, 0, func() error { return disk.Remove(path) }); err != nil {
			return err
		}
	}
	return w.unlock()
}

func (w *Writer) publish(file string) error {
	path := filepath.Join(w.dir, layout.Tmp, file)
	return w.moved(path, 0, 1, func() error { return disk.Rename(path, filepath.Join(w.dir, layout.New, segment.Whole(file))) })
}
