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

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the parts of a line become.
var Table = feed.Table{
	Format: feed.Line{Pattern: `^(?P<ip>\S+)\s*#\s*(?P<seen>\S+\s+\S+)`, Skip: []string{"#"}},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
		{From: "seen", To: "time.source", Convert: "utc"},
	},
	Const: feed.Words{{"classification.type", "brute-force"}},
}
