// Package spool implements collect-spool.
//
// collect-spool: take events out of a spool
//
// In a bare pipe collect-spool prints what is in the spool of output-spool, and
// leaves it there. With a pipeline of its own, after -- or then, it claims the
// segments, the oldest first, and sends each as one window; one whose checkpoint
// has come back is removed. It ends when it has sent what was there at its start,
// which suits cron: a writer that goes on does not keep it. With --follow it
// takes what comes, and waits for more when the spool is empty, until SIGTERM.
//
// A segment that is damaged is set aside in DIR/bad, with a line on stderr and
// exit code 1 at the end; the others are delivered. The command spool shows
// what is there, and puts back what can be saved.
//
// Several collect-spool share a spool: each segment goes to one of them. Outputs
// know them by a name, and what one that has died had claimed is sent again under
// its name, so that no output has it twice. Those without --consumer are numbered
// in the order of their start, and take over from each other: what one of them
// leaves that dies is sent by the next one that has nothing else to do. Consumers
// with different outputs are given names, --consumer NAME: what such a one has
// left waits for the next one of that name. Until then spool list shows it as
// orphaned, and spool requeue gives it to all.
//
// The spool is known by the random id in DIR/.id, which is made with it, and not
// by its path: it can be moved, and reached by another path or a symbolic link.
// Give a copy of a spool an id of its own by removing DIR/.id from it.
//
// All who share a spool run on one machine, since the locks of one machine do
// not hold on another. A spool on a network file system is refused; with
// --allow-network-fs it is used, and nobody notices if a second machine uses it.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | output-spool queue
//	collect-spool queue | expert-taxonomy
//	collect-spool queue -- \
//	  sh -c 'expert-taxonomy | output-file --file events.ndjson'
package spool

import (
	"context"
	"errors"
	"fmt"

	queue "github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/durable/spool/look"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-spool.
type Command struct {
	Dir            string `arg:"" help:"The directory of the spool."`
	Consumer       string `help:"The name of this consumer, if several share the spool." placeholder:"NAME"`
	AllowNetworkFS bool   `name:"allow-network-fs" help:"Use a spool on a network file system, which no other machine may use."`

	env    *stage.Env
	id     string // of the spool
	reader *queue.Reader
}

// Relay says that the messages were described by whoever made them.
func (*Command) Relay() {}

// Origin says that segments come again in the same order.
func (*Command) Origin() stage.OriginKind { return stage.OriginPosition }

// Identity is the spool, and the consumer.
func (c *Command) Identity() string { return c.id + "\x00" + c.Consumer }

// Start looks whether the spool is there.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.env = env
	if env.Pipeline == nil { // nothing is written
		_, err = look.List(c.Dir)
		return err
	}
	r, err := c.open()
	if err != nil {
		return err
	}
	c.id = r.ID
	return r.Close()
}

// Acknowledged returns how far the spool was emptied by a source, and whether it
// has claimed more.
func (c *Command) Acknowledged(ctx context.Context, source string) (number uint64, left bool, err error) {
	r, err := c.open()
	if err != nil {
		return 0, false, err
	}
	number, err1 := r.Acknowledged(source)
	left, err2 := r.Claimed(source)
	return number, left, errors.Join(err1, err2, r.Close())
}

func (c *Command) open() (*queue.Reader, error) {
	opt := queue.Options{Warn: c.env.Warn, Once: !c.env.Follow, AllowNetworkFS: c.AllowNetworkFS}
	if c.env.Pipeline != nil {
		opt.Consumer, opt.Left = c.env.Pipeline.Source()
	}
	return queue.OpenReader(c.Dir, opt)
}

// Open opens the spool. What was claimed before and not acknowledged comes first,
// so that no position is needed.
func (c *Command) Open(ctx context.Context, _ string) (err error) {
	c.reader, err = c.open()
	return err
}

// Receive claims the next segment. It is read when it is sent.
func (c *Command) Receive(ctx context.Context) (stage.Delivery, error) {
	r := c.reader
	s, err := r.Claim(ctx, c.env.Follow)
	if err != nil {
		return stage.Delivery{}, err
	}
	send := func(emit stage.Emit) error {
		if err := r.Load(s); err != nil {
			return c.report(err, emit)
		}
		defer s.Drop()
		return c.send(&s.Content, emit)
	}
	return stage.Delivery{Position: s.File, Name: s.File, Bytes: s.Size, Send: send, Handle: s}, nil
}

// Acknowledge removes segments.
func (c *Command) Acknowledge(_ context.Context, deliveries []stage.Delivery) error {
	for _, d := range deliveries {
		if err := c.reader.Ack(d.Handle.(*queue.Segment)); err != nil {
			return err
		}
	}
	return nil
}

// AcknowledgeAs removes the segment of a window and notes, in the same step, that
// the source is acknowledged up to number.
func (c *Command) AcknowledgeAs(_ context.Context, source string, number uint64, deliveries []stage.Delivery) error {
	if len(deliveries) != 1 {
		return fmt.Errorf("%s: window %d has %d segments, and only one can be removed and noted in one step", c.Dir, number, len(deliveries))
	}
	return c.reader.AckAs(deliveries[0].Handle.(*queue.Segment), source, number)
}

// Close ends the claims that were not acknowledged.
func (c *Command) Close() error {
	if c.reader == nil {
		return nil
	}
	return c.reader.Close()
}

// Collect prints what is there, and leaves it.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	for s, err := range look.Peek(c.Dir) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			err = c.report(err, emit)
		} else {
			err = c.send(s, emit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// send emits the events of a segment as they are, and lets go of them.
func (c *Command) send(s *segment.Content, emit stage.Emit) error {
	if pipeline := c.env.Pipeline; pipeline != nil {
		if sent, err := pipeline.Lines(s.Data); sent {
			return err
		}
	}
	m := event.Message{Dictionary: c.env.Dictionary}
	place := event.Place{File: s.File}
	for line := range s.Lines() {
		place.Line++
		if err := m.Decode(line); err != nil {
			m.Fail(err)
		}
		m.SetPlace(place)
		if err := emit(&m); err != nil {
			return err
		}
	}
	return nil
}

// report makes a damaged segment one message that has failed. Any other error
// is the end.
func (c *Command) report(err error, emit stage.Emit) error {
	var damaged *segment.DamagedError
	if !errors.As(err, &damaged) {
		return stage.Fatal(err)
	}
	m := event.New(event.Event, c.env.Dictionary)
	m.SetPlace(event.Place{File: damaged.Path})
	m.Fail(&damaged.Damage)
	return emit(m)
}
