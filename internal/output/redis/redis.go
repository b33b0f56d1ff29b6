// Package redis implements output-redis.
//
// output-redis: put events into a queue of IntelMQ
//
// Events are put into a list of a Redis server, in the form in which IntelMQ's
// bots expect them in their queues: JSON with sorted keys, __type and raw
// included. The bot that reads it is the one with this source queue, or
// collect-redis reads it. Reports can be put there as well.
//
// Events are sent many at a time, all of which arrive or none. When the server
// does not take them they are sent again, for five minutes (--retry-for); where it
// has taken them and could not say so, they are there twice rather than nowhere.
// Then output-redis ends with exit code 3. In a stream with checkpoints what is
// left of a window is sent at its checkpoint, and after a crash the windows that
// were not acknowledged are sent again.
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

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	client "github.com/intelpipe/intelpipe/internal/redis"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// tooLarge is what a server takes by default, in bytes.
const tooLarge = 512 << 20

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
	c.export = export.Flags{HierarchicalOutput: c.HierarchicalOutput, MessageWithType: c.WithType, KeepRawField: true}
	if err := c.Check(); err != nil || env.DryRun {
		return err
	}
	q, err := c.Open(ctx)
	c.queue = q
	return stage.Fatal(err)
}

// Encode makes the text that a bot reads.
func (c *Command) Encode(m *event.Message) (stage.Item, error) {
	text, err := c.export.Append(nil, m)
	if err == nil && len(text) >= tooLarge {
		err = errors.New("larger than 512 MiB, which no server takes")
	}
	return stage.Item{Data: text}, err
}

// Send puts all items into the queue, or none.
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
