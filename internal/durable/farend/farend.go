// Package farend keeps events from being at a far end twice. An output with
// transactions stores, with a window and in its transaction, the hashes of what it
// writes, until a Commit covers the window (Once). One whose far end knows ids of
// its own gives the same event the same id when it comes again (IDs).
package farend

import (
	"context"
	"fmt"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Rows is where an output keeps the hashes, in the same database as its events.
type Rows interface {
	// Load returns the hashes of all windows of a source, and the number of the last one.
	Load(ctx context.Context, source string) (hashes []uint64, last uint64, err error)
	// Store adds those of a window, in the transaction that writes its events.
	Store(ctx context.Context, source string, number uint64, hashes []uint64) error
	// Forget removes those of the windows up to number.
	Forget(ctx context.Context, source string, number uint64) error
}

// Once knows which events of a source are there already: those that a run before
// has written, in windows that no Commit has covered. The zero value is for a
// stream without control lines, in which all events are written.
type Once struct {
	Rows    Rows
	at      checkpoint.ID  // of the last Commit
	known   map[uint64]int // how often an event was written before and has not come again
	last    uint64         // the last window of known; once it is acknowledged all of them have come
	wrote   []uint64       // in this window
	skipped []uint64       // in this window, since it was there
}

// Commit forgets the windows that are acknowledged. The first one of a source in a
// pipeline finds out what is there.
func (o *Once) Commit(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	at, err := checkpoint.Parse(id)
	if err != nil {
		return err
	}
	opening := at.Source != o.at.Source || at.Nonce != o.at.Nonce
	o.at = at
	if err := o.Rows.Forget(ctx, at.Source, at.Number); err != nil {
		return err
	}
	if !opening {
		if at.Number >= o.last { // what has not come again will not; an event that looks the same is another one
			clear(o.known)
		}
		return nil
	}
	hashes, last, err := o.Rows.Load(ctx, at.Source)
	if err != nil {
		return err
	}
	o.known, o.last, o.wrote, o.skipped = map[uint64]int{}, last, nil, nil
	for _, h := range hashes {
		o.known[h]++
	}
	return nil
}

// New says whether an event is to be written, and notes that it is.
func (o *Once) New(m *event.Message) bool {
	if o.known == nil {
		return true
	}
	hash := m.Fingerprint()
	if o.known[hash] > 0 {
		o.known[hash]--
		o.skipped = append(o.skipped, hash)
		return false
	}
	o.wrote = append(o.wrote, hash)
	return true
}

// Undo takes back what New has said in this window, whose transaction was rolled
// back.
func (o *Once) Undo() {
	for _, h := range o.skipped {
		o.known[h]++
	}
	o.wrote, o.skipped = nil, nil
}

// Checkpoint stores what was written since the last one, in the transaction of the
// window.
func (o *Once) Checkpoint(ctx context.Context, id string) error {
	o.skipped = nil
	if id == "" || len(o.wrote) == 0 {
		return nil
	}
	at, err := checkpoint.Parse(id)
	if err != nil {
		return err
	}
	if err := o.Rows.Store(ctx, at.Source, at.Number, o.wrote); err != nil {
		return err
	}
	o.wrote = nil
	return nil
}

// IDs makes ids of events that are the same when a window is sent again. The zero
// value makes none, until the first control line.
type IDs struct {
	source string
	window uint64
	seen   map[uint64]int // how often an equal event was in this window
}

// Control follows the control lines of the stream, once they are dealt with.
func (i *IDs) Control(id string) {
	at, err := checkpoint.Parse(id)
	if err != nil {
		return
	}
	if window := at.Number + 1; at.Source != i.source || window > i.window {
		i.source, i.window, i.seen = at.Source, window, map[uint64]int{}
	}
}

// Next is the id of the next event.
func (i *IDs) Next(m *event.Message) string {
	if i.seen == nil {
		return ""
	}
	hash := m.Fingerprint()
	i.seen[hash]++
	return fmt.Sprintf("%s:%d:%016x:%d", i.source, i.window, hash, i.seen[hash])
}
