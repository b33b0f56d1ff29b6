// Package ciarmy implements parse-ci-army.
//
// parse-ci-army: parse the list of CI Army, addresses with a bad reputation
//
// Each line is an address.
//
// # Examples
//
//	printf '192.0.2.1\n198.51.100.7\n' | parse-ci-army
package ciarmy

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the lines become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{Columns: []string{"ip"}, Skip: []string{"#"}},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
	},
	Const: feed.Words{{"classification.type", "blacklist"}},
}
