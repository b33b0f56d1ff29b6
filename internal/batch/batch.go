// Package batch sends what an output sends many at a time: it cuts batches, tries
// again what has failed, and keeps what may have to be sent again.
package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Options say when a batch is cut, and how long it is tried.
type Options struct {
	Events   int           // items of a batch, at most
	Bytes    int64         // of all copies that are kept of them, but for the last one
	Age      time.Duration // how long an item waits, at most
	RetryFor time.Duration // how long a far end may take nothing
}

// Host is what a Batch needs of the stage it stands in.
type Host interface {
	Refused(m *event.Message, reason error) error // to the dump
	Sent(m *event.Message) error                  // passes it on, if that is wanted
	Warn(format string, args ...any)
	Controlled() bool // what is not sent comes again
}

// Batch holds the items of one output that are not sent, and those that were sent
// and may have to be sent again.
type Batch struct {
	Options
	out     stage.Batcher
	commits bool // the output commits at Checkpoint alone
	host    Host
	ids     func(*event.Message) string // for outputs with ids of their own
	waiting []*item                     // in the order in which they came
	sent    []*item                     // of this window, where the output commits
	bytes   int64
	jitter  func() float64 // from 0 to 1
}

// item is a message and what is sent of it.
type item struct {
	stage.Item
	m    *event.Message
	size int64
	done bool // the far end has it
}

// New makes a batch for an output. ids may be nil.
func New(out stage.Batcher, host Host, o Options, ids func(*event.Message) string) *Batch {
	_, commits := out.(stage.Checkpointer)
	return &Batch{Options: o, out: out, commits: commits, host: host, ids: ids, jitter: rand.Float64}
}

// Add takes a message. An error that is not Fatal condemns it alone.
func (b *Batch) Add(ctx context.Context, m *event.Message) error {
	encoded, err := b.out.Encode(m)
	if err != nil {
		return err
	}
	if b.ids != nil {
		encoded.ID = b.ids(m)
	}
	it := &item{Item: encoded, m: m.Clone(), size: int64(len(encoded.Data) + m.Size())}
	b.waiting = append(b.waiting, it)
	b.bytes += it.size
	if len(b.waiting) >= b.Events || b.bytes >= b.Bytes {
		return b.Send(ctx)
	}
	return nil
}

// Holds is how long what waits may wait.
func (b *Batch) Holds() time.Duration {
	if len(b.waiting) == 0 {
		return 0
	}
	return b.Age
}

// Send sends what waits, a batch a group, and returns when the far end has taken
// or refused all of it.
func (b *Batch) Send(ctx context.Context) error {
	items := b.waiting
	if len(items) == 0 {
		return nil
	}
	b.waiting, b.bytes = nil, 0
	for _, group := range groups(items) {
		if err := b.deliver(ctx, group); err != nil {
			return b.giveUp(items, err)
		}
	}
	for _, it := range items { // in the order in which they came
		if it.m == nil {
			continue // it was refused
		}
		if b.commits && b.host.Controlled() {
			b.sent = append(b.sent, it)
			continue
		}
		if err := b.host.Sent(it.m); err != nil {
			return err
		}
	}
	return nil
}

// groups are the items of each group, in the order in which the groups came.
func groups(items []*item) (all [][]*item) {
	at := map[string]int{}
	for _, it := range items {
		n, ok := at[it.Group]
		if !ok {
			n = len(all)
			at[it.Group] = n
			all = append(all, nil)
		}
		all[n] = append(all[n], it)
	}
	return all
}

// Checkpoint sends what waits and lets the output commit. When it cannot, all of
// the window is sent again.
func (b *Batch) Checkpoint(ctx context.Context, commit func() error) error {
	if err := b.Send(ctx); err != nil {
		return err
	}
	t := b.try()
	for commit != nil {
		err := commit()
		if err == nil {
			break
		}
		if stage.IsFatal(err) || errors.Is(err, stage.ErrStop) || !b.host.Controlled() {
			return err
		}
		if err := t.wait(ctx, events(len(b.sent)), err); err != nil {
			return err
		}
		for _, group := range groups(b.sent) {
			if err := b.deliver(ctx, group); err != nil {
				return err
			}
		}
	}
	sent := b.sent
	b.sent = nil
	for _, it := range sent {
		if it.m != nil {
			if err := b.host.Sent(it.m); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver sends the items of one group until none is left.
func (b *Batch) deliver(ctx context.Context, items []*item) error {
	t := b.try()
	for len(items) > 0 {
		batch := make([]stage.Item, len(items))
		for i, it := range items {
			batch[i] = it.Item
		}
		result, err := b.out.Send(ctx, batch)
		switch {
		case err == nil:
		case stage.IsFatal(err), errors.Is(err, stage.ErrStop):
			return err
		default:
			if err := t.wait(ctx, events(len(items)), err); err != nil {
				return err
			}
			continue
		}
		left, err := b.settle(items, result)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			if len(left) < len(items) {
				t = b.try() // the far end takes something
			}
			why := &stage.RetryAfter{Err: errors.New("the far end asks to send them again"), After: result.After}
			if err := t.wait(ctx, events(len(left)), why); err != nil {
				return err
			}
		}
		items = left
	}
	return nil
}

// settle deals with what a Result names, and returns what is to be sent again.
func (b *Batch) settle(items []*item, result stage.Result) (left []*item, err error) {
	for _, r := range result.Refused {
		it := items[r.Index]
		if it.m == nil {
			continue // refused once more, after it was sent again
		}
		if err := b.host.Refused(it.m, r.Err); err != nil {
			return nil, err
		}
		it.m = nil
	}
	for _, it := range items {
		it.done = true
	}
	for _, i := range result.Again {
		items[i].done = false
		left = append(left, items[i])
	}
	return left, nil
}

// giveUp ends the stream. In a bare pipe nobody sends again what was not sent, so
// that it is kept.
func (b *Batch) giveUp(items []*item, err error) error {
	if errors.Is(err, stage.ErrStop) || b.host.Controlled() {
		return err
	}
	for _, it := range items {
		if it.m != nil && !it.done {
			if err := b.host.Refused(it.m, err); err != nil {
				return err
			}
		}
	}
	return err
}

func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// try bounds the attempts at one thing.
type try struct {
	*Batch
	began, told time.Time
	pause       time.Duration
	n           int
}

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
	tellEvery  = time.Minute
)

func (b *Batch) try() *try { return &try{Batch: b, pause: firstPause} }

// wait waits before the next attempt, or returns the error that ends the stream.
func (t *try) wait(ctx context.Context, what string, reason error) error {
	now := time.Now()
	if t.n++; t.n == 1 {
		t.began = now
	}
	left := t.RetryFor - now.Sub(t.began)
	if left <= 0 || ctx.Err() != nil {
		return stage.Fatal(fmt.Errorf("%s cannot be sent: %w; tried %d times in %v (--retry-for)", what, reason, t.n, now.Sub(t.began).Round(time.Millisecond)))
	}
	pause := time.Duration((0.5 + t.jitter()/2) * float64(t.pause))
	t.pause = min(2*t.pause, lastPause)
	var asked *stage.RetryAfter
	if errors.As(reason, &asked) && asked.After > 0 {
		pause = asked.After
	}
	pause = min(pause, left)
	if now.Sub(t.told) >= tellEvery {
		t.told = now
		t.host.Warn("%s: %v; trying again for %v", what, reason, left.Round(time.Second))
	}
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	return nil
}

// DryRun prints what an output would send.
type DryRun struct {
	stage.Batcher
	W io.Writer
}

// Send prints the items, each on a line of its own.
func (d DryRun) Send(_ context.Context, items []stage.Item) (stage.Result, error) {
	for _, it := range items {
		if _, err := d.W.Write(append(append([]byte(nil), it.Data...), '\n')); err != nil {
			return stage.Result{}, stage.Fatal(err)
		}
	}
	return stage.Result{}, nil
}
