// Package bluelivcrimeserver implements parse-blueliv-crimeserver.
//
// parse-blueliv-crimeserver: parse the crime servers of Blueliv
//
// The service is gone, archives of its feed are still there. Input is a JSON
// array of servers.
//
// # Examples
//
//	echo '[{"url":"http://www.example.org/a","type":"PHISHING",
//	  "lastSeenAt":"2026-01-31T10:20:30+0000"}]' | parse-blueliv-crimeserver
package bluelivcrimeserver

import (
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table says what the members of a server become.
var Table = feed.Table{
	Format: feed.JSON{Objects: true, Sorted: true},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
		{From: "country", To: "source.geolocation.cc"},
		{From: "lastSeenAt", To: "time.source", Convert: "utc"},
		{From: "status", To: "extra.status"},
		{From: "confidence", To: "extra.confidence"},
		{From: "updatedAt", To: "extra.time_updated"},
		{From: "firstSeenAt", To: "extra.time_first_seen"},
	},
	Cases: feed.Cases{
		From: "type",
		To:   []string{"classification.type", "source.tor_node"},
		Is: [][]string{
			{"PHISHING", "phishing", ""},
			{"MALWARE", "malware-distribution", ""},
			{"EXPLOIT_KIT", "exploit", ""},
			{"BACKDOOR", "system-compromise", ""},
			{"TOR_IP", "proxy", "true"},
			{"C_AND_C", "c2-server", ""},
		},
	},
	After: func(e *event.Message, row *feed.Record) error {
		// The URL of a Tor node is often its address.
		if row.Get("type") == "TOR_IP" {
			e.Try("source.url", row.Value("url"))
		} else {
			e.SetIf("source.url", row.Get("url"))
		}
		return nil
	},
}
