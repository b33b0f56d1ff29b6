// Package threshold implements expert-threshold.
//
// expert-threshold: pass the event that makes the number of its kind reach a threshold
//
// Events with the same content are counted, and the one with which the count reaches
// --threshold passes. The others are dropped: those before, and those after until
// --redis-cache-ttl seconds have gone by without such an event. Then counting begins
// anew. The event that passes gets the fields of --add-keys, and the count in
// extra.count; both replace what is there.
//
// What makes events the same is said as for expert-deduplicator: by default all fields
// count but raw and time.observation. With --filter-type whitelist only those of
// --filter-keys count: events that have none of these are all alike. time.observation
// never counts.
//
// Counts are kept in the file that --state names, which lives in the state directory if
// its name has no slash; without it, until the command ends. With --redis-cache-host they
// are kept in Redis, the way IntelMQ does, so that this command can take its place. Only
// one such command at a time can use a file, or a database.
//
// State advances with the stream. In a pipeline that a source owns an event counts once,
// whatever is killed, and events that come again are counted at the time at which they
// came first, except that Redis forgets a count by its own clock. In a plain pipe state is
// saved at the end of the input, and with Redis at once.
//
// # Examples
//
//	printf '{"source.ip":"192.0.2.1"}\n{"source.ip":"192.0.2.1"}\n' |
//	  expert-threshold --threshold 2
//	echo '{"source.ip":"192.0.2.1","classification.type":"brute-force"}' |
//	  expert-threshold --filter-type whitelist --filter-keys source.ip \
//	  --threshold 100 --redis-cache-ttl 600 --state ./attempts
package threshold

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/tally"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which events are the same, and how many there have to be.
type Command struct {
	FilterKeys    []string     `help:"The fields that do not count, raw and time.observation if none are named, or with whitelist the only ones that do." placeholder:"FIELD,…" field:"event"`
	FilterType    string       `help:"Whether the fields are left out (blacklist) or looked at (whitelist)." enum:"blacklist,whitelist" default:"blacklist"`
	Threshold     int64        `help:"Pass the event with which the count reaches N." default:"100" placeholder:"N"`
	AddKeys       stage.Object `help:"Fields to set on the event that passes." default:"json:{\"comment\":\"Threshold reached\"}" placeholder:"json:{…}" field:"event"`
	Bypass        bool         `help:"Pass everything: count nothing, and add nothing."`
	RedisCacheTtl int64        `help:"Begin anew after SECONDS without such an event, also without Redis." default:"3600" placeholder:"SECONDS"`
	tally.Flags   `set:"redis_cache_db=11"`

	only   bool
	add    []field
	now    int64 // the time of the last event, in microseconds: a window that comes again is at its own time
	counts *tally.Tally
}

type field struct {
	key   string
	value harmonization.Value
}

// Start opens the state.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.only = c.FilterType == "whitelist"
	if len(c.FilterKeys) == 0 && !c.only {
		c.FilterKeys = []string{"raw", "time.observation"}
	}
	switch {
	case c.only && len(c.FilterKeys) == 0:
		return errors.New("--filter-type whitelist without --filter-keys would make all events alike")
	case c.Threshold < 1:
		return errors.New("--threshold: a number from 1 is expected")
	case c.RedisCacheTtl < 1 || c.RedisCacheTtl > maxTtl:
		return fmt.Errorf("--redis-cache-ttl: a number of seconds from 1 to %d is expected", maxTtl)
	}
	if c.add, err = fields(env.Dictionary, c.AddKeys); err != nil || c.Bypass {
		return err
	}
	alive := func(e tally.Entry) bool { return !c.over(e, c.now) }
	form := &form{c.RedisCacheTtl, env.Now}
	c.counts, err = c.OpenTally(ctx, env, tally.Place{Form: form, Prepared: "expert-threshold.prepared", Alive: alive})
	return err
}

const maxTtl = 1 << 31

// fields are those of --add-keys, in the order of their names.
func fields(d *harmonization.Dictionary, object stage.Object) (all []field, err error) {
	trial := event.New(event.Event, d)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text, err := json.Marshal(object[key])
		if err != nil {
			return nil, fmt.Errorf("--add-keys: %s: %w", key, err)
		}
		value, err := event.ParseValue(string(text))
		if err != nil {
			return nil, fmt.Errorf("--add-keys: %s: %w", key, err)
		}
		if trial.SetValue(key, value); trial.Err() != nil {
			return nil, fmt.Errorf("--add-keys: %w", trial.Err())
		}
		all = append(all, field{key, value})
	}
	return all, nil
}

// over says whether counting begins anew. A count that is from the future was made while
// the clock was ahead, and goes on.
func (c *Command) over(e tally.Entry, now int64) bool {
	return e.Seen != 0 && now-e.Seen > c.RedisCacheTtl*int64(time.Second/time.Microsecond)
}

// Process counts an event, and passes it if that makes the count reach the threshold.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if c.Bypass {
		return emit(m)
	}
	now := c.counts.Now()
	c.now = now
	key := m.Hash(c.FilterKeys, c.only)
	e, err := c.counts.Get(ctx, key)
	if err != nil {
		return stage.Fatal(err)
	}
	change := tally.Entry{Count: 1, Since: e.Since, Seen: now}
	if e.Since == 0 || c.over(e, now) {
		e.Count, change.Since, change.Anew = 0, now, true
	}
	if err := c.counts.Add(ctx, key, change); err != nil {
		return stage.Fatal(err)
	}
	if e.Count+1 != c.Threshold {
		return nil
	}
	for _, f := range c.add {
		m.SetValue(f.key, f.value)
	}
	m.SetInt("extra.count", c.Threshold)
	return emit(m)
}

// Checkpoint makes durable what was counted, as not yet acknowledged.
func (c *Command) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	if c.counts == nil {
		return nil
	}
	return c.counts.Checkpoint(ctx, id)
}

// Commit makes state of it.
func (c *Command) Commit(ctx context.Context, id string) error {
	if c.counts == nil {
		return nil
	}
	_, err := c.counts.Commit(ctx, id)
	return err
}

// Close gives up what was not committed.
func (c *Command) Close() error {
	if c.counts == nil {
		return nil
	}
	return c.counts.Close()
}
