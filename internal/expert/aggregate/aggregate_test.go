package aggregate

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/durable/tally"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// stream is a started command, the time it takes for the present, and what has passed.
type stream struct {
	*testing.T
	c      *Command
	now    time.Time
	passed []string
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func start(t *testing.T, c *Command, controlled bool) *stream {
	t.Helper()
	s := &stream{T: t, c: c, now: noon}
	env := stage.Standalone()
	env.StateDir, env.Controlled, env.Now = t.TempDir(), controlled, func() time.Time { return s.now }
	if c.Timespan == "" {
		c.Timespan = "1 minute"
	}
	if c.Fields == nil {
		c.Fields = []string{"source.ip"}
	}
	s.do(c.Start(context.Background(), env))
	return s
}

func (s *stream) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stream) emit(m *event.Message) error {
	s.passed = append(s.passed, m.String())
	return nil
}

// event counts an event so many seconds after noon.
func (s *stream) event(second float64, fields string) {
	s.Helper()
	s.at(second)
	m := event.New(event.Event, nil)
	s.do(m.Decode([]byte(`{"source.ip":"192.0.2.1"` + fields + `}`)))
	s.do(s.c.Process(context.Background(), m, s.emit))
}

func (s *stream) at(second float64) { s.now = noon.Add(time.Duration(second * float64(time.Second))) }

func (s *stream) idle()  { s.do(s.c.Flush(context.Background(), s.emit)) }
func (s *stream) close() { s.do(s.c.Close()) }
func (s *stream) checkpoint(n int) {
	s.do(s.c.Checkpoint(context.Background(), fmt.Sprintf("s:%d:x", n), s.emit))
}
func (s *stream) commit(n int) {
	s.do(s.c.Commit(context.Background(), fmt.Sprintf("s:%d:x", n)))
}

// end is the end of a plain pipe.
func (s *stream) end() {
	s.Helper()
	s.do(s.c.Finish(context.Background(), s.emit))
	s.do(s.c.Checkpoint(context.Background(), "", s.emit))
	s.do(s.c.Commit(context.Background(), ""))
	s.close()
}

// expect compares what has passed since the last time.
func (s *stream) expect(want ...string) {
	s.Helper()
	if s.c.RedisCacheHost != "" { // which gives back what IntelMQ keeps, and its type
		for i := range s.passed {
			s.passed[i] = strings.Replace(s.passed[i], `"__type":"Event",`, "", 1)
		}
	}
	if got := strings.Join(s.passed, "\n"); got != strings.Join(want, "\n") {
		s.Errorf("passed\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	s.passed = nil
}

// line is an event of the first address that has passed.
func line(fields string) string { return `{"source.ip":"192.0.2.1",` + fields + `}` }

// TestTimes has the time of the event, which is the begin of collecting if the event has
// none, or one that is later.
func TestTimes(t *testing.T) {
	s := start(t, &Command{Threshold: 1}, false)
	s.event(0, "")
	s.event(60, "") // not yet
	s.expect()
	s.event(60.5, `,"time.source":"2026-01-31T11:00:00+00:00"`)
	s.expect(line(`"time.source":"2026-01-31T12:00:00+00:00","extra.count":2,"extra.time_end":"2026-01-31T12:01:00+00:00"`))
	s.event(200.5, `,"time.source":"2027-01-31T12:00:00+00:00"`)
	s.expect(line(`"time.source":"2026-01-31T11:00:00+00:00","extra.count":1,"extra.time_end":"2026-01-31T11:00:00+00:00"`))
	s.end() // without a state
	s.expect(line(`"time.source":"2026-01-31T12:03:20.500000+00:00","extra.count":1,"extra.time_end":"2027-01-31T12:00:00+00:00"`))
}

// TestTimer passes on what is due although no event comes, and nothing before.
func TestTimer(t *testing.T) {
	s := start(t, &Command{Threshold: 2}, false)
	if s.c.Holds() != 0 {
		t.Error("nothing is held")
	}
	s.event(0, "")
	s.event(1, "")
	s.event(30, `,"source.ip":"192.0.2.2"`)
	if s.c.Holds() != time.Second {
		t.Error("something is held")
	}
	s.at(59)
	s.idle()
	s.expect()
	s.at(61)
	s.idle()
	s.expect(line(`"time.source":"2026-01-31T12:00:00+00:00","extra.count":2,"extra.time_end":"2026-01-31T12:00:01+00:00"`))
	s.at(91)
	s.idle() // one is too few
	s.expect()
	if s.c.Holds() != 0 {
		t.Error("nothing is held any longer")
	}
	s.end()
	s.expect()
}

// TestClockWasAhead ends at once what would stay open for years.
func TestClockWasAhead(t *testing.T) {
	s := start(t, &Command{Threshold: 1}, false)
	s.event(1e6, "")
	s.event(0, `,"source.ip":"192.0.2.2"`)
	if len(s.passed) != 1 || len(s.c.open) != 1 {
		t.Errorf("passed %q, open %v", s.passed, s.c.open)
	}
	s.end()
}

// TestStateIsKept goes on in a second run, with a file and with Redis. What became due
// in between passes first.
func TestStateIsKept(t *testing.T) {
	server := miniredis.RunT(t)
	file := t.TempDir() + "/open"
	for name, flags := range map[string]tally.Flags{
		"file":  {State: file},
		"redis": {RedisCacheHost: "127.0.0.1", RedisCachePort: server.Server().Addr().Port},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, &Command{Threshold: 1, Flags: flags}, false)
			s.event(0, `,"comment":"first"`)
			s.event(59, `,"source.ip":"192.0.2.2"`)
			s.end()
			s.expect()
			s = start(t, &Command{Threshold: 1, Flags: flags}, false)
			s.event(30, `,"comment":"second"`)
			s.event(70, "")
			s.expect(line(`"comment":"first","time.source":"2026-01-31T12:00:00+00:00","extra.count":2,"extra.time_end":"2026-01-31T12:00:30+00:00"`))
			s.end()
			s = start(t, &Command{Threshold: 1, Flags: flags, FlushAtEnd: true}, false)
			s.at(71)
			s.end()
			if len(s.passed) != 2 {
				t.Errorf("passed %q", s.passed)
			}
		})
	}
	if keys := server.DB(0).Keys(); len(keys) > 0 {
		t.Errorf("the server has %q", keys)
	}
}

// TestPassesTheSameOnceMore is killed when events have passed, by the timer too, and
// sends the same again although much time has gone by. What is acknowledged does not
// pass again.
func TestPassesTheSameOnceMore(t *testing.T) {
	server := miniredis.RunT(t)
	file := t.TempDir() + "/open"
	for name, flags := range map[string]tally.Flags{
		"file":  {State: file},
		"redis": {RedisCacheHost: "127.0.0.1", RedisCachePort: server.Server().Addr().Port},
	} {
		t.Run(name, func(t *testing.T) {
			command := func() *Command { return &Command{Threshold: 1, Flags: flags} }
			s := start(t, command(), true)
			window2 := func(seconds ...float64) {
				s.event(seconds[0], "")
				s.at(seconds[1])
				s.idle() // by the timer
				s.event(seconds[2], "")
				s.at(seconds[3])
				s.checkpoint(2) // by the checkpoint
			}
			s.commit(0)
			s.event(0.25, "")
			s.checkpoint(1)
			s.expect()
			window2(20, 62, 63, 130)
			passed := s.passed
			s.expect(line(`"time.source":"2026-01-31T12:00:00.250000+00:00","extra.count":2,"extra.time_end":"2026-01-31T12:00:20+00:00"`),
				line(`"time.source":"2026-01-31T12:01:03+00:00","extra.count":1,"extra.time_end":"2026-01-31T12:01:03+00:00"`))
			s.close()

			s = start(t, command(), true)
			s.commit(1) // the first window has arrived, and no one knows of the second one
			window2(5000, 5001, 5002, 5003)
			s.expect(passed...)
			s.close()

			s = start(t, command(), true)
			s.commit(2)
			s.event(6000, "")
			s.checkpoint(3)
			s.commit(3)
			s.expect()
			s.close()
			if len(s.c.open) != 1 {
				t.Errorf("open: %v", s.c.open)
			}
			server.FlushAll()
		})
	}
}

// TestSharedWithIntelMQ looks at what is in the server, and takes what IntelMQ has left
// there. A command with another timespan has names of its own.
func TestSharedWithIntelMQ(t *testing.T) {
	server := miniredis.RunT(t)
	db := server.DB(8)
	command := func() *Command {
		return &Command{
			Fields: []string{"classification.identifier", "classification.type"}, Threshold: 10, Timespan: "1 hour",
			Flags: tally.Flags{RedisCacheHost: "127.0.0.1", RedisCachePort: server.Server().Addr().Port, RedisCacheDb: 8},
		}
	}
	s := start(t, command(), false)
	s.event(1.5, `,"time.source":"2026-01-31T12:00:00+00:00","classification.type":"ddos","__type":"Event"`)
	keys := db.Keys()
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "aggregate.") || len(keys[0]) != len("aggregate.")+64 {
		t.Fatalf("the server has %q", keys)
	}
	name := keys[0]
	for field, want := range map[string]string{
		"d": `{"source.ip":"192.0.2.1","time.source":"2026-01-31T12:00:00+00:00","classification.type":"ddos"}`,
		"s": "2026-01-31T12:00:01.500000", "f": "2026-01-31T12:00:00+00:00", "l": "2026-01-31T12:00:00+00:00", "c": "1",
	} {
		if got := db.HGet(name, field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	s.close()

	db.HSet(name, "c", "12", "l", "2026-01-31T12:30:00+00:00", "s", "2026-01-31T10:00:00")
	other := command()
	other.Timespan = "30 minutes"
	s = start(t, other, false)
	s.event(2, `,"classification.type":"ddos"`)
	s.expect()
	s.close()
	s = start(t, command(), false)
	s.event(3, "")
	s.expect(line(`"time.source":"2026-01-31T10:00:00+00:00","classification.type":"ddos","extra.count":12,"extra.time_end":"2026-01-31T12:30:00+00:00"`))
	s.close()

	db.HSet(name, "c", "many", "s", "2026-01-31T10:00:00")
	c := command()
	err := c.Start(context.Background(), stage.Standalone())
	if !stage.IsFatal(err) || !strings.Contains(err.Error(), name) {
		t.Errorf("what is no number: %v", err)
	}
	c.Close()
}
