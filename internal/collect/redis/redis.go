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
// list, also one of a bot that had the queue before, comes first, and is sent
// again. When the queue is empty, collect-redis ends, which suits cron; with
// --follow it waits for more, until SIGTERM.
//
// The key NAME-internal-acknowledged says which message was removed last, so that
// what has arrived is not sent again, wherever a crash came in between: not of
// collect-redis, and not of the server. A user of the server who may only use
// some keys needs that one as well.
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

	client "github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-redis.
type Command struct {
	client.Flags

	env    *stage.Env
	reader *client.Reader
	m      event.Message
	place  event.Place
}

// Relay says that the messages were described by whoever made them.
func (*Command) Relay() {}

// Origin says that messages come again in the same order.
func (*Command) Origin() stage.OriginKind { return stage.OriginPosition }

// Identity is the queue.
func (c *Command) Identity() string { return c.Flags.String() }

// Start checks the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env, c.m.Dictionary = env, env.Dictionary
	return c.Check()
}

// Open connects to the server.
func (c *Command) Open(ctx context.Context, position string) (err error) {
	c.reader, err = c.OpenReader(ctx, position)
	c.place = event.Place{}
	return err
}

// Receive takes a message.
func (c *Command) Receive(ctx context.Context) (stage.Delivery, error) {
	d, err := c.reader.Receive(ctx, c.env.Follow)
	d.Send = func(emit stage.Emit) error { return c.send(d.Name, d.Handle.([]byte), emit) }
	return d, err
}

// Acknowledge removes messages.
func (c *Command) Acknowledge(ctx context.Context, deliveries []stage.Delivery) error {
	return c.reader.Acknowledge(ctx, deliveries)
}

// Close disconnects.
func (c *Command) Close() error {
	if c.reader != nil {
		c.reader.Close()
	}
	return nil
}

// Collect prints what is there, and leaves it.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	return c.Peek(ctx, func(list string, text []byte) error { return c.send(list, text, emit) })
}

// send emits a message as it is, or as one that has failed. One that is written
// over several lines in the queue becomes one line.
func (c *Command) send(list string, text []byte, emit stage.Emit) error {
	if list != c.place.File {
		c.place = event.Place{File: list}
	}
	c.place.Line++
	if err := c.m.Decode(text); err != nil {
		c.m.Fail(err)
	}
	c.m.SetPlace(c.place)
	return emit(&c.m)
}
