// Package phishtank implements parse-phishtank.
//
// parse-phishtank: parse the list of phishing sites of PhishTank
//
// The list is the JSON that PhishTank publishes as online-valid.json. Of the
// addresses of a site the first one is taken.
//
// # Examples
//
//	echo '[{"phish_id":"1","url":"http://www.example.org/login"}]' |
//	  parse-phishtank
package phishtank

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the members of a site become.
var Table = feed.Table{
	Format: feed.JSON{},
	Rows: []feed.Column{
		{From: "url", To: "source.url", Need: feed.Required},
		{From: "submission_time", To: "time.source", Convert: "utc", Need: feed.Noted},
		{From: "phish_detail_url", To: "event_description.url", Need: feed.Soft},
		{From: "target", To: "event_description.target", Need: feed.Soft},
		{From: "details.0.ip_address", To: "source.ip", Need: feed.Soft},
		{From: "details.0.cidr_block", To: "source.network", Need: feed.Soft},
		{From: "details.0.announcing_network", To: "source.asn", Need: feed.Soft},
		{From: "details.0.country", To: "source.geolocation.cc", Need: feed.Soft},
		{From: "phish_id", To: "extra.phishtank.phish_id"},
		{From: "verified", To: "extra.phishtank.verified"},
		{From: "verification_time", To: "extra.phishtank.verification_time"},
	},
	Const: feed.Words{{"classification.type", "phishing"}, {"status", "online"}},
}
