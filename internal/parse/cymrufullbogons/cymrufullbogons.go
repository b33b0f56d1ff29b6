// Package cymrufullbogons implements parse-cymru-full-bogons.
//
// parse-cymru-full-bogons: parse the list of networks that nobody has been given, by Team Cymru
//
// The first line says when the list was made, which is the time of all events.
//
// # Examples
//
//	printf '# last updated (Sat Jan 31 10:20:30 2026 GMT)\n0.0.0.0/8\n' |
//	  parse-cymru-full-bogons
package cymrufullbogons

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the lines become.
var Table = feed.Table{
	Format: feed.Line{Columns: []string{"network"}, Skip: []string{"#", "//"}, Head: []string{"("}, KeepSkipped: true},
	Rows: []feed.Column{
		{From: "network", To: "source.ip|source.network"},
		{From: "(", To: "time.source", Convert: "before ) | utc"},
	},
	Const: feed.Words{{"classification.type", "blacklist"}},
}
