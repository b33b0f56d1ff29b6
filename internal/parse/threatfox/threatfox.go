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
	"cmp"
	"fmt"
	"strings"

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
		{From: "ioc_type", Need: feed.Required},
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
	After: indicator,
	Rest:  feed.Extra,
}

// fields are those for types of indicators that are one value.
var fields = feed.Words{
	{"domain", "source.fqdn"},
	{"url", "source.url"},
	{"md5_hash", "malware.hash.md5"},
	{"sha1_hash", "malware.hash.sha1"},
	{"sha256_hash", "malware.hash.sha256"},
}

// indicator sets the field that the indicator belongs to.
func indicator(e *event.Message, row *feed.Record) error {
	value, typ := cmp.Or(row.Get("ioc_value"), row.Get("ioc")), row.Get("ioc_type")
	if typ == "ip:port" {
		i := strings.LastIndexByte(value, ':')
		if i < 0 {
			return fmt.Errorf("an address, a colon and a port are expected, not %q", value)
		}
		e.Set("source.ip", strings.Trim(value[:i], "[]"))
		e.Set("source.port", value[i+1:])
		return nil
	}
	field, ok := fields.Find(typ)
	if !ok {
		return fmt.Errorf("ioc_type %q is not known", typ)
	}
	e.Set(field, value)
	return nil
}
