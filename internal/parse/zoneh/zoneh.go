// Package zoneh implements parse-zoneh.
//
// parse-zoneh: parse the defaced web sites that Zone-H reports
//
// The report is the CSV that Zone-H sends to CERTs. The first line names the
// columns.
//
// # Examples
//
//	printf '%s\n' 'add_date,attacker,domain,ip_address,system,web_server,'\
//	'hackmode,defacement_id,country_code' '2026-01-31 10:20:30,someone,'\
//	'http://www.example.org/,192.0.2.1,Linux,nginx,other,1,AT' |
//	  parse-zoneh --name Zone-H
package zoneh

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the columns of a defacement become.
var Table = feed.Table{
	Format: feed.CSV{Names: true, Raw: feed.AsItStands},
	Rows: []feed.Column{
		{From: "domain", To: "source.url", Need: feed.Soft},
		{From: "domain", To: "source.fqdn", Convert: "host", Need: feed.Soft},
		{From: "domain", To: "protocol.application", Convert: "scheme", Need: feed.Present},
		{From: "add_date", To: "time.source", Convert: "utc", Need: feed.Present},
		{From: "ip_address", To: "source.ip", Need: feed.Soft},
		{From: "country_code", To: "source.geolocation.cc", Need: feed.Soft},
		{From: "accept_date", To: "extra.accepted_date"},
		{From: "attacker", To: "extra.actor", Need: feed.Present},
		{From: "web_server", To: "extra.http_target", Need: feed.Present},
		{From: "system", To: "extra.os.name", Need: feed.Present},
		{From: "hackmode", To: "extra.compromise_method", Need: feed.Present},
		{From: "defacement_id", To: "extra.zoneh_report_id", Need: feed.Present},
	},
	Const: feed.Words{
		{"classification.type", "unauthorised-information-modification"},
		{"classification.identifier", "compromised-website"},
		{"event_description.text", "defacement"},
	},
}
