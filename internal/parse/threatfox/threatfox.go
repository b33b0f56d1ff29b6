// Package threatfox implements parse-threatfox.
//
// parse-threatfox: parse the lists of indicators of ThreatFox, by abuse.ch
//
// The exports in CSV and JSON are read, and the answers of the API. An
// indicator is an address with its port, a domain, a URL or a hash, as ioc_type
// says. What is no field of events goes below extra.
//
// # Examples
//
//	printf '# ioc_value,ioc_type,threat_type\nexample.org,domain,botnet_cc\n' |
//	  parse-threatfox
//	echo '[{"ioc":"example.org","ioc_type":"domain","threat_type":"botnet_cc"}]' |
//	  parse-threatfox --name ThreatFox
package threatfox

import (
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table has the names of the exports, and of the API.
var Table = feed.Table{
	Format: feed.JSONOr{
		JSON: feed.JSON{Members: true, Status: "query_status ok no_result no_results", In: "data"},
		Else: feed.CSV{Commented: true, Blanks: true},
	},
	Rows: []feed.Column{
		{From: "first_seen_utc|first_seen", To: "time.source", Convert: "utc"},
		{From: "ioc_value|ioc", Need: feed.Required},
		{From: "ioc_type", Need: feed.Required, Words: types},
		{From: "ioc_value|ioc", To: "source.ip", Convert: "host", If: [2]string{"ioc_type", "ip:port"}},
		{From: "ioc_value|ioc", To: "source.port", Convert: "port", If: [2]string{"ioc_type", "ip:port"}},
		{From: "ioc_value|ioc", To: "source.fqdn", If: [2]string{"ioc_type", "domain"}},
		{From: "ioc_value|ioc", To: "source.url", If: [2]string{"ioc_type", "url"}},
		{From: "ioc_value|ioc", To: "malware.hash.md5", If: [2]string{"ioc_type", "md5_hash"}},
		{From: "ioc_value|ioc", To: "malware.hash.sha1", If: [2]string{"ioc_type", "sha1_hash"}},
		{From: "ioc_value|ioc", To: "malware.hash.sha256", If: [2]string{"ioc_type", "sha256_hash"}},
		{From: "threat_type", To: "classification.type", Need: feed.Required, Words: feed.Words{
			{"botnet_cc", "c2-server"},
			{"payload_delivery", "malware-distribution"},
			{"payload", "malware"},
			{"cc_skimming", "malware-distribution"},
		}},
		{From: "malware_printable", To: "malware.name", Words: feed.Words{{"Unknown malware", ""}, {"*", "*"}}},
		{From: "fk_malware|malware", To: "extra.malware"},
		{From: "reference", To: "event_description.url|extra.reference", Words: feed.Words{{"None", ""}, {"*", "*"}}},
		{From: "tags", To: "extra.tags", Convert: "not None | list"},
	},
	After: func(e *event.Message, row *feed.Record) error {
		if row.Get("ioc_type") == "ip:port" && !e.Has("source.port") {
			return errPort
		}
		return nil
	},
	Rest: feed.Extra,
}

var errPort = errors.New("an address, a colon and a port are expected")

// types are those of indicators.
var types = feed.Words{{"ip:port", ""}, {"domain", ""}, {"url", ""}, {"md5_hash", ""}, {"sha1_hash", ""}, {"sha256_hash", ""}}
