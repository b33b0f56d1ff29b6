// Package wait implements expert-wait.
//
// expert-wait: hold each event back for a while, or until a queue is short
//
// With --sleep-time an event goes on after so many seconds. With --queue-name it
// goes on as soon as that list of a Redis server has no more than --queue-size
// entries, so that a slow reader of the queue is not overrun; how long it is is
// asked every --queue-polling-interval seconds. With both only the queue counts,
// with neither every event goes on at once. After SIGTERM nothing waits any longer.
//
// An event whose queue cannot be asked about goes into the dump.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | expert-wait --sleep-time 0.1
//	echo '{"source.ip":"192.0.2.1"}' | expert-wait
package wait

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is waited for. The times are in seconds.
type Command struct {
	SleepTime            float64      `help:"Hold each event back for so many seconds." placeholder:"SECONDS"`
	QueueName            string       `help:"Wait until this list of a Redis server is short." placeholder:"NAME"`
	QueueHost            string       `help:"The server, a name, an address or the path of a socket." default:"localhost" placeholder:"HOST"`
	QueuePort            int          `help:"The server's port." default:"6379" placeholder:"PORT"`
	QueueDb              int          `help:"The server's database." default:"2" placeholder:"N"`
	QueuePassword        stage.Secret `help:"The file that holds the server's password." name:"queue-password-file" placeholder:"FILE"`
	QueuePollingInterval float64      `help:"Ask every so many seconds." default:"0.05" placeholder:"SECONDS"`
	QueueSize            int64        `help:"As long as the list may be." default:"0" placeholder:"N"`

	client *redis.Client
}

// Start looks at the times, and connects to the server.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	const longest = 1e9 // about 30 years, which fits into a time.Duration
	switch {
	case !(c.SleepTime >= 0 && c.SleepTime <= longest):
		return fmt.Errorf("--sleep-time %v: it has to be 0 to %.0f seconds", c.SleepTime, longest)
	case !(c.QueuePollingInterval > 0 && c.QueuePollingInterval <= longest):
		return fmt.Errorf("--queue-polling-interval %v: it has to be more than 0 seconds, and at most %.0f", c.QueuePollingInterval, longest)
	case c.QueueSize < 0:
		return fmt.Errorf("--queue-size %d: no list is shorter than 0", c.QueueSize)
	case c.QueueName == "":
		return nil
	}
	c.client, err = redis.Open(redis.Config{Host: c.QueueHost, Port: c.QueuePort, DB: c.QueueDb, Password: string(c.QueuePassword)})
	if err != nil {
		return stage.Fatal(err)
	}
	return nil
}

// Process waits, and passes the event on.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if c.client == nil {
		sleep(ctx, c.SleepTime)
		return emit(m)
	}
	for ctx.Err() == nil {
		short, err := c.short(ctx)
		if err != nil {
			return err
		} else if short {
			break
		}
		sleep(ctx, c.QueuePollingInterval)
	}
	return emit(m)
}

// short reports whether the queue is as short as it should be.
func (c *Command) short(ctx context.Context) (bool, error) {
	reply, err := c.client.Do(ctx, "LLEN", c.QueueName)
	if err != nil && ctx.Err() != nil {
		return true, nil
	} else if err != nil {
		return false, err
	}
	n, ok := reply.(int64)
	if !ok {
		return false, errors.New("the server does not say how long a list is")
	}
	return n <= c.QueueSize, nil
}

// sleep returns after so many seconds, or as soon as ctx ends.
func sleep(ctx context.Context, seconds float64) {
	if seconds == 0 {
		return
	}
	timer := time.NewTimer(time.Duration(math.Ceil(seconds * float64(time.Second))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Close disconnects.
func (c *Command) Close() error {
	if c.client != nil {
		c.client.Close()
	}
	return nil
}
