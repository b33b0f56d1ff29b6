// Package spamhausdrop implements parse-spamhaus-drop.
//
// parse-spamhaus-drop: parse the lists of hijacked networks of Spamhaus, DROP and ASN-DROP
//
// Both the text files and the JSON of today are read: drop.txt, edrop.txt,
// dropv6.txt and asndrop.txt, and drop_v4.json, drop_v6.json and asndrop.json,
// which have an object a line. In text the comment Last-Modified is the time of
// the events; in JSON the time stands at the end, and is left out.
//
// # Examples
//
//	echo '192.0.2.0/24 ; SBL123' | parse-spamhaus-drop
//	echo '{"asn":64496,"cc":"AT","asname":"EXAMPLE"}' | parse-spamhaus-drop
package spamhausdrop

import (
	"context"
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the columns and members become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&text, &objects} }

// Process makes an event of each network and AS.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if feed.First(report) == '{' {
		return c.Parse(&objects, report, emit)
	}
	return c.Parse(&text, report, emit)
}

var spam = feed.Words{{"classification.type", "spam"}}

var text = feed.Table{
	Format: feed.Line{
		Pattern: `^AS(?P<asn>\d+)\s*;\s*(?P<cc>[^|]*?)\s*\|\s*(?P<name>.*)$|^(?P<network>[^;\s]+)\s*;\s*(?P<id>.+)$`,
		Skip:    []string{";"}, Head: []string{"Last-Modified:"},
	},
	Rows: []feed.Column{
		{From: "network", To: "source.network"},
		{From: "id", To: "extra.blocklist"},
		{From: "asn", To: "source.asn"},
		{From: "cc", To: "source.geolocation.cc"},
		{From: "name", To: "source.as_name"},
		{From: "Last-Modified:", To: "time.source", Convert: "utc"},
	},
	Const: spam,
}

var errNothing = errors.New("there is neither cidr nor asn")

var objects = feed.Table{
	Format: feed.JSON{Lines: true},
	Rows: []feed.Column{
		{From: "cidr", To: "source.network"},
		{From: "sblid", To: "extra.blocklist"},
		{From: "rir", To: "source.registry", Need: feed.Soft},
		{From: "asn", To: "source.asn"},
		{From: "cc", To: "source.geolocation.cc", Need: feed.Soft},
		{From: "asname", To: "source.as_name"},
		{From: "domain", To: "extra.domain"},
	},
	Const: spam,
	After: func(e *event.Message, row *feed.Record) error {
		switch {
		case row.Get("type") == "metadata":
			return feed.ErrSkip
		case !e.Has("source.network") && !e.Has("source.asn"):
			return errNothing
		}
		return nil
	},
}
