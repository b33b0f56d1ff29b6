// Package redis implements output-redis.
//
// output-redis: put events into a queue of IntelMQ
//
// Events are put into a list of a Redis server, in the form in which IntelMQ's
// bots expect them in their queues: JSON with sorted keys, __type and raw
// included. The bot that reads it is the one with this source queue, or
// collect-redis reads it. Reports can be put there as well.
//
// Events are sent many at a time, all of which arrive or none, after a second
// at the latest. In a stream with checkpoints all events of a window are sent
// at its checkpoint, if they are no more than 8 MiB. After a crash the windows
// that were not acknowledged are sent again, and their events may be there
// twice. Whatever the server refuses ends output-redis with exit code 3; a server
// that is still starting is waited for.
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
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	client "github.com/intelpipe/intelpipe/internal/redis"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	batchBytes = 8 << 20
	batchCount = 20_000
	linger     = time.Second // how long an event waits in a stream without checkpoints
	tooLarge   = 512 << 20   // what a server takes by default
)

// Command is output-redis.
type Command struct {
	client.Flags
	HierarchicalOutput bool `help:"Nest the fields: source.ip becomes ip inside of source."`
	WithType           bool `help:"Include __type, without which IntelMQ cannot read the events." default:"true"`

	env    *stage.Env
	export export.Flags

	mu    sync.Mutex // the timer sends, too
	queue *client.Queue
	text  []byte // of the events that wait,
	ends  []int  // and where each ends
	timer *time.Timer
	sent  error // what the timer met
}

// Start connects.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if err := c.Check(); err != nil {
		return err
	}
	c.env = env
	c.export = export.Flags{HierarchicalOutput: c.HierarchicalOutput, MessageWithType: c.WithType, KeepRawField: true}
	q, err := c.Open(ctx)
	if err != nil {
		return stage.Fatal(err)
	}
	c.queue = q
	return nil
}

// Process adds one event to those that wait.
func (c *Command) Process(ctx context.Context, m *event.Message, _ stage.Emit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent != nil {
		return stage.Fatal(c.sent)
	}
	start := len(c.text)
	text, err := c.export.Append(c.text, m)
	if err == nil && len(text)-start >= tooLarge {
		err = errors.New("larger than 512 MiB, which no server takes")
	}
	if err != nil {
		return err
	}
	c.text, c.ends = text, append(c.ends, len(text))
	if len(c.text) >= batchBytes || len(c.ends) >= batchCount {
		return stage.Fatal(c.flush(ctx))
	}
	if c.timer == nil && !c.env.Controlled {
		c.timer = time.AfterFunc(linger, c.onTimer)
	}
	return nil
}

// onTimer sends what has waited long enough.
func (c *Command) onTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil && c.sent == nil {
		c.sent = c.flush(context.Background())
	}
}

// flush sends what waits. What cannot be sent is not sent a second time: it may
// have arrived.
func (c *Command) flush(ctx context.Context) error {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	messages := make([][]byte, len(c.ends))
	start := 0
	for i, end := range c.ends {
		messages[i] = c.text[start:end]
		start = end
	}
	c.ends = c.ends[:0]
	if cap(c.text) > 2*batchBytes {
		c.text = nil // rather than keep the memory of one large event
	} else {
		c.text = c.text[:0]
	}
	return c.queue.Push(ctx, messages)
}

// Checkpoint sends what waits.
func (c *Command) Checkpoint(ctx context.Context, _ string, _ stage.Emit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == nil {
		c.sent = c.flush(ctx)
	}
	return c.sent
}

// Close sends what is left of a stream without checkpoints. In one with them
// it is sent again by its source.
func (c *Command) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue == nil {
		return nil
	}
	defer c.queue.Close()
	if c.sent == nil && !c.env.Controlled {
		c.sent = c.flush(context.Background())
		return c.sent
	}
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	return nil
}
