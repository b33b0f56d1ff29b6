// Package limit implements expert-limit.
//
// expert-limit: pass the first events, or the first of each kind within a time
//
// The first --count events pass, and the others are dropped. With --fields that many pass
// of each kind: of events that agree in these fields. An event that has none of them is
// of a kind as well. With --window counting begins anew when that time has gone by since
// the first event that was counted, for each kind apart.
//
// Unlike head it reads on, so that all commands of a pipeline come to a good end, and
// control lines pass. What was counted is kept in the file that --state names, which
// lives in the state directory if its name has no slash; without it, until the command
// ends.
//
// State advances with the stream. In a pipeline that a source owns an event counts once,
// whatever is killed; in a plain pipe state is saved at the end of the input.
//
// # Examples
//
//	printf '{"source.port":80}\n{"source.port":81}\n' | expert-limit --count 1
//	echo '{"source.asn":64496,"classification.type":"scanner"}' |
//	  expert-limit --count 1000 --fields source.asn,classification.type \
//	  --window '1 day' --state ./passed
package limit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/tally"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command says how many events pass.
type Command struct {
	Count  int64    `help:"Pass the first N." placeholder:"N" required:""`
	Fields []string `help:"Pass that many of each kind: events that agree in these fields." placeholder:"FIELD,…" field:"event"`
	Window string   `help:"Count anew after this time, such as \"1 hour\"." placeholder:"TIME"`
	State  string   `help:"Keep what was counted in FILE." placeholder:"FILE"`

	window int64 // microseconds, or 0
	now    int64 // the time of the last event: a window that comes again is at its own time
	counts *tally.Tally
}

// Start opens the state.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if c.Count < 0 {
		return errors.New("--count: a number from 0 is expected")
	}
	if c.Window != "" {
		window, err := timeformat.ParseRelative(c.Window)
		if err != nil {
			return fmt.Errorf("--window: %w", err)
		}
		if window < time.Second {
			return errors.New("--window: at least 1 second is expected")
		}
		c.window = window.Microseconds()
	}
	var err error
	c.counts, err = tally.OpenState(ctx, c.State, env, func(e tally.Entry) bool { return c.now == 0 || !c.over(e, c.now) })
	return err
}

// over says whether the window of a kind has ended. One that has begun in the future has
// begun while the clock was ahead, by how much is not known.
func (c *Command) over(e tally.Entry, now int64) bool {
	age := now - e.Since
	return c.window > 0 && (age > c.window || age < -c.window)
}

// Process drops what is beyond the limit.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	now := c.counts.Now()
	c.now = now
	key := m.Hash(c.Fields, true)
	e, err := c.counts.Get(ctx, key)
	if err != nil {
		return stage.Fatal(err)
	}
	change := tally.Entry{Count: 1, Since: e.Since}
	if e.Since == 0 || c.over(e, now) {
		e.Count, change.Since, change.Anew = 0, now, true
	}
	if e.Count >= c.Count {
		return nil
	}
	if err := c.counts.Add(ctx, key, change); err != nil {
		return stage.Fatal(err)
	}
	return emit(m)
}

// Checkpoint makes durable what was counted, as not yet acknowledged.
func (c *Command) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	return c.counts.Checkpoint(ctx, id)
}

// Commit makes state of it.
func (c *Command) Commit(ctx context.Context, id string) error {
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
