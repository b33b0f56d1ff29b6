package tool

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

// summary is the last line that a stage says.
func (n *node) summary() string {
	c := &n.counts
	failed := c.failed.Load()
	read, passed, dropped, verb := c.read, c.passed, c.dropped, "passed"
	switch {
	case n.flags.parserFlags != nil, n.collector != nil:
		read, dropped = passed+failed, 0
	case n.flags.outputFlags != nil:
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
		fmt.Fprintf(&b, " (%d kept: dump list %s)", c.kept, n.dumpName())
	case c.kept > 0:
		fmt.Fprintf(&b, " (kept: dump list %s)", n.dumpName())
	}
	return b.String()
}

// dumpName is how the command dump finds the dump.
func (n *node) dumpName() string {
	if n.flags.Dump != "" {
		return n.flags.Dump
	}
	return n.spec.Name
}

// sum says what became of the messages, where that is of interest: where some
// failed, to a person, and to whoever asks for it. If the reader of stdout has
// gone the numbers are not those of the input.
func (r *run) sum(readerGone bool) {
	r.voice.end()
	person := isTerminal(r.process.Stderr) && !readerGone
	for _, n := range r.nodes {
		if n.collector != nil && family(n.spec.Name) != "collect" {
			continue // a replay, which says more itself
		}
		if n.counts.failed.Load() > 0 || n.flags.Verbose || person {
			r.voice.line(n.spec.Name, n.summary())
		}
	}
}
