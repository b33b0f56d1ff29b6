// Package bambenek implements parse-bambenek.
//
// parse-bambenek: parse the lists of command and control servers and DGA domains of Bambenek
//
// The name of the list, the last part of feed.url or else extra.file_name, says
// what it holds: c2-ipmasterlist addresses and c2-dommasterlist domains of command
// and control servers, dga-feed domains that malware generates. What follows in the
// name does not count, as in dga-feed-high.csv. A pipe has no name: give it one
// with --file-name.
//
// # Examples
//
//	echo '192.0.2.1,used by gozi,2026-01-31 10:20,http://example.org/gozi.txt' |
//	  parse-bambenek --file-name c2-ipmasterlist.txt
//	echo 'example.org,used by gozi,2026-01-31,http://example.org/gozi.txt' |
//	  parse-bambenek --file-name dga-feed.txt
package bambenek

import (
	"errors"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table says what the columns become.
var Table = feed.Table{
	List: "c2-ipmasterlist.txt",
	Format: feed.Line{
		Columns: []string{"indicator | text | date | url"},
		By:      ",", Skip: []string{"#"}, Recover: true,
	},
	Rows: []feed.Column{
		{From: "text", To: "event_description.text"},
		{From: "date", To: "time.source", Convert: "utc", Need: feed.Required},
		{From: "url", To: "event_description.url"},
		{From: "url", To: "malware.name", Convert: "last / | before .", Words: feed.Words{
			{"cl", "cryptolocker"},
			{"p2pgoz", "p2p goz"},
			{"ptgoz", "pt goz"},
			{"volatile", "volatile cedar"},
			{"*", "*"},
		}},
		{From: "indicator", To: "source.ip|source.fqdn", Need: feed.Required},
	},
	Cases: feed.Cases{
		From:    feed.List,
		Convert: "last / | before . | before -high",
		To:      []string{"classification.type", "status"},
		Is: [][]string{
			{"c2-ipmasterlist", "c2-server", "online"},
			{"c2-dommasterlist", "c2-server", "online"},
			{"dga-feed", "dga-domain", ""},
		},
	},
	After: func(e *event.Message, row *feed.Record) error {
		if e.Has("source.ip") != strings.Contains(row.Get(feed.List), "c2-ipmasterlist") {
			return errOther
		}
		return nil
	},
}

var errOther = errors.New("an address is expected in the lists of addresses, and nowhere else")
