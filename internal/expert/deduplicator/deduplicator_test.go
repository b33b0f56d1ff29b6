package deduplicator

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// stream is a started command and what the runtime would tell it.
type stream struct {
	*testing.T
	c   *Command
	ctx context.Context
	env *stage.Env
}

func start(t *testing.T, c *Command, controlled bool) *stream {
	t.Helper()
	env := &stage.Env{Dictionary: harmonization.Default(), StateDir: t.TempDir(), Controlled: controlled, Now: time.Now}
	s := &stream{t, c, context.Background(), env}
	if c.FilterType == "" {
		c.FilterType = "blacklist"
	}
	if err := c.Start(s.ctx, env); err != nil {
		t.Fatal(err)
	}
	return s
}

// passes reports whether the event with that comment passes.
func (s *stream) passes(comment string) bool {
	s.Helper()
	m := event.New(event.Event, nil)
	m.Set("comment", comment)
	passed := false
	if err := s.c.Process(s.ctx, m, func(*event.Message) error { passed = true; return nil }); err != nil {
		s.Fatal(err)
	}
	return passed
}

func (s *stream) checkpoint(n int) {
	s.Helper()
	if err := s.c.Checkpoint(s.ctx, fmt.Sprintf("source:%d:x", n), nil); err != nil {
		s.Fatal(err)
	}
}

func (s *stream) commit(n int) {
	s.Helper()
	if err := s.c.Commit(s.ctx, fmt.Sprintf("source:%d:x", n)); err != nil {
		s.Fatal(err)
	}
}

func (s *stream) expect(comment string, want bool) {
	s.Helper()
	if got := s.passes(comment); got != want {
		s.Errorf("%s: passes %v, want %v", comment, got, want)
	}
}

// TestCommittedStaysKnown runs the same stream with a file and with Redis, as
// a crash would cut it: what was acknowledged is known to the next run, and
// what was not passes again.
func TestCommittedStaysKnown(t *testing.T) {
	server := miniredis.RunT(t)
	file := t.TempDir() + "/seen"
	for name, command := range map[string]func() *Command{
		"file": func() *Command { return &Command{State: file, RedisCacheTtl: 3600} },
		"redis": func() *Command {
			return &Command{RedisCacheHost: "127.0.0.1", RedisCachePort: server.Server().Addr().Port, RedisCacheDb: 6, RedisCacheTtl: 3600}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, command(), true)
			s.commit(0)
			s.expect("acknowledged", true)
			s.expect("acknowledged", false)
			s.checkpoint(1)
			s.expect("in flight", true)
			s.checkpoint(9)
			s.expect("later", true)
			s.expect("in flight", false)
			s.commit(1)
			s.expect("acknowledged", false)
			s.expect("in flight", false)
			if err := s.c.Close(); err != nil {
				t.Fatal(err)
			}

			s = start(t, command(), true)
			s.commit(1)
			s.expect("acknowledged", false)
			s.expect("in flight", true)
			s.expect("later", true)
			s.checkpoint(10)
			s.commit(10)
			s.c.Close()

			s = start(t, command(), true)
			s.commit(10)
			s.expect("in flight", false)
			s.expect("later", false)
			s.c.Close()
		})
	}
}

// TestSharedWithIntelMQ looks at what is in the server.
func TestSharedWithIntelMQ(t *testing.T) {
	server := miniredis.RunT(t)
	port := server.Server().Addr().Port
	command := func() *Command {
		return &Command{RedisCacheHost: "127.0.0.1", RedisCachePort: port, RedisCacheDb: 6, RedisCacheTtl: 3600}
	}
	s := start(t, command(), false)
	defer s.c.Close()
	m := event.New(event.Event, nil)
	m.Set("comment", "known")
	hash := m.Hash(nil, false)
	server.DB(6).Set(hex.EncodeToString(hash[:]), "hash")
	s.expect("known", false)
	s.expect("new", true)
	s.expect("new", false)
	m.Set("comment", "new")
	hash = m.Hash(nil, false)
	key := hex.EncodeToString(hash[:])
	if v, err := server.DB(6).Get(key); v != "hash" || err != nil {
		t.Errorf("in the server: %q, %v", v, err)
	}
	if ttl := server.DB(6).TTL(key); ttl != time.Hour {
		t.Errorf("time to live: %v", ttl)
	}
	server.FastForward(2 * time.Hour)
	s.expect("new", true)

	server.SetError("LOADING Redis is loading the dataset in memory")
	m.Set("comment", "other")
	if err := s.c.Process(s.ctx, m, nil); !stage.IsFatal(err) {
		t.Errorf("an error of the server is %v, which would be the message's", err)
	}
	server.SetError("")
	server.Close()
	if err := command().Start(s.ctx, s.env); !stage.IsFatal(err) {
		t.Errorf("no server: %v", err)
	}
}

// TestSeveralSources has two sources in one stream, one of them with colons in its
// name. A Commit advances only what its own source has sent, and ids that are none
// advance nothing.
func TestSeveralSources(t *testing.T) {
	server := miniredis.RunT(t)
	db := server.DB(6)
	s := start(t, &Command{RedisCacheHost: "127.0.0.1", RedisCachePort: server.Server().Addr().Port, RedisCacheDb: 6}, true)
	defer s.c.Close()
	checkpoint := func(id string) error { return s.c.Checkpoint(s.ctx, id, nil) }
	commit := func(id string, stored int) {
		t.Helper()
		if err := s.c.Commit(s.ctx, id); err != nil {
			t.Fatal(err)
		}
		if n := len(db.Keys()); n != stored {
			t.Errorf("after %s %d keys are stored, want %d", id, n, stored)
		}
	}
	window := func(id string, comments ...string) {
		t.Helper()
		for _, comment := range comments {
			s.expect(comment, true)
		}
		if err := checkpoint(id); err != nil {
			t.Fatal(err)
		}
	}
	commit("a:b:8:x", 0)
	window("a:b:9:x", "one")
	window("a:b:10:x", "two", "three")
	commit("a:b:9:x", 1)
	commit("a:4:x", 1)
	window("a:5:x", "four")
	commit("a:b:9:x", 1)
	commit("a:9:x", 2)
	commit("a:b:10:x", 4)
	commit("a:b:11:x", 4)

	s.expect("five", true)
	if checkpoint("a:x") == nil {
		t.Error("a checkpoint without a number is taken")
	}
	window("a:10:x", "six")
	if s.c.Commit(s.ctx, "a:x") == nil {
		t.Error("a Commit without a number is taken")
	}
	s.expect("five", false)
	commit("a:10:x", 6)
}

// TestNothingIsAllocated compares with what the hash alone takes.
func TestNothingIsAllocated(t *testing.T) {
	s := start(t, &Command{RedisCacheTtl: 3600, FilterKeys: []string{"raw"}}, false)
	defer s.c.Close()
	m := event.New(event.Event, nil)
	m.Set("source.ip", "192.0.2.1")
	m.Set("comment", "plain text")
	emit := func(*event.Message) error { return nil }
	hash := testing.AllocsPerRun(100, func() { m.Hash(s.c.FilterKeys, false) })
	if n := testing.AllocsPerRun(100, func() { s.c.Process(s.ctx, m, emit) }); n > hash {
		t.Errorf("%v allocations a message, %v of them for the hash", n, hash)
	}
}

// TestTimeOfTheRuntime lets the time that the runtime tells go by.
func TestTimeOfTheRuntime(t *testing.T) {
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	c := &Command{FilterType: "blacklist", RedisCacheTtl: 3600}
	env := &stage.Env{Dictionary: harmonization.Default(), Now: func() time.Time { return now }}
	s := &stream{t, c, context.Background(), env}
	if err := c.Start(s.ctx, env); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.expect("once", true)
	now = now.Add(59 * time.Minute)
	s.expect("once", false)
	now = now.Add(2 * time.Minute)
	s.expect("once", true)
}

// TestClockAhead remembers an event while the clock is ahead by twenty years.
func TestClockAhead(t *testing.T) {
	right := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "seen")
	for i, c := range []struct {
		now  time.Time
		pass bool
	}{
		{right.AddDate(20, 0, 0), true},
		{right.AddDate(20, 0, 0), false},
		{right, true},
		{right.Add(59 * time.Minute), false},
		{right.Add(61 * time.Minute), true},
	} {
		command := &Command{FilterType: "blacklist", RedisCacheTtl: 3600, State: path}
		env := &stage.Env{Dictionary: harmonization.Default(), Now: func() time.Time { return c.now }}
		s := &stream{t, command, context.Background(), env}
		if err := command.Start(s.ctx, env); err != nil {
			t.Fatal(err)
		}
		t.Log("run", i)
		s.expect("once", c.pass)
		if err := command.Checkpoint(s.ctx, "", nil); err != nil {
			t.Fatal(err)
		}
		if err := command.Commit(s.ctx, ""); err != nil {
			t.Fatal(err)
		}
		command.Close()
	}
}
