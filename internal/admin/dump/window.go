package dump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// A window has so many bytes or entries of a dump, or less.
const (
	windowBytes   = 1 << 20
	windowEntries = 10_000
)

// window are the entries that are sent between two checkpoints.
type window struct {
	replay  *replay
	emit    stage.Emit
	entries []ready
	bytes   int64
}

// ready is an entry as it is sent.
type ready struct {
	entry
	sums []uint64 // that it may be known by
}

// add takes an entry, if it can be sent at all.
func (w *window) add(e *entry) error {
	r := w.replay
	if there, err := r.has(e.ID); err != nil || !there {
		return err
	}
	w.bytes += int64(len(e.Message) + len(e.Base64) + len(e.Reason))
	sums, err := w.prepare(e)
	if err != nil {
		if !r.told[e.ID] {
			r.told[e.ID] = true
			r.env.Fail("%w; it stays", e.error(err))
		}
		return nil
	}
	w.entries = append(w.entries, ready{*e, sums})
	if w.bytes < windowBytes && len(w.entries) < windowEntries {
		return nil
	}
	return w.send()
}

// prepare edits an entry, and finds out whether it can be sent.
func (w *window) prepare(e *entry) (sums []uint64, err error) {
	if command := w.replay.Edit; command != "" {
		if err := e.edit(w.replay.env, command); err != nil {
			return nil, err
		}
	}
	m, done, err := e.message(w.replay.env.Dictionary)
	defer done()
	if err != nil {
		return nil, err
	}
	sums = []uint64{dumpfile.Sum(m)}
	if m.Body() != nil { // rather than find out when half of it is sent
		sum, err := dumpfile.SumBody(m)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}

// send sends the window, without what was deleted meanwhile.
func (w *window) send() error {
	r := w.replay
	entries, bytes := w.entries[:0], w.bytes
	var sent []dumpfile.ID
	for _, e := range w.entries {
		there, err := r.has(e.ID)
		if err != nil {
			return err
		}
		if there {
			entries, sent = append(entries, e), append(sent, e.ID)
		}
	}
	w.entries, w.bytes = nil, 0
	if len(sent) == 0 {
		return nil
	}
	sw := stage.Window{Name: fmt.Sprintf("entries %v to %v", sent[0], sent[len(sent)-1])}
	if r.claim != nil {
		text, err := json.Marshal(state{r.claim.Name, sent})
		if err != nil {
			return err
		}
		sw.State = string(text)
		sw.Ack = func(uint64) error { return r.acknowledged(sent, bytes) }
	}
	return r.env.Deliver(sw, func() error {
		for i := range entries {
			if err := w.sendOne(&entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *window) sendOne(e *ready) error {
	r := w.replay
	again := &event.Again{Entry: uint64(e.ID), Time: e.Time, File: e.File, Line: e.Line, Column: e.Column}
	if r.trail != nil {
		for _, sum := range e.sums {
			if err := r.trail.Sent(sum, again); err != nil {
				return stage.Fatal(err)
			}
		}
	}
	m, done, err := e.message(r.env.Dictionary)
	defer done()
	if err != nil {
		if there, looked := r.has(e.ID); looked == nil && !there {
			return nil // it was deleted in this moment, and the file that it names
		}
		return err
	}
	m.SetPlace(event.Place{File: e.File, Line: e.Line, Column: e.Column, Again: again})
	return w.emit(m)
}

// Collect sends what is due and has not arrived.
func (r *replay) Collect(ctx context.Context, emit stage.Emit) error {
	if r.claim != nil {
		if err := r.resume(); err != nil {
			return stage.Fatal(err)
		}
	}
	gone, err := dumpfile.Gone(r.path)
	if err != nil {
		return stage.Fatal(err)
	}
	f, size, err := open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // all of it was deleted
	} else if err != nil {
		return err
	}
	defer f.Close()
	w := window{replay: r, emit: emit}
	if err := read(io.NewSectionReader(f, 0, size), r.path, gone, func(e *entry) error {
		if ctx.Err() != nil || !r.due[e.ID] {
			return nil
		}
		return w.add(e)
	}); err != nil {
		return err
	}
	return w.send()
}
