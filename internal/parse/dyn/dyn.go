// Package dyn implements parse-dyn.
//
// parse-dyn: parse the list of sites infected with Ponmocup, by cAPTure on dyndns.org
//
// Each line names a site that redirects to malware, and the site that is infected
// and sends its visitors there. It makes two events: one whose source redirects,
// and one whose source is infected. The time of both is when the list was made, as
// a comment above it says.
//
// # Examples
//
//	echo '192.0.2.1 www.example.org http://www.example.org/a example.net' |
//	  parse-dyn
package dyn

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

// Process makes two events of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&table, report, func(e *event.Message) error {
		if e.Err() != nil {
			return emit(e)
		}
		infected := e.Clone()
		for _, key := range []string{"ip", "fqdn", "url"} {
			source, destination := e.Get("source."+key), e.Get("destination."+key)
			infected.Set("source."+key, destination)
			infected.Set("destination."+key, source)
		}
		infected.Set("classification.type", "system-compromise")
		infected.Set("event_description.text", "The site is infected and sends its visitors to one that spreads malware.")
		if err := emit(e); err != nil {
			return err
		}
		return emit(infected)
	})
}

var table = feed.Table{
	Format: feed.Line{
		Columns: []string{"ip | domain | url | infected"},
		By:      " ", Skip: []string{"#"}, Head: []string{"last updated:"},
	},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip", Convert: "not /"},
		{From: "domain", To: "source.fqdn"},
		{From: "url", To: "source.url"},
		{From: "infected", To: "destination.fqdn"},
		{From: "last updated:", To: "time.source", Convert: "utc"},
	},
	Const: feed.Words{
		{"classification.type", "malware-distribution"},
		{"event_description.text", "The site redirects the visitors of an infected site to one that spreads malware."},
	},
}
