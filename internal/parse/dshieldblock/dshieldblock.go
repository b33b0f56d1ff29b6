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

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the columns of a network become.
var Table = feed.Table{
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
