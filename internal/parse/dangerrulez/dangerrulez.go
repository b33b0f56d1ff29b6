// Package dangerrulez implements parse-danger-rulez.
//
// parse-danger-rulez: parse the list of hosts that try passwords, by danger.rulez.sk
//
// Behind the address of a host stands when it was seen last.
//
// # Examples
//
//	echo '192.0.2.1 # 2026-01-31 10:20:30 3 1234567' | parse-danger-rulez
package dangerrulez

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the parts of a line become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{Pattern: `^(?P<ip>\S+)\s*#\s*(?P<seen>\S+\s+\S+)`, Skip: []string{"#"}},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
		{From: "seen", To: "time.source", Convert: "utc"},
	},
	Const: feed.Words{{"classification.type", "brute-force"}},
}
