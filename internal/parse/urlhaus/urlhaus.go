// Package urlhaus implements parse-urlhaus.
//
// parse-urlhaus: parse the lists of URLs of malware of URLhaus, by abuse.ch
//
// All forms are read in which URLhaus publishes: the CSV of the database, with
// the names of its columns in the last comment, the CSV of one country, top
// level domain or AS, the JSON of the database, and the answers of the API.
// What is no field of events goes below extra.
//
// # Examples
//
//	printf '# id,url,threat\n7,http://example.org/a,malware_download\n' |
//	  parse-urlhaus
//	echo '{"1":[{"url":"http://example.org/a","threat":"malware_download"}]}' |
//	  parse-urlhaus --name URLhaus
package urlhaus

import "github.com/intelpipe/intelpipe/internal/feed"

// Table has the names of CSV, of JSON and of the API.
var Table = feed.Table{
	Format: feed.JSONOr{
		JSON: feed.JSON{Members: true, Status: "query_status ok no_results", In: "urls"},
		Else: feed.CSV{Commented: true, Blanks: true},
	},
	Rows: []feed.Column{
		{From: "dateadded|date_added|Dateadded (UTC)", To: "time.source", Convert: "utc"},
		{From: "url|URL", To: "source.url", Need: feed.Required},
		{From: "url_status|URL_status", To: "status"},
		{From: "threat|Threat", To: "classification.type", Words: feed.Words{{"malware_download", "malware-distribution"}}, Default: "malware-distribution"},
		{From: "host", To: "source.ip|source.fqdn"},
		{From: "Host", To: "source.fqdn|"},
		{From: "IPaddress", To: "source.ip"},
		{From: "ASnumber", To: "source.asn"},
		{From: "Country", To: "source.geolocation.cc"},
		{From: "urlhaus_link|urlhaus_reference", To: "event_description.url"},
		{From: "tags", To: "extra.tags", Convert: "not None | list"},
	},
	Rest: feed.Extra,
}
