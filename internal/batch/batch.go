// Package batch is the part of the runtime that serves a stage.Batcher: it cuts
// the batches, sends them one at a time, sends again what has failed, and keeps
// of each message what the dump and the next stage need until its fate is known.
//
// All of it happens in the goroutine that calls: a far end that is away keeps Add
// and Send waiting, and with them whoever feeds the stage.
package batch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Host is what a Batch needs of the node that it serves. Each message that Add
// has taken is handed back once, by Refused or by Sent, in the order in which
// they came, and before Checkpoint returns. It is valid until the call returns.
// An error of theirs ends the stream.
type Host interface {
	// Refused takes a message that has failed, as it was received and with its
	// place, for the dump.
	Refused(m *event.Message, reason error) error
	// Sent takes a message that has arrived. It is called if Options.Pass says so.
	Sent(m *event.Message) error
	// Warn tells people, once a minute while something is sent again.
	Warn(format string, args ...any)
	// Controlled says whether the stream has control lines, so that its source
	// sends again what has not arrived when it ends.
	Controlled() bool
}

// Options say when a batch is cut, and how long one is tried.
type Options struct {
	Events   int           // how many items a batch has at most
	Bytes    int64         // how much memory may wait to be sent, all copies of a message counted
	Age      time.Duration // how long an item may wait; 0 is until a checkpoint, or the end
	RetryFor time.Duration // how long is tried without any success
	Pass     bool          // what has arrived is wanted by Host.Sent
	// Jitter makes of a pause one that differs from those of other processes; nil
	// is at random between the half and the whole of it.
	Jitter func(pause time.Duration) time.Duration
}

// Batch runs a Batcher. One goroutine uses it at a time.
type Batch struct {
	Options
	batcher   stage.Batcher
	committer stage.Checkpointer // the Batcher, if nothing has arrived before it says so
	host      Host
	id        func(m *event.Message) string // makes the ID of an item

	items   []*item            // those whose fate the host does not know yet, in the order in which they came
	waiting map[string][]*item // those of them that were not sent yet, by group
	bytes   int64              // of what has come since nothing waited
	decided int                // how many of items are not open
	failed  error              // what ended the stream
	warned  time.Time

	scratch  []byte         // of encode
	received event.Snapshot // the fields of a message before Encode has seen it
	message  event.Message  // that the host is handed
}

// item is one message on its way.
type item struct {
	stage.Item
	text   []byte // the message as it was received
	place  event.Place
	size   int64
	fate   fate
	reason error // why it was refused
}

type fate int

const (
	open fate = iota // it has to be sent
	sent             // it has arrived when the Batcher has committed
	done             // it has arrived, or was refused
)

// overhead is what an item needs beside its texts, in bytes, roughly.
const overhead = 256

// New makes a Batch of a Batcher. If that is a Checkpointer as well, items have
// arrived when its Checkpoint has returned nil. In a stream without control lines
// that is called after each batch, with an empty id. id makes the ID of an item out
// of its message, as it was received; nil leaves it empty.
func New(b stage.Batcher, h Host, o Options, id func(m *event.Message) string) *Batch {
	if o.Jitter == nil {
		o.Jitter = halfToWhole
	}
	committer, _ := b.(stage.Checkpointer)
	return &Batch{Options: o, batcher: b, committer: committer, host: h, id: id, waiting: make(map[string][]*item)}
}

// Add takes a message, and sends what fills a batch. The message stays as it is,
// and is not needed any longer. An error that is neither Fatal nor ErrStop is one
// of the message, which the host then never sees again.
func (b *Batch) Add(ctx context.Context, m *event.Message) error {
	if b.failed != nil {
		return b.failed
	}
	it, err := b.encode(m)
	if err != nil {
		return err
	}
	b.items = append(b.items, it) // so that it has a fate even if those before it fail
	if b.bytes > 0 && b.bytes+it.size > b.Bytes {
		if err := b.Send(ctx); err != nil {
			return err
		}
	}
	b.bytes += it.size
	group := append(b.waiting[it.Group], it)
	b.waiting[it.Group] = group
	switch {
	case b.bytes >= b.Bytes:
		return b.Send(ctx)
	case len(group) >= b.Events:
		delete(b.waiting, it.Group)
		return b.deliver(ctx, group, b.commit(ctx))
	}
	return nil
}

// encode makes an item of a message.
func (b *Batch) encode(m *event.Message) (*item, error) {
	b.scratch = m.Append(b.scratch[:0])
	it := &item{text: bytes.Clone(b.scratch), place: m.Place()}
	b.message.Dictionary = m.Dictionary
	var err error
	if it.Item, err = b.unchanged(m); err != nil {
		return nil, err
	}
	if b.id != nil {
		it.ID = b.id(m)
	}
	it.size = int64(len(it.text)+len(it.Data)+len(it.Group)+len(it.Key)+len(it.ID)) + overhead
	return it, nil
}

// unchanged calls Encode, which may change the message, also before it panics.
func (b *Batch) unchanged(m *event.Message) (stage.Item, error) {
	b.received = m.Snapshot(b.received)
	defer m.Restore(b.received)
	return b.batcher.Encode(m)
}

// Holds is how long what waits may do so, and 0 if nothing does, as that of
// stage.Holder.
func (b *Batch) Holds() time.Duration {
	if len(b.waiting) == 0 {
		return 0
	}
	return b.Age
}

// Send sends all that waits. An error is Fatal or ErrStop.
func (b *Batch) Send(ctx context.Context) error {
	switch {
	case b.failed != nil:
		return b.failed
	case len(b.waiting) == 0:
		return nil
	}
	return b.deliver(ctx, b.take(), b.commit(ctx))
}

// Checkpoint sends all that waits and commits: when it returns nil, the host knows
// the fate of every message that came before. An error is Fatal or ErrStop.
func (b *Batch) Checkpoint(ctx context.Context, id string) error {
	if b.failed != nil {
		return b.failed
	}
	var commit func() error
	if b.committer != nil {
		commit = func() error { return b.committer.Checkpoint(ctx, id, nothing) }
	}
	return b.deliver(ctx, b.take(), commit)
}

// commit is what has to follow a batch in a stream without control lines, whose
// only checkpoint is its end. It is nil if nothing has to.
func (b *Batch) commit(ctx context.Context) func() error {
	if b.committer == nil || b.host.Controlled() {
		return nil
	}
	return func() error { return b.committer.Checkpoint(ctx, "", nothing) }
}

// nothing is what an output emits.
func nothing(*event.Message) error {
	return stage.Fatal(errors.New("an output with batches emits a message, which nobody takes"))
}

// take is all that waits, group by group.
func (b *Batch) take() (all []*item) {
	for _, group := range slices.Sorted(maps.Keys(b.waiting)) {
		all = append(all, b.waiting[group]...)
	}
	clear(b.waiting)
	return all
}

// deliver sends items, those of a group one after the other, and commits. It
// repeats what fails until all is done, or has been tried for long enough.
func (b *Batch) deliver(ctx context.Context, todo []*item, commit func() error) error {
	r := retry{since: time.Now(), best: b.decided}
	for len(todo) > 0 || commit != nil {
		var after time.Duration
		var err error
		if len(todo) > 0 {
			todo, after, err = b.next(ctx, &r, todo)
		} else if err = guard(commit); err == nil {
			commit = nil
			b.committed()
		} else {
			todo = b.again(nil)
		}
		if err == nil {
			continue
		}
		if err := b.pause(ctx, &r, after, err); err != nil {
			return b.abandon(err)
		}
	}
	if len(b.waiting) == 0 {
		b.bytes = 0
	}
	return b.release()
}

// next sends the first batch of todo. It returns what is left to be sent, and
// with an error how long the far end asks to be left alone.
func (b *Batch) next(ctx context.Context, r *retry, todo []*item) (left []*item, after time.Duration, err error) {
	batch := b.cut(todo)
	var again []*item
	err = guard(func() error {
		result, err := b.try(ctx, r, batch)
		if err == nil {
			after, again = result.After, b.note(batch, result)
		}
		return err
	})
	if err != nil {
		return b.again(todo), 0, err
	}
	r.progress(b.decided)
	todo = todo[len(batch):]
	if len(again) == 0 {
		return todo, 0, nil
	}
	return append(again, todo...), after, fmt.Errorf("%d of %d messages were put off by the far end", len(again), len(batch))
}

// cut is the first batch of todo.
func (b *Batch) cut(todo []*item) []*item {
	size := int64(0)
	for i, it := range todo {
		size += it.size
		if i > 0 && (i >= b.Events || size > b.Bytes || it.Group != todo[0].Group) {
			return todo[:i]
		}
	}
	return todo
}

// try sends a batch.
func (b *Batch) try(ctx context.Context, r *retry, batch []*item) (stage.Result, error) {
	items := make([]stage.Item, len(batch))
	for i, it := range batch {
		items[i] = it.Item
	}
	ctx, cancel := context.WithTimeout(ctx, max(b.left(r), patience))
	defer cancel()
	return b.batcher.Send(ctx, items)
}

// note notes what has become of the items of a batch, and returns those that are
// to be sent again.
func (b *Batch) note(batch []*item, result stage.Result) (again []*item) {
	for _, refused := range result.Refused {
		batch[refused.Index].reason = cmp.Or(refused.Err, errRefused)
	}
	later := make(map[int]bool, len(result.Again))
	for _, i := range result.Again {
		if !later[i] && batch[i].reason == nil {
			later[i] = true
			again = append(again, batch[i])
		}
	}
	for i, it := range batch {
		switch {
		case later[i]:
			continue
		case b.committer == nil || it.reason != nil:
			it.fate = done
		default:
			it.fate = sent
		}
		b.decided++
	}
	return again
}

var errRefused = errors.New("refused by the far end, which does not say why")

// committed notes that what was sent has arrived.
func (b *Batch) committed() {
	for _, it := range b.items {
		if it.fate == sent {
			it.fate = done
		}
	}
}

// again is what has to be sent after an error: todo, and of a Batcher that
// commits also what was sent since it has done so.
func (b *Batch) again(todo []*item) []*item {
	if b.committer == nil {
		return todo
	}
	var all []*item
	for _, it := range b.items {
		if it.fate == sent {
			it.fate = open
			b.decided--
			all = append(all, it)
		}
	}
	all = append(all, todo...)
	slices.SortStableFunc(all, func(x, y *item) int { return strings.Compare(x.Group, y.Group) })
	return all
}

// release tells the host of all items up to the first whose fate is not known.
func (b *Batch) release() error {
	for len(b.items) > 0 && b.items[0].fate == done {
		it := b.items[0]
		b.items[0] = nil
		b.items = b.items[1:]
		b.decided--
		if err := b.report(it); err != nil {
			b.failed = stage.Fatal(err)
			return b.failed
		}
	}
	return nil
}

// report hands a message back to the host.
func (b *Batch) report(it *item) error {
	if it.reason == nil && !b.Pass {
		return nil
	}
	if err := b.message.Decode(it.text); err != nil {
		return fmt.Errorf("%s: a message that was kept cannot be read again: %w", it.place, err)
	}
	b.message.SetPlace(it.place)
	if it.reason != nil {
		return b.host.Refused(&b.message, it.reason)
	}
	return b.host.Sent(&b.message)
}

// abandon ends the stream. Where no source sends again what has not arrived, or
// of which that is not known, it is in the dump.
func (b *Batch) abandon(reason error) error {
	b.failed = stage.Fatal(reason)
	if b.host.Controlled() || errors.Is(reason, stage.ErrStop) {
		return b.failed
	}
	for _, it := range b.items {
		if it.fate != done {
			it.fate, it.reason = done, reason
		}
	}
	if err := b.release(); err != nil {
		return err
	}
	return b.failed
}

// guard makes a Fatal error of a panic: it is not known what of a batch has
// arrived, nor which item is at fault.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = stage.Fatal(fmt.Errorf("panic: %v", p))
		}
	}()
	return f()
}

// left is how long may be tried still.
func (b *Batch) left(r *retry) time.Duration { return b.RetryFor - time.Since(r.since) }

// pause waits before the next attempt, at least for as long as the far end asks,
// and no longer than may be tried still: then follows the last one. An error says
// why there is no other attempt.
func (b *Batch) pause(ctx context.Context, r *retry, after time.Duration, failed error) error {
	r.failed++
	left := b.left(r)
	var later *stage.RetryAfter
	if errors.As(failed, &later) {
		after = later.After
	}
	switch {
	case stage.IsFatal(failed), errors.Is(failed, stage.ErrStop):
		return failed
	case ctx.Err() != nil:
		return fmt.Errorf("%w: interrupted after %v", failed, r)
	case left <= 0:
		return fmt.Errorf("%w: gave up after %v, see --retry-for", failed, r)
	}
	if b.warned.IsZero() || time.Since(b.warned) >= warnEvery {
		b.warned = time.Now()
		b.host.Warn("%v: retrying for up to %v", failed, left.Round(time.Second))
	}
	wait := time.NewTimer(min(max(after, b.Jitter(r.backOff())), left))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w: interrupted after %v", failed, r)
	case <-wait.C:
		return nil
	}
}
