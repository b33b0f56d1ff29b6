// Package openphishcommercial implements parse-openphish-commercial.
//
// parse-openphish-commercial: parse the commercial feed of OpenPhish
//
// Each line is an object that describes a phishing site.
//
// # Examples
//
//	echo '{"url":"https://www.example.org/login","brand":"Example"}' |
//	  parse-openphish-commercial
package openphishcommercial

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the members of a site become.
var Table = feed.Table{
	Format: feed.JSON{Lines: true, List: true},
	Rows: []feed.Column{
		{From: "url", To: "source.url"},
		{From: "ip", To: "source.ip"},
		{From: "host", To: "source.fqdn", Need: feed.Soft},
		{From: "asn", To: "source.asn", Convert: "asn", Need: feed.Soft},
		{From: "asn_name", To: "source.as_name"},
		{From: "country_code", To: "source.geolocation.cc", Need: feed.Soft},
		{From: "country_name", To: "source.geolocation.country", Need: feed.Soft},
		{From: "isotime|discover_time", To: "time.source", Convert: "utc", Need: feed.Soft},
		{From: "screenshot", To: "screenshot_url", Need: feed.Soft},
		{From: "brand", To: "extra."},
		{From: "emails", To: "extra."},
		{From: "family_id", To: "extra."},
		{From: "page_language", To: "extra."},
		{From: "phishing_kit", To: "extra."},
		{From: "sector", To: "extra."},
		{From: "ssl_cert_issued_by", To: "extra."},
		{From: "ssl_cert_issued_to", To: "extra."},
		{From: "ssl_cert_serial", To: "extra."},
		{From: "tld", To: "extra."},
	},
	Const: feed.Words{{"classification.type", "phishing"}},
}
