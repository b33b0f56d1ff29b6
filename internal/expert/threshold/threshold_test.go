package threshold

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/durable/tally"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// stream is a started command, and the time it takes for the present.
type stream struct {
	*testing.T
	c   *Command
	now time.Time
}

func start(t *testing.T, c *Command, controlled bool) *stream {
	t.Helper()
	s := &stream{t, c, time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	env := stage.Standalone()
	env.StateDir, env.Controlled, env.Now = t.TempDir(), controlled, func() time.Time { return s.now }
	if err := c.Start(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	return s
}

// passes reports whether the next event passes, after a pause.
func (s *stream) passes(pause time.Duration) bool {
	s.Helper()
	s.now = s.now.Add(pause)
	m := event.New(event.Event, nil)
	m.Set("source.ip", "192.0.2.1")
	passed := false
	if err := s.c.Process(context.Background(), m, func(*event.Message) error { passed = true; return nil }); err != nil {
		s.Fatal(err)
	}
	return passed
}

func (s *stream) expect(want bool, pauses ...time.Duration) {
	s.Helper()
	for i, pause := range pauses {
		if got := s.passes(pause); got != (want && i == len(pauses)-1) {
			s.Errorf("event %d, after %v: passes %v", i, pause, got)
		}
	}
}

// TestBeginsAnewAfterAPause counts on as long as the pauses are short, and again from 1
// after a long one.
func TestBeginsAnewAfterAPause(t *testing.T) {
	s := start(t, &Command{Threshold: 3, RedisCacheTtl: 60}, false)
	s.expect(true, 0, 60*time.Second, 60*time.Second)
	s.expect(false, 60*time.Second, 60*time.Second, 60*time.Second)
	s.expect(true, 61*time.Second, 0, 0)
	s.expect(false, 0, 61*time.Second, 0, 61*time.Second, 0)
	s.expect(true, -time.Hour) // the clock was ahead: the count goes on
}

// TestComesAgainAtTheSameTime is killed, and gets its windows again much later: what was
// counted before them is not over then. For the next window it is.
func TestComesAgainAtTheSameTime(t *testing.T) {
	ctx := context.Background()
	file := t.TempDir() + "/counts"
	command := func() *Command { return &Command{Threshold: 3, RedisCacheTtl: 60, Flags: tally.Flags{State: file}} }
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, command(), true)
	do(s.c.Commit(ctx, "s:0:x"))
	s.expect(false, 0)
	do(s.c.Checkpoint(ctx, "s:1:x", nil))
	s.expect(true, 0, 59*time.Second)
	do(s.c.Checkpoint(ctx, "s:2:x", nil))
	do(s.c.Close())
	s = start(t, command(), true)
	do(s.c.Commit(ctx, "s:1:y"))
	s.expect(true, 2*time.Hour, time.Hour)
	do(s.c.Checkpoint(ctx, "s:2:y", nil))
	do(s.c.Commit(ctx, "s:2:y"))
	s.expect(false, time.Hour, 0)
	s.expect(true, 0)
	do(s.c.Checkpoint(ctx, "s:3:y", nil))
	do(s.c.Commit(ctx, "s:3:y"))
	do(s.c.Close())
}

// TestSharedWithIntelMQ looks at what is in the server.
func TestSharedWithIntelMQ(t *testing.T) {
	server := miniredis.RunT(t)
	command := func() *Command {
		return &Command{Threshold: 3, RedisCacheTtl: 3600, Flags: tally.Flags{RedisCacheHost: "127.0.0.1", RedisCachePort: server.Server().Addr().Port, RedisCacheDb: 11}}
	}
	m := event.New(event.Event, nil)
	m.Set("source.ip", "192.0.2.1")
	hash := m.Hash(nil, false)
	key := hex.EncodeToString(hash[:])
	db := server.DB(11)
	count := func(want string) {
		t.Helper()
		if got, _ := db.Get(key); got != want {
			t.Errorf("the server has %q, want %q", got, want)
		}
	}

	s := start(t, command(), false)
	s.expect(false, 0)
	count("1")
	if ttl := db.TTL(key); ttl != time.Hour {
		t.Errorf("time to live: %v", ttl)
	}
	server.FastForward(time.Minute)
	db.Set(key, "2") // by IntelMQ
	s.expect(true, 0)
	count("3")
	server.FastForward(2 * time.Hour)
	s.expect(false, 0)
	count("1")
	s.c.Close()

	// In a stream with control lines a count waits for its Commit, and is there after a
	// crash.
	ctx := context.Background()
	s = start(t, command(), true)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(s.c.Commit(ctx, "s:0:x"))
	s.expect(false, 0)
	do(s.c.Checkpoint(ctx, "s:1:x", nil))
	s.expect(true, 0)
	do(s.c.Checkpoint(ctx, "s:2:x", nil))
	count("1")
	s.c.Close()
	s = start(t, command(), true)
	do(s.c.Commit(ctx, "s:1:y"))
	count("2")
	s.expect(true, 2*time.Hour) // it comes again, and at the same time as before
	do(s.c.Checkpoint(ctx, "s:2:y", nil))
	do(s.c.Commit(ctx, "s:2:y"))
	if keys := db.Keys(); len(keys) != 0 {
		t.Errorf("the server has %q, though the count has expired long ago", keys)
	}
	s.c.Close()

	db.Set(key, "hash") // a deduplicator's
	s = start(t, command(), false)
	defer s.c.Close()
	if err := s.c.Process(ctx, m, nil); !stage.IsFatal(err) {
		t.Errorf("what is no count: %v", err)
	}
}
