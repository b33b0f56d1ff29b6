// Package microsoftbingmurls implements parse-microsoft-bingmurls.
//
// parse-microsoft-bingmurls: parse the malicious URLs that Bing reports in Microsoft Interflow
//
// Version 1.5 of the feed is read. An indicator with a member that is not known
// fails, and so does one whose times of the first and the last report differ.
//
// # Examples
//
//	echo '[{"Version":1.5,"IndicatorThreatType":"MaliciousUrl",
//	  "Url":"http://www.example.org/a","NetworkDestinationIPv4":"192.0.2.1"}]' |
//	  parse-microsoft-bingmurls
package microsoftbingmurls

import (
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table says what the members of an indicator become.
var Table = feed.Table{
	Format: feed.JSON{Sorted: true},
	Rows: []feed.Column{
		{From: "Version", Need: feed.Required, Words: feed.Words{{"1.5", "1.5"}}},
		{From: "Attributable", To: "extra.attributable"},
		{From: "Description", To: "event_description.text"},
		{From: "IndicatorThreatType", To: "classification.identifier", Need: feed.Required, Words: feed.Words{{"MaliciousUrl", "MaliciousUrl"}}},
		{From: "TLPLevel", To: "tlp"},
		{From: "FirstReportedDateTime", To: "time.source", Convert: "utc"},
		{From: "LastReportedDateTime"},
		{From: "NetworkDestinationAsn", To: "source.asn", Convert: "nonzero"},
		{From: "NetworkDestinationIPv4", To: "source.ip", Convert: "not 0.0.0.0|not 255.255.255.255"},
		{From: "NetworkDestinationPort", To: "source.port"},
		{From: "Url", To: "source.url"},
		{From: "IsProductLicensed", To: "extra.isproductlicensed"},
		{From: "IsPartnerShareable", To: "extra.ispartnershareable"},
		{From: "IndicatorProvider", To: "extra.indicator_provider"},
		{From: "IndicatorExpirationDateTime", To: "extra.indicator_expiration_date_time"},
		{From: "ThreatDetectionProduct", To: "extra.threat_detection_product"},
		{From: "Tags"},
	},
	Const: feed.Words{{"classification.type", "blacklist"}},
	Rest:  feed.Refuse,
	After: after,
}

var errTimes = errors.New("FirstReportedDateTime and LastReportedDateTime differ")

func after(e *event.Message, row *feed.Record) error {
	if row.Has("LastReportedDateTime") && row.Get("LastReportedDateTime") != row.Get("FirstReportedDateTime") {
		return errTimes
	}
	// A single tag is a country.
	if tags := row.Value("Tags"); row.Has("Tags.0") && !row.Has("Tags.1") {
		if cc := row.Get("Tags.0"); cc != "??" {
			e.SetIf("source.geolocation.cc", cc)
		}
	} else if !tags.Empty() {
		e.SetValue("extra.tags", tags)
	}
	return nil
}
