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
// Several collect-spool share a spool: each segment goes to one of them, and
// what one leaves that dies goes to the others. Outputs know
// them by a name, and what one of them has left behind a crash is tidied up when
// one of that name is back. Consumers that have different outputs are therefore
// given --consumer; the others are numbered in the order of their start.
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
	"io"
	"path/filepath"

	queue "github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-spool.
type Command struct {
	Dir      string `arg:"" help:"The directory of the spool."`
	Follow   bool   `help:"Take what comes, and wait for more when the spool is empty."`
	Consumer string `help:"The name of this consumer, if several share the spool." placeholder:"NAME"`

	env    *stage.Env
	source string // under whose name it is noted in the spool what is acknowledged
	reader *queue.Reader
}

// Relay says that the messages were described by whoever made them.
func (*Command) Relay() {}

// Origin is the spool, and the consumer.
func (c *Command) Origin() string {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		dir = c.Dir
	}
	return dir + "\x00" + c.Consumer
}

// Start checks the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if c.Follow && env.Pipeline == nil {
		return errors.New("--follow: needs a pipeline after -- or then, so that what was read can be removed")
	}
	_, err := queue.List(c.Dir)
	return err
}

// Acknowledged returns how far the spool was emptied by a source.
func (c *Command) Acknowledged(ctx context.Context, source string) (uint64, error) {
	c.source = source
	r, err := c.open(ctx)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.Acknowledged(source)
}

func (c *Command) open(ctx context.Context) (*queue.Reader, error) {
	return queue.OpenReader(c.Dir, queue.Options{Warn: c.env.Warn, Once: !c.Follow})
}

// Collect sends the segments.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	pipeline := c.env.Pipeline
	if pipeline == nil {
		return c.print(ctx, emit)
	}
	// What an earlier call has claimed and sent in vain is free again, and
	// comes first.
	if err := c.Close(); err != nil {
		return err
	}
	r, err := c.open(ctx)
	if err != nil {
		return err
	}
	c.reader = r
	for follow := false; ; {
		s, err := r.Next(ctx, follow)
		follow = false
		switch {
		case ctx.Err() != nil, err == io.EOF && !c.Follow:
			return nil
		case err == io.EOF:
			if err := pipeline.Settle(); err != nil { // before anybody waits
				return err
			}
			follow = true
			continue
		case err != nil:
			if err := c.report(ctx, err, emit); err != nil {
				return err
			}
			continue
		}
		w := stage.Window{Name: s.File, Ack: func(number uint64) error { return r.AckAs(s, c.source, number) }}
		if err := pipeline.Window(w, func() error { return c.send(ctx, s, emit) }); err != nil {
			return err
		}
	}
}

// Close ends the claims that were not acknowledged.
func (c *Command) Close() error {
	r := c.reader
	c.reader = nil
	if r == nil {
		return nil
	}
	return r.Close()
}

// print emits what is there, and leaves it.
func (c *Command) print(ctx context.Context, emit stage.Emit) error {
	for s, err := range queue.Peek(c.Dir) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			err = c.report(ctx, err, emit)
		} else {
			err = c.send(ctx, s, emit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// send emits the events of a segment as they are, and lets go of them.
func (c *Command) send(ctx context.Context, s *queue.Segment, emit stage.Emit) error {
	defer s.Drop()
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
func (c *Command) report(ctx context.Context, err error, emit stage.Emit) error {
	var damaged *queue.DamagedError
	if !errors.As(err, &damaged) {
		return stage.Fatal(err)
	}
	m := event.New(event.Event, c.env.Dictionary)
	m.SetPlace(event.Place{File: damaged.Path})
	m.Fail(&damaged.Damage)
	return emit(m)
}
