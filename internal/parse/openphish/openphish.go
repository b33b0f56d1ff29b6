// Package openphish implements parse-openphish.
//
// parse-openphish: parse the free list of OpenPhish, addresses of phishing sites
//
// Each line is a URL.
//
// # Examples
//
//	echo 'https://www.example.org/login' | parse-openphish
package openphish

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
	Format: feed.Line{Columns: []string{"url"}},
	Rows: []feed.Column{
		{From: "url", To: "source.url"},
	},
	Const: feed.Words{{"classification.type", "phishing"}},
}
