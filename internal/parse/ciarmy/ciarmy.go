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

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the lines become.
var Table = feed.Table{
	Format: feed.Line{Columns: []string{"ip"}, Skip: []string{"#"}},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
	},
	Const: feed.Words{{"classification.type", "blacklist"}},
}
