// Package redis implements collect-redis.
//
// collect-redis: take events and reports out of a queue of IntelMQ
//
// The queue is a list of a Redis server, which IntelMQ's bots or output-redis
// fill. In a bare pipe collect-redis prints what waits there, the oldest message
// first, and leaves it.
//
// With a pipeline of its own, after -- or then, it takes the messages as a bot
// of IntelMQ does: they are moved into a second list, NAME-internal, and removed
// from there when their checkpoint has come back. What a crash has left in that
// list, also one of a bot that had the queue before, comes first. It is sent
// again, so that as many messages as --window-messages may arrive twice. When
// the queue is empty, collect-redis ends, which suits cron; with --follow it
// waits for more, until SIGTERM.
//
// A text in the queue that is no message goes into the dump and no longer stands
// in the way of others; the exit code is 1 then. So does a control line, which
// only a source may write. A queue has one reader: do not run two, nor one
// beside the bot. It is noticed when messages are to be removed that are not
// there, which ends collect-redis with exit code 3.
//
// # Examples
//
//	collect-redis --redis-queue file-output-queue | expert-taxonomy
//	collect-redis --redis-queue file-output-queue -- \
//	  sh -c 'expert-taxonomy | output-file --file events.ndjson'
package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	client "github.com/intelpipe/intelpipe/internal/redis"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	windowBytes = 4 << 20
	patience    = time.Second // how long the server is asked to wait, before a signal is looked for
)

// Command is collect-redis.
type Command struct {
	client.Flags
	Follow         bool `help:"Wait for more when the queue is empty."`
	WindowMessages int  `help:"How many messages are on their way at once, at most, and how many may be there twice after a crash." default:"1000" placeholder:"N"`

	env *stage.Env
}

// Relay says that the messages were described by whoever made them.
func (*Command) Relay() {}

// Origin is the queue.
func (c *Command) Origin() string { return c.Flags.String() }

// Start checks the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	switch {
	case c.WindowMessages < 1:
		return errors.New("--window-messages: a number above 0 is expected")
	case c.Follow && env.Pipeline == nil:
		return errors.New("--follow: needs a pipeline after -- or then, so that what was read can be removed")
	}
	return c.Check()
}

// Collect sends the messages.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	q, err := c.Open(ctx)
	if err != nil {
		return stage.Fatal(err)
	}
	defer q.Close()
	s := &sender{c: c, m: event.Message{Dictionary: c.env.Dictionary}, emit: emit}
	pipeline := c.env.Pipeline
	if pipeline == nil {
		return s.print(ctx, q)
	}
	for ctx.Err() == nil {
		b, err := q.Take(ctx, c.WindowMessages, windowBytes)
		switch {
		case err != nil:
			return stage.Fatal(err)
		case len(b.Messages) > 0:
			err = s.window(ctx, q, b, pipeline)
		case !c.Follow:
			return nil
		default:
			err = stage.Fatal(q.Wait(ctx, patience))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sender makes messages of texts.
type sender struct {
	c     *Command
	m     event.Message
	emit  stage.Emit
	place event.Place
}

// window sends a batch, and waits until it is acknowledged. The next one is not
// on its way before: after a crash it would be there twice as well.
func (s *sender) window(ctx context.Context, q *client.Queue, b *client.Batch, pipeline stage.Pipeline) error {
	w := stage.Window{
		Name: fmt.Sprintf("%d messages of %s", len(b.Messages), q.Internal()),
		// What has arrived is removed also after a signal.
		Ack: func(uint64) error { return q.Remove(context.WithoutCancel(ctx), b) },
	}
	err := pipeline.Window(w, func() error {
		for _, text := range b.Messages {
			if err := s.send(q.Internal(), text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return pipeline.Settle()
}

// print emits what is there, and leaves it.
func (s *sender) print(ctx context.Context, q *client.Queue) error {
	stopped := false
	err := q.Peek(func(list string, text []byte) error {
		if ctx.Err() != nil {
			return stage.ErrStop
		}
		err := s.send(list, text)
		stopped = err != nil
		return err
	})
	switch {
	case stopped:
		return err
	case ctx.Err() != nil:
		return nil
	}
	return stage.Fatal(err)
}

// send emits a message as it is, or as one that has failed. One that is written
// over several lines in the queue becomes one line.
func (s *sender) send(list string, text []byte) error {
	if list != s.place.File {
		s.place = event.Place{File: list}
	}
	s.place.Line++
	err := s.m.Decode(text)
	if err == nil && s.m.Kind > event.Report {
		err = errors.New("a control line is no message")
	}
	if err != nil {
		s.m.Fail(err)
	}
	s.m.SetPlace(s.place)
	return s.emit(&s.m)
}
