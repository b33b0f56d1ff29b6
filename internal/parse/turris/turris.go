// Package turris implements parse-turris.
//
// parse-turris: parse the greylist of Turris, addresses that its routers have seen attack
//
// An address makes an event for each kind of attack; the first line names the
// columns.
//
// # Examples
//
//	printf 'Address,Tags\n192.0.2.1,"smtp,port_scan"\n' | parse-turris
package turris

import (
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table says what the columns become.
var Table = feed.Table{
	Format: feed.CSV{Names: true, Raw: feed.FewQuotes},
	Split:  feed.Split{From: "Tags"},
	Rows: []feed.Column{
		{From: "Address", To: "source.ip"},
	},
	Cases: feed.Cases{
		From: "Tags",
		To:   []string{"classification.type", "protocol.transport", "protocol.application", "destination.port"},
		Is: [][]string{
			{"smtp", "brute-force", "tcp", "smtp", ""},
			{"http", "brute-force", "tcp", "http", "80"},
			{"ftp", "brute-force", "tcp", "ftp", "21"},
			{"telnet", "brute-force", "tcp", "telnet", "23"},
			{"port_scan", "scanner", "", "", ""},
			{"*", "", "", "", ""},
		},
	},
	After: func(e *event.Message, _ *feed.Record) error {
		if !e.Has("classification.type") { // another tag, which says how the address was seen
			return feed.ErrSkip
		}
		return nil
	},
}
