// Package aggregate implements expert-aggregate.
//
// expert-aggregate: collect similar events over a time, and pass one with their number
//
// Events that agree in --fields are collected for the length of --timespan, which begins
// with the first of them. Then one event passes in their place: the first, with their
// number in extra.count, the time of the last in extra.time_end, and as time.source the
// time at which collecting began, if the event's own is not earlier. If there were less
// than --threshold, none passes. An event that has an integer in extra.count counts as
// that many. Its time is time.source, else time.observation, else now.
//
// What is due passes before the next event is counted, and within two seconds where none
// comes. At the end of the input a plain pipe keeps what is not due for the next run, or
// passes it on with --flush. Without --state and --redis-cache-host there is no next run:
// then all passes on in the end.
//
// What is collected is kept in the file that --state names, which lives in the state
// directory if its name has no slash. With --redis-cache-host it is kept in Redis. With
// the default --fields, --threshold and --timespan it is kept there the way IntelMQ does,
// so that this command can take its place. With others it has names of its own, made of
// these three, so that several such commands can use one database; what is open when
// they are changed stays there, and is of no use any longer. Only one command with the
// same three at a time can use a database.
//
// In a pipeline that a source owns one of both is required. State advances with the
// stream: whatever is killed, an event counts once. What has passed since the last
// checkpoint passes once more after a crash, with the same number, which an output-file
// behind it replaces. --flush has no effect there: nothing would make sure that what
// passes at the end arrives.
//
// # Examples
//
//	printf '{"classification.type":"ddos"}\n{"classification.type":"ddos"}\n' |
//	  expert-aggregate --threshold 2 --timespan '10 minutes'
//	echo '{"source.ip":"192.0.2.1","classification.type":"ddos"}' |
//	  expert-aggregate --fields source.ip,classification.type --state ./open
package aggregate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/tally"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command says which events are similar, and for how long they are collected.
type Command struct {
	Fields      []string `help:"Collect events together that agree in these fields, classification.type and classification.identifier if none are named." placeholder:"FIELD,…" field:"event"`
	Threshold   int64    `help:"Pass nothing where there were less than N." default:"10" placeholder:"N"`
	Timespan    string   `help:"Collect for so long, such as \"10 minutes\"." default:"1 hour" placeholder:"TIME"`
	FlushAtEnd  bool     `name:"flush" help:"Pass at the end of the input what is not due."`
	tally.Flags `set:"redis_cache_db=8"`

	env    *stage.Env
	span   int64 // microseconds
	counts *tally.Tally
	open   []opened // the oldest first
	begun  bool     // something has come: it is known whether there are control lines
}

// opened is when collecting began.
type opened struct {
	since int64
	key   tally.Key
}

// Start opens the state.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if len(c.Fields) == 0 {
		c.Fields = []string{"classification.type", "classification.identifier"}
	}
	span, err := timeformat.ParseRelative(c.Timespan)
	switch {
	case err != nil:
		return fmt.Errorf("--timespan: %w", err)
	case span < time.Second:
		return errors.New("--timespan: at least 1 second is expected")
	case c.Threshold < 1:
		return errors.New("--threshold: a number from 1 is expected")
	}
	c.span = span.Microseconds()
	place := tally.Place{Form: &form{env}, Alive: func(tally.Entry) bool { return true }}
	place.Prefix, place.Prepared = names(c.Fields, c.Threshold, c.span)
	if c.counts, err = c.OpenTally(ctx, env, place); err != nil {
		return err
	}
	return stage.Fatal(c.load(ctx))
}

// load finds out what is open.
func (c *Command) load(ctx context.Context) error {
	c.open = nil
	err := c.counts.All(ctx, func(key tally.Key, e tally.Entry) { c.open = append(c.open, opened{e.Since, key}) })
	slices.SortFunc(c.open, oldest)
	return err
}

func oldest(a, b opened) int { return cmp.Compare(a.since, b.since) }

// Process counts an event. It does not pass on.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	c.begun = true
	now := c.counts.Now()
	if err := c.pass(ctx, now, false, emit); err != nil {
		return err
	}
	n, err := number(m)
	if err != nil {
		return err
	}
	key := m.Hash(c.Fields, true)
	e, err := c.counts.Get(ctx, key)
	if err != nil {
		return stage.Fatal(err)
	}
	if sum := e.Count + n; (sum > e.Count) != (n > 0) {
		return fmt.Errorf("extra.count: %d and %d, which were counted before, are too many", n, e.Count)
	}
	change := tally.Entry{Count: n, Since: e.Since, Seen: now, First: e.First, Last: timeOf(m, now)}
	if e.Since == 0 {
		change.Since, change.First = now, m.String()
		o := opened{now, key}
		at, _ := slices.BinarySearchFunc(c.open, opened{now + 1, key}, oldest)
		c.open = slices.Insert(c.open, at, o)
	}
	return stage.Fatal(c.counts.Add(ctx, key, change))
}

// pass passes on what is due, or all.
func (c *Command) pass(ctx context.Context, now int64, all bool, emit stage.Emit) error {
	for len(c.open) > 0 {
		o := c.open[0]
		// What began in the future began while the clock was ahead, by how much is not known.
		if age := now - o.since; !all && age <= c.span && age >= -c.span {
			return nil
		}
		c.open = c.open[1:]
		e, err := c.counts.Get(ctx, o.key)
		if err == nil {
			err = c.counts.Add(ctx, o.key, tally.Entry{Anew: true})
		}
		if err != nil {
			return stage.Fatal(err)
		}
		if e.Since == 0 || e.Count < c.Threshold {
			continue
		}
		if err := c.emit(e, emit); err != nil {
			return err
		}
	}
	return nil
}

// emit passes on the event that stands for all that were collected.
func (c *Command) emit(e tally.Entry, emit stage.Emit) error {
	m := event.New(event.Event, c.env.Dictionary)
	if err := m.Decode([]byte(e.First)); err != nil {
		return stage.Fatal(fmt.Errorf("an event in the state: %w", err))
	}
	since := time.UnixMicro(e.Since)
	if own, err := time.Parse(time.RFC3339, m.Get("time.source")); err != nil || own.After(since) {
		m.Set("time.source", format(e.Since))
	}
	m.SetInt("extra.count", e.Count)
	m.Set("extra.time_end", e.Last)
	return emit(m)
}

// Holds says that something may be due.
func (c *Command) Holds() time.Duration {
	if len(c.open) == 0 || !c.begun {
		return 0
	}
	return time.Second
}

// Flush passes on what is due while no event comes.
func (c *Command) Flush(ctx context.Context, emit stage.Emit) error {
	now, ok := c.counts.Idle()
	if !ok {
		return nil
	}
	return c.pass(ctx, now, false, emit)
}

// Finish ends a plain pipe.
func (c *Command) Finish(ctx context.Context, emit stage.Emit) error {
	if c.env.Controlled {
		return nil
	}
	return c.pass(ctx, c.counts.End(), c.FlushAtEnd || !c.counts.Durable(), emit)
}

// Checkpoint makes durable what was counted, as not yet acknowledged.
func (c *Command) Checkpoint(ctx context.Context, id string, emit stage.Emit) error {
	if id != "" {
		if err := c.pass(ctx, c.counts.End(), false, emit); err != nil {
			return err
		}
	}
	return c.counts.Checkpoint(ctx, id)
}

// Commit makes state of it.
func (c *Command) Commit(ctx context.Context, id string) error {
	if c.begun = true; id != "" && !c.counts.Durable() {
		return stage.Usage(errors.New("--state or --redis-cache-host is required in the pipeline of a source: what is collected would be lost with the process"))
	}
	changed, err := c.counts.Commit(ctx, id)
	if changed && err == nil {
		err = c.load(ctx)
	}
	return err
}

// Close gives up what was not committed.
func (c *Command) Close() error {
	if c.counts == nil {
		return nil
	}
	return c.counts.Close()
}
