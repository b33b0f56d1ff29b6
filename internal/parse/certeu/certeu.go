// Package certeu implements parse-cert-eu.
//
// parse-cert-eu: parse the reports of CERT-EU in CSV
//
// Version 1.5 of the format is read. The columns threat type, ns1, ns2, response
// and recent are not: a row that has something in one of them fails. The accuracy
// of an event is that of the feed, times the confidence level of the row in percent.
//
// # Examples
//
//	printf '%s\n' 'confidence level,source ip,type,feed code,source bgp prefix,'\
//	'source asn,source as name,observation time,source time,tlp,'\
//	'description,target,count,source country,source city,'\
//	'source latitude,source longitude,source cc,source geohash,'\
//	'protocol,destination port,first seen,last seen,'\
//	'expiration date,status,url,domain name,abuse contact,version,'\
//	'threat type,ns1,ns2,response,recent' \
//	  '80,192.0.2.1,phishing,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,' |
//	  parse-cert-eu --name CERT-EU
package certeu

import (
	"fmt"
	"strconv"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/feed/accuracy"
)

// Table says what the columns become.
var Table = feed.Table{
	Format: feed.CSV{Names: true, Raw: feed.FewQuotes},
	Rows: []feed.Column{
		{From: "feed code", To: "extra.datasource", Need: feed.Present},
		{From: "source ip", To: "source.ip", Need: feed.Present},
		{From: "source bgp prefix", To: "source.network", Need: feed.Present},
		{From: "source asn", To: "source.asn", Need: feed.Present},
		{From: "source as name", To: "source.as_name", Need: feed.Present},
		{From: "observation time", To: "extra.cert_eu_time_observation", Convert: "utc", Need: feed.Noted},
		{From: "source time", To: "time.source", Convert: "utc", Need: feed.Present},
		{From: "tlp", To: "tlp", Need: feed.Present},
		{From: "description", To: "event_description.text", Need: feed.Present},
		{From: "target", To: "event_description.target", Need: feed.Present},
		{From: "count", To: "extra.count", Convert: "int", Need: feed.Present},
		{From: "source country", To: "source.geolocation.country", Need: feed.Present},
		{From: "source city", To: "source.geolocation.city", Need: feed.Present},
		{From: "source latitude", To: "source.geolocation.latitude", Need: feed.Present},
		{From: "source longitude", To: "source.geolocation.longitude", Need: feed.Present},
		{From: "source cc", To: "source.geolocation.geoip_cc", Need: feed.Present},
		{From: "source geohash", To: "extra.source.geolocation.geohash", Need: feed.Present},
		{From: "protocol", To: "protocol.application", Need: feed.Present},
		{From: "destination port", To: "destination.port", Need: feed.Present},
		{From: "first seen", To: "extra.first_seen", Need: feed.Present},
		{From: "last seen", To: "extra.last_seen", Need: feed.Present},
		{From: "expiration date", To: "extra.expiration_date", Need: feed.Present},
		{From: "confidence level", To: "feed.accuracy", With: confidence, Need: feed.Required, Overwrite: true},
		{From: "status", To: "status", Need: feed.Present},
		{From: "url", To: "source.url", Need: feed.Present},
		{From: "domain name", To: "source.fqdn", Need: feed.Present},
		{From: "abuse contact", To: "source.abuse_contact", Need: feed.Present},
		{To: "classification.type", Default: "other"},
	},
	Cases: feed.Cases{
		From: "type",
		To:   []string{"classification.type", "classification.identifier"},
		Is: [][]string{
			{"backdoor", "system-compromise", ""},
			{"blacklist", "blacklist", ""},
			{"botnet drone", "infected-system", ""},
			{"brute-force", "brute-force", ""},
			{"c2server", "c2-server", ""},
			{"compromised server", "system-compromise", ""},
			{"ddos infrastructure", "ddos", ""},
			{"ddos target", "ddos", ""},
			{"defacement", "unauthorised-information-modification", ""},
			{"dropzone", "other", "dropzone"},
			{"exploit url", "exploit", ""},
			{"ids alert", "ids-alert", ""},
			{"malware url", "malware-distribution", ""},
			{"malware-configuration", "malware-configuration", ""},
			{"phishing", "phishing", ""},
			{"ransomware", "infected-system", ""},
			{"scanner", "scanner", ""},
			{"spam infrastructure", "spam", ""},
			{"test", "test", ""},
			{"vulnerable service", "vulnerable-system", ""},
			{"*", "other", ""},
		},
	},
	After: check,
}

// confidence is a level in percent of the feed's accuracy.
func confidence(v harmonization.Value, row *feed.Record) (harmonization.Value, error) {
	if v.Empty() {
		return v, nil
	}
	level, err := strconv.Atoi(v.Text)
	if err != nil || level < 0 || level > 100 {
		return v, fmt.Errorf("feed.accuracy: a whole number from 0 to 100 is expected, not %q", v.Text)
	}
	return accuracy.Share(row.Event(), float64(level), 100), nil
}

// check refuses what belongs to another version of the format.
func check(_ *event.Message, row *feed.Record) error {
	for _, name := range []string{"type", "version", "threat type", "ns1", "ns2", "response", "recent"} {
		text := row.Get(name)
		switch {
		case !row.Has(name):
			return fmt.Errorf("the report has no column %s", name)
		case name == "type" || text == "" || name == "version" && text == "1.5":
		case name == "version":
			return fmt.Errorf("column version: 1.5 is expected, not %q", text)
		default:
			return fmt.Errorf("column %s: a value is not expected: %.60q", name, text)
		}
	}
	return nil
}
