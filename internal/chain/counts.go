package chain

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// counts are what became of the messages of a stage. Those of a parser are the
// pieces of its reports: each becomes an event, or fails.
type counts struct {
	read    int64
	passed  int64 // to the next stage; of an output, what it has taken
	aside   int64 // to a path of --to
	dropped int64 // neither passed nor failed
	failed  atomic.Int64
	kept    int64 // of those that failed, in the dump
}

// gone is how many messages have left the stage in one way or the other.
func (c *counts) gone() int64 { return c.passed + c.aside + c.failed.Load() }

// summary is the last line that a stage says. dump is how the command dump finds
// what has failed.
func (c *counts) summary(kind Kind, dump string) string {
	failed := c.failed.Load()
	read, passed, dropped, verb := c.read, c.passed, c.dropped, "passed"
	switch kind {
	case Parser, Collector:
		read, dropped = passed+failed, 0
	case Output:
		passed, dropped, verb = read-failed, 0, "written"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "read %d, %s %d", read, verb, passed)
	if c.aside > 0 {
		fmt.Fprintf(&b, ", to other paths %d", c.aside)
	}
	if dropped > 0 {
		fmt.Fprintf(&b, ", dropped %d", dropped)
	}
	if failed > 0 {
		fmt.Fprintf(&b, ", failed %d", failed)
	}
	switch {
	case c.kept > 0 && c.kept < failed:
		fmt.Fprintf(&b, " (%d kept: dump list %s)", c.kept, dump)
	case c.kept > 0:
		fmt.Fprintf(&b, " (kept: dump list %s)", dump)
	}
	return b.String()
}
