// Package abusechfeodotracker implements parse-abusech-feodotracker.
//
// parse-abusech-feodotracker: parse the list of command and control servers of Feodo Tracker
//
// The list is the JSON that abuse.ch publishes as ipblocklist.json. The time of
// an event is when the server was first seen, or else the day on which it was
// last online.
//
// # Examples
//
//	echo '[{"ip_address":"192.0.2.1","port":443,"malware":"Dridex"}]' |
//	  parse-abusech-feodotracker
//	echo '[{"ip_address":"192.0.2.1","first_seen":"2026-01-31 10:20:30"}]' |
//	  parse-abusech-feodotracker --name "Feodo Tracker"
package abusechfeodotracker

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the members of a server become.
var Table = feed.Table{
	Format: feed.JSON{},
	Rows: []feed.Column{
		{From: "ip_address", To: "source.ip", Need: feed.Required},
		{From: "port", To: "source.port"},
		{From: "last_online", To: "extra.last_online"},
		{From: "status", To: "status", Need: feed.Soft},
		{From: "as_number", To: "source.asn", Need: feed.Soft},
		{From: "as_name", To: "source.as_name", Need: feed.Soft},
		{From: "country", To: "source.geolocation.cc", Need: feed.Soft},
		{From: "hostname", To: "source.reverse_dns", Need: feed.Soft},
		{From: "malware", To: "malware.name", Need: feed.Soft},
		{From: "first_seen", To: "time.source", Need: feed.Noted, Or: []feed.Column{{From: "last_online"}}},
	},
	Const: feed.Words{{"classification.type", "c2-server"}},
}
