// Package fate is what becomes of the messages of a stage: they are counted, and
// those that fail are kept in the dump.
package fate

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// Kind is what a stage is in a chain.
type Kind int

const (
	Expert Kind = iota // also what is in no family, such as through
	Collector
	Parser
	Output
)

// Counts are what became of the messages of a stage. Those of a parser are the
// pieces of its reports: each becomes an event, or fails.
type Counts struct {
	Read    int64
	Passed  int64 // to the next stage; of an output, what it has taken
	Aside   int64 // to a path of --to
	Dropped int64 // neither passed nor failed
	Failed  atomic.Int64
	Kept    int64 // of those that failed, in the dump
}

// Gone is how many messages have left the stage in one way or the other.
func (c *Counts) Gone() int64 { return c.Passed + c.Aside + c.Failed.Load() }

// Summary is the last line that a stage says. dump is how the command dump finds
// what has failed.
func (c *Counts) Summary(kind Kind, dump string) string {
	failed := c.Failed.Load()
	read, passed, dropped, verb := c.Read, c.Passed, c.Dropped, "passed"
	switch kind {
	case Parser, Collector:
		read, dropped = passed+failed, 0
	case Output:
		passed, dropped, verb = read-failed, 0, "written"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "read %d, %s %d", read, verb, passed)
	if c.Aside > 0 {
		fmt.Fprintf(&b, ", to other paths %d", c.Aside)
	}
	if dropped > 0 {
		fmt.Fprintf(&b, ", dropped %d", dropped)
	}
	if failed > 0 {
		fmt.Fprintf(&b, ", failed %d", failed)
	}
	switch {
	case c.Kept > 0 && c.Kept < failed:
		fmt.Fprintf(&b, " (%d kept: dump list %s)", c.Kept, dump)
	case c.Kept > 0:
		fmt.Fprintf(&b, " (kept: dump list %s)", dump)
	}
	return b.String()
}
