package wait

import (
	"context"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func start(t *testing.T, c *Command) *Command {
	t.Helper()
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// waiting processes an event, and closes the channel when it is passed on.
func waiting(ctx context.Context, t *testing.T, c *Command) <-chan struct{} {
	passed, over := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { <-over })
	go func() {
		defer close(over)
		err := c.Process(ctx, event.New(event.Event, nil), func(*event.Message) error {
			close(passed)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	return passed
}

// TestQueue asks about a queue until it is short enough.
func TestQueue(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireAuth("secret")
	for range 3 {
		server.DB(2).Push("q", "x")
	}
	c := start(t, &Command{
		QueueName: "q", QueueHost: server.Host(), QueuePort: server.Server().Addr().Port, QueueDb: 2,
		QueuePassword: "secret", QueuePollingInterval: 0.001, QueueSize: 1,
	})
	passed := waiting(t.Context(), t, c)
	for _, length := range []int{3, 2} {
		for seen := server.CommandCount(); server.CommandCount() < seen+3; { // it asks on and on
			select {
			case <-passed:
				t.Fatalf("an event has passed a queue of %d", length)
			default:
			}
		}
		server.DB(2).Pop("q")
	}
	<-passed
}

// TestQueueIsGone fails the event whose queue cannot be asked about, or is none.
func TestQueueIsGone(t *testing.T) {
	server := miniredis.RunT(t)
	server.DB(2).Set("q", "a text")
	c := start(t, &Command{QueueName: "q", QueueHost: server.Host(), QueuePort: server.Server().Addr().Port, QueueDb: 2, QueuePollingInterval: 1})
	never := func(*event.Message) error {
		t.Error("the event was passed on")
		return nil
	}
	if err := c.Process(t.Context(), event.New(event.Event, nil), never); err == nil {
		t.Error("a text is no list")
	}
	server.Close()
	if err := c.Process(t.Context(), event.New(event.Event, nil), never); err == nil {
		t.Error("there is no server")
	}
}

// TestSignal ends all waiting.
func TestSignal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	passed := waiting(ctx, t, start(t, &Command{SleepTime: 1e9, QueuePollingInterval: 1}))
	cancel()
	<-passed
	server := miniredis.RunT(t)
	server.DB(2).Push("q", "x")
	c := start(t, &Command{QueueName: "q", QueueHost: server.Host(), QueuePort: server.Server().Addr().Port, QueueDb: 2, QueuePollingInterval: 1e9})
	<-waiting(ctx, t, c)
}
