package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	client "github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/dev/server"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stage/stagetest"
)

// receiving is a collect-redis that was started, and what it has sent.
type receiving struct {
	*suite
	driver stagetest.Driver
	got    []string // messages, and what is wrong with them
}

func newReceiving(t *testing.T, follow bool, flags ...string) *receiving {
	s := &receiving{suite: &suite{T: t, server: server.StartRedis(t, flags...)}}
	env := stage.Standalone()
	env.Follow = follow
	c := &Command{Flags: client.Flags{RedisServerIP: "127.0.0.1", RedisServerPort: s.server.Port, RedisDb: 2, RedisQueue: queue, RedisTimeout: 5000}}
	s.check(c.Start(t.Context(), env))
	s.driver = stagetest.Driver{Receiver: c, Window: 10, Open: 3, Emit: func(m *event.Message) error {
		text := string(m.Line())
		if err := m.Err(); err != nil {
			text = fmt.Sprintf("%s:%d: %v", m.Place().File, m.Place().Line, err)
		}
		s.got = append(s.got, text)
		return nil
	}}
	return s
}

func (s *receiving) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// want compares what was sent since the last time.
func (s *receiving) want(want ...string) {
	s.Helper()
	if !slices.Equal(s.got, want) {
		s.Errorf("got %q, want %q", s.got, want)
	}
	s.got = nil
}

func numbers(from, to int) (all []string) {
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprintf(`{"extra.n": %d}`, n))
	}
	return all
}

// TestReceive has messages that a crash has left, and some that are no messages.
func TestReceive(t *testing.T) {
	s := newReceiving(t, false)
	s.push(internal, numbers(1, 100)...)
	s.push(queue, append(numbers(101, 299), "no message")...)
	s.check(s.driver.Run(t.Context()))
	last := len(s.got) - 1
	if !strings.HasPrefix(s.got[last], internal+":300: ") {
		t.Errorf("got %q", s.got[last])
	}
	s.got = s.got[:last]
	s.want(numbers(1, 299)...)
	s.expect(queue)
	s.expect(internal)
	if s.driver.Number != 30 {
		t.Errorf("there are %d windows", s.driver.Number)
	}
}

// TestCrashes leaves windows open, and one acknowledged of which the server was
// not told. Nothing that is acknowledged comes again, and the rest as it was.
func TestCrashes(t *testing.T) {
	s := newReceiving(t, false, "--appendfsync", "always")
	s.push(queue, numbers(1, 95)...)
	var positions []string
	crash := errors.New("a crash")
	s.driver.Sent = func(window []stage.Delivery) error {
		for _, d := range window {
			positions = append(positions, d.Position)
		}
		if len(positions) == 50 {
			return crash // after windows 1 and 2
		}
		return nil
	}
	if err := s.driver.Run(t.Context()); !errors.Is(err, crash) {
		t.Errorf("got %v", err)
	}
	s.want(numbers(1, 50)...)
	open := positions[20:]
	s.server.Kill()
	s.server.Restart()
	positions = nil
	s.driver.Forget = true
	if err := s.driver.Run(t.Context()); !errors.Is(err, stagetest.ErrCrash) {
		t.Errorf("got %v", err)
	}
	s.want(numbers(21, 50)...)
	if !slices.Equal(positions, open) {
		t.Errorf("the positions were %q, and are %q", open, positions)
	}
	s.driver.Forget, s.driver.Sent = false, nil
	s.check(s.driver.Run(t.Context()))
	s.want(numbers(31, 95)...)
	s.expect(internal)
}

func TestServerGoesAway(t *testing.T) {
	s := newReceiving(t, false)
	s.push(queue, numbers(1, 30)...)
	s.driver.Open = 1
	s.driver.Sent = func([]stage.Delivery) error {
		s.server.Kill()
		return nil
	}
	if err := s.driver.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "redis 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
	if err := s.driver.Run(t.Context()); err == nil {
		t.Error("there is no server, and no error")
	}
}

// TestReceiveFollows acknowledges while it waits for more.
func TestReceiveFollows(t *testing.T) {
	s := newReceiving(t, true)
	s.push(queue, numbers(1, 1)...)
	s.driver.Window, s.driver.Open = 1, 1
	ctx, cancel := context.WithCancel(t.Context())
	s.driver.Sent = func([]stage.Delivery) error {
		if n := len(s.got); n < 5 {
			s.push(queue, numbers(n+1, n+1)...)
		} else {
			cancel()
		}
		return nil
	}
	if err := s.driver.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.want(numbers(1, 5)...)
	s.expect(queue)
}

func TestWhatItIs(t *testing.T) {
	c := &Command{Flags: client.Flags{RedisServerIP: "192.0.2.1", RedisServerPort: 6379, RedisDb: 2, RedisQueue: "q"}}
	if c.Origin() != stage.OriginPosition || c.Identity() != "192.0.2.1:6379/2/q" {
		t.Errorf("%v, %s", c.Origin(), c.Identity())
	}
	if c.Close() != nil { // never opened
		t.Error("it cannot be closed")
	}
}
