// Package dshieldblock implements parse-dshield-block.
//
// parse-dshield-block: parse the block list of DShield, the most active networks
//
// The time of the events is when the list was made, as a comment above it says.
//
// # Examples
//
//	printf '192.0.2.0\t192.0.2.255\t24\t1200\tEXAMPLE\tAT\tabuse@example.org\n' |
//	  parse-dshield-block
package dshieldblock

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the columns of a network become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each network.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{
		Columns: []string{"start | end | bits | attacks | name | country | contact"},
		By:      "\t", Min: 3, Skip: []string{"#", "Start"}, Head: []string{"updated:"},
	},
	Rows: []feed.Column{
		{Text: "{start}/{bits}", To: "source.network"},
		{From: "attacks", To: "extra.attacks", Convert: "int"},
		{From: "name", To: "extra.network_name"},
		{From: "country", To: "source.geolocation.cc"},
		{From: "contact", To: "source.abuse_contact"},
		{From: "updated:", To: "time.source", Convert: "utc"},
	},
	Const: feed.Words{{"classification.type", "blacklist"}},
}
