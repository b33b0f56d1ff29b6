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
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

var errNothing = errors.New("there is neither cidr nor asn")

// Table has the parts of a line, and the members of an object.
var Table = feed.Table{
	Format: feed.JSONOr{
		JSON: feed.JSON{Lines: true},
		Else: feed.Line{
			Pattern: `^AS(?P<asn>\d+)\s*;\s*(?P<cc>[^|]*?)\s*\|\s*(?P<asname>.*)$|^(?P<cidr>[^;\s]+)\s*;\s*(?P<sblid>.+)$`,
			Skip:    []string{";"}, Head: []string{"Last-Modified:"},
		},
	},
	Rows: []feed.Column{
		{From: "cidr", To: "source.network"},
		{From: "sblid", To: "extra.blocklist"},
		{From: "rir", To: "source.registry", Need: feed.Soft},
		{From: "asn", To: "source.asn"},
		{From: "cc", To: "source.geolocation.cc", Need: feed.Noted},
		{From: "asname", To: "source.as_name"},
		{From: "domain", To: "extra.domain"},
		{From: "Last-Modified:", To: "time.source", Convert: "utc"},
	},
	Const: feed.Words{{"classification.type", "spam"}},
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
