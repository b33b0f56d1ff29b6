// Package spool implements spool.
//
// spool: look at a spool, check it, put segments back
//
// A spool is the directory that output-spool fills and collect-spool empties.
// Each of its files is a segment, which is in one of these states:
//
//	new       for any consumer to take
//	claimed   a consumer is at work on it
//	orphaned  its consumer has died; the next one of that name takes it first
//	waiting   complete, until its source says that it is acknowledged
//	open      being written
//	left      by a writer that has died; whoever opens the spool next recovers it
//	bad       damaged, and set aside
//	lost      lines that could not be salvaged
//
// Files whose name begins with a dot are notes: .acked@NUMBER@SOURCE says up to
// where a consumer has acknowledged, and stays.
//
// spool list shows the segments, with their age in seconds, spool stat adds them
// up. spool verify reads all segments, and ends with exit code 1 if one of them
// is damaged or was set aside.
//
// spool requeue puts segments back into the queue: those named, or all that
// are bad and whole, and all that are orphaned. With --salvage it also makes
// new segments of the valid lines of damaged ones, and says how many are lost;
// those are kept in bad/NAME.lost. Where a line has changed and still is valid,
// nobody can tell, so look at it before you trust it. A segment that is waiting
// is put into the queue only if it is named. Do this if its source
// will not be run again; else it may be sent again, and be there twice.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | output-spool queue && spool list queue
//	echo '{"source.ip":"192.0.2.1"}' | output-spool queue && spool verify queue
package spool

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	queue "github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/durable/spool/look"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is spool.
type Command struct {
	List    listing  `cmd:"" help:"List segments."`
	Stat    totals   `cmd:"" help:"Add them up."`
	Verify  checking `cmd:"" help:"Check all segments."`
	Requeue requeue  `cmd:"" help:"Put segments back into the queue."`
}

type listing struct {
	JSON bool   `name:"json" help:"Print an object a line."`
	Dir  string `arg:"" help:"The directory of the spool."`
}

type totals struct {
	JSON bool   `name:"json" help:"Print an object."`
	Dir  string `arg:"" help:"The directory of the spool."`
}

type checking struct {
	JSON bool   `name:"json" help:"Print an object for each damaged segment."`
	Dir  string `arg:"" help:"The directory of the spool."`
}

type requeue struct {
	Salvage bool     `help:"Make new segments of the valid lines of damaged ones."`
	Dir     string   `arg:"" help:"The directory of the spool."`
	Names   []string `arg:"" optional:"" sep:"none" name:"name" help:"Names of segments, as spool list prints them."`
}

// Run lists segments.
func (l *listing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	all, err := look.List(l.Dir)
	if err != nil {
		return err
	}
	now := env.Now()
	out := bufio.NewWriter(stdout)
	for _, e := range all {
		age := age(now, e)
		if l.JSON {
			if err := printJSON(out, struct {
				look.Entry
				Age int64 `json:"age"`
			}{e, age}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(out, "%-8s %8d s %8d events %10d bytes  %s\n", e.State, age, e.Events, e.Bytes, printable(e.File))
	}
	return out.Flush()
}

// age is in seconds. A segment may be ahead of a clock that has gone back.
func age(now time.Time, e look.Entry) int64 {
	return max(0, int64(now.Sub(e.Sealed)/time.Second))
}

func printJSON(out io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// printable quotes a name that is not one of ours.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || strings.Contains(name, " ") {
		return quoted
	}
	return name
}

type sum struct {
	State    string `json:"state"`
	Segments int    `json:"segments"`
	Events   int    `json:"events"`
	Bytes    int64  `json:"bytes"`
	Oldest   int64  `json:"oldest"` // age in seconds
}

func (s *sum) add(e look.Entry, age int64) {
	s.Segments, s.Events, s.Bytes, s.Oldest = s.Segments+1, s.Events+e.Events, s.Bytes+e.Bytes, max(s.Oldest, age)
}

// Run adds up segments.
func (t *totals) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	all, err := look.List(t.Dir)
	if err != nil {
		return err
	}
	now := env.Now()
	sums := make([]sum, len(look.States)+1)
	for i, state := range look.States {
		sums[i].State = state
	}
	total := &sums[len(look.States)]
	total.State = "all"
	for _, e := range all {
		age := age(now, e)
		for i := range sums {
			if s := &sums[i]; s.State == e.State || s == total {
				s.add(e, age)
			}
		}
	}
	if t.JSON {
		byState := map[string]sum{}
		for _, s := range sums {
			byState[s.State] = s
		}
		return printJSON(stdout, byState)
	}
	out := bufio.NewWriter(stdout)
	for i := range sums {
		if s := &sums[i]; s.Segments > 0 || s == total {
			fmt.Fprintf(out, "%-8s %8d segments %10d events %12d bytes, the oldest %d s\n", s.State, s.Segments, s.Events, s.Bytes, s.Oldest)
		}
	}
	return out.Flush()
}

// Run checks all segments.
func (c *checking) Run(_ context.Context, _ *stage.Env, stdout io.Writer) error {
	out := bufio.NewWriter(stdout)
	damaged := 0
	segments, events, err := look.Verify(c.Dir, func(e look.Entry, d *segment.Damage) {
		damaged++
		if !c.JSON {
			fmt.Fprintf(out, "%s: %v\n", printable(e.File), d)
			return
		}
		// What cannot be written is noticed at Flush.
		printJSON(out, struct {
			look.Entry
			Offset int64  `json:"offset"`
			Reason string `json:"reason"`
		}{e, d.Offset, d.What})
	})
	if err == nil && damaged == 0 && !c.JSON {
		fmt.Fprintf(out, "%d segments with %d events: no damage\n", segments, events)
	}
	if err := cmp.Or(err, out.Flush()); err != nil {
		return err
	}
	if damaged > 0 {
		return fmt.Errorf("%s: %d of %d segments are damaged", c.Dir, damaged, segments)
	}
	return nil
}

// Run puts segments back.
func (r *requeue) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	out := bufio.NewWriter(stdout)
	var stayed []string
	err := queue.Requeue(ctx, r.Dir, r.Names, r.Salvage, queue.Options{Now: env.Now}, func(file, what string, err error) {
		if err != nil {
			stayed = append(stayed, file)
			var d *segment.Damage
			if errors.As(err, &d) {
				err = fmt.Errorf("%w; --salvage takes its valid lines", err)
			}
			env.Warn("%s: %v", file, err)
			return
		}
		fmt.Fprintf(out, "%s: %s\n", printable(file), what)
	})
	if err := cmp.Or(err, out.Flush()); err != nil {
		return err
	}
	if len(stayed) > 0 {
		return fmt.Errorf("%s: %d segments could not be requeued", r.Dir, len(stayed))
	}
	return nil
}
