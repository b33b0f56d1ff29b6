// Package certstream implements parse-certstream.
//
// parse-certstream: parse messages of a CertStream server, about certificates that were issued
//
// Each name in a certificate makes an event, with the message in raw. Messages of
// other kinds, such as heartbeats, make none. Input is one message, or one a line.
//
// # Examples
//
//	echo '{"data":{"leaf_cert":{"all_domains":["www.example.org"]},
//	  "seen":1769854830.5}}' | parse-certstream
package certstream

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the members of a message become.
var Table = feed.Table{
	Format: feed.JSON{Objects: true},
	Split:  feed.Split{From: "data.leaf_cert.all_domains"},
	Rows: []feed.Column{
		{From: "data.leaf_cert.all_domains", To: "source.fqdn|source.ip", Need: feed.Required},
		{From: "data.seen", To: "time.source", Convert: "millis", Need: feed.Present},
	},
	Const: feed.Words{{"classification.type", "other"}},
}
