// Package redis implements output-redis.
//
// output-redis: put events into a queue of IntelMQ
//
// Events are put into a list of a Redis server, in the form in which IntelMQ's
// bots expect them in their queues: JSON with sorted keys, __type and raw
// included. The bot that reads it is the one with this source queue, or
// collect-redis reads it. Reports can be put there as well.
//
// Events are sent in batches, all of which arrive or none: when a batch is full,
// after a second at the latest, and at each checkpoint. Whatever the server
// answers, and while it is away, a batch is sent again for --retry-for; then
// output-redis ends with exit code 3. A server that is still starting is waited
// for.
//
// If the connection is lost before the server has answered, the batch may have
// arrived, and its events are in the queue twice when it was sent again. The same
// is true after a crash for the windows that were not acknowledged. No event is
// lost. In a bare pipe the events that could not be sent are in the dump.
//
// How safe the queue is, is a matter of the server: with appendonly yes it
// survives the death of redis-server, and with appendfsync always that of the
// machine.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' |
//	  output-redis --redis-queue file-output-queue
//	echo '{"source.ip":"192.0.2.1"}' |
//	  output-redis --redis-queue file-output-queue --redis-timeout 60000
package redis

import (
	"context"
	"errors"

	client "github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const tooLarge = 512 << 20 // what a server takes by default

// Command is output-redis.
type Command struct {
	client.Flags
	HierarchicalOutput bool `help:"Nest the fields: source.ip becomes ip inside of source."`
	WithType           bool `help:"Include __type, without which IntelMQ cannot read the events." default:"true"`

	export export.Flags
	queue  *client.Queue
}

// Start connects.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if err := c.Check(); err != nil {
		return err
	}
	c.export = export.Flags{HierarchicalOutput: c.HierarchicalOutput, MessageWithType: c.WithType, KeepRawField: true}
	if env.DryRun {
		return nil
	}
	var err error
	c.queue, err = c.Open(ctx)
	return stage.Fatal(err)
}

// Encode makes of an event what IntelMQ expects.
func (c *Command) Encode(m *event.Message) (stage.Item, error) {
	text, err := c.export.Append(nil, m)
	if err == nil && len(text) >= tooLarge {
		err = errors.New("larger than 512 MiB, which no server takes")
	}
	return stage.Item{Data: text}, err
}

// Send puts events into the queue, all of them or none.
func (c *Command) Send(ctx context.Context, items []stage.Item) (stage.Result, error) {
	messages := make([][]byte, len(items))
	for i, item := range items {
		messages[i] = item.Data
	}
	return stage.Result{}, c.queue.Push(ctx, messages)
}

// Close ends the connection.
func (c *Command) Close() error {
	if c.queue != nil {
		c.queue.Close()
	}
	return nil
}
