// Package xarf implements parse-x-arf.
//
// parse-x-arf: parse reports of abuse in the formats of X-ARF
//
// Input is the part of a mail that is for machines: lines of Key: value (0.1, 0.2),
// or JSON (3 and 4). parse-mail takes it out of the mail:
//
//	parse-mail --content-types none --attach-regex '^report[.]txt$|[.]json$' |
//	  parse-x-arf
//
// What kind of incident it is about follows from Report-Type, ReportType, or
// category and type; what is not known is undetermined. What is no field of
// events goes below extra.
//
// # Examples
//
//	printf 'Report-Type: login-attack\nSource: 192.0.2.1\nService: ssh\n' |
//	  parse-x-arf
//	echo '{"Report":{"ReportType":"Spam","SourceIp":"192.0.2.1"}}' |
//	  parse-x-arf
package xarf

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the members become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// maxReport bounds a report, in bytes.
const maxReport = 16 << 20

// Process makes an event of a report.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if first := feed.First(report); first == '{' || first == '[' {
		return c.Parse(&table, report, emit)
	}
	text, err := feed.Text(report, maxReport)
	if err != nil || strings.TrimSpace(text) == "" {
		return err
	}
	e := feed.Event(report, text)
	if err := fill(e, text); err != nil {
		e.Fail(err)
	}
	return emit(e)
}

// types are the kinds of incidents, by the words of all versions in small letters and
// without what stands between words.
var types = feed.Words{
	{"loginattack", "brute-force"},
	{"bruteforce", "brute-force"},
	{"portscan", "scanner"},
	{"scan", "scanner"},
	{"phishing", "phishing"},
	{"spam", "spam"},
	{"malwareattack", "malware-distribution"},
	{"malware", "malware-distribution"},
	{"ddos", "ddos"},
	{"bot", "infected-system"},
	{"botnet", "infected-system"},
	{"copyright", "copyright"},
	{"trademark", "copyright"},
	{"openservice", "potentially-unwanted-accessible"},
	{"vulnerability", "vulnerable-system"},
	{"exploit", "exploit"},
	{"fraud", "masquerade"},
	{"defacement", "unauthorised-information-modification"},
	{"cve", "vulnerable-system"},
}

// typ is the type of an incident that X-ARF calls so.
func typ(word string) string {
	word = strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
	for _, t := range types {
		if t[0] == word {
			return t[1]
		}
	}
	return "undetermined"
}

// names are the fields for the keys of lines.
var names = feed.Words{
	{"date", "time.source"},
	{"destination", "destination.ip"},
	{"destination-port", "destination.port"},
	{"service", "protocol.application"},
	{"transport-protocol", "protocol.transport"},
}

var (
	errLine   = errors.New("a key, a colon and a value are expected in each line")
	errSource = errors.New("there is no source")
)

// fill reads lines of keys and values.
func fill(e *event.Message, text string) error {
	e.Set("classification.type", "undetermined")
	found := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n \t")
		if line == "" || line == "---" || line == "..." || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("%w, not %.60q", errLine, line)
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		switch key = strings.ToLower(strings.TrimSpace(key)); key {
		case "source":
			found = true
			if !e.Try("source.ip", harmonization.Text(value)) && !e.Try("source.fqdn", harmonization.Text(value)) && !e.Try("source.url", harmonization.Text(value)) {
				e.SetIf("source.account", value)
			}
		case "report-type":
			e.Set("classification.type", typ(value))
			e.SetIf("extra.report_type", value)
		case "port": // of the service that was attacked
			e.SetIf("destination.port", value)
		default:
			e.SetIf(field(key), value)
		}
	}
	if !found {
		return errSource
	}
	return nil
}

func field(key string) string {
	for _, n := range names {
		if n[0] == key {
			return n[1]
		}
	}
	return feed.ExtraKey(strings.ReplaceAll(key, "-", "_"))
}

// table has the names of version 3, in Report, and of version 4.
var table = feed.Table{
	Format: feed.JSON{Objects: true},
	Rows: []feed.Column{
		{From: "Report.ReportType|type", To: "extra.report_type"},
		{From: "Report.Date|timestamp", To: "time.source", Convert: "utc"},
		{From: "Report.SourceIp", To: "source.ip"},
		{From: "source_identifier", To: "source.ip|source.fqdn|source.url"},
		{From: "Report.SourcePort|source_port", To: "source.port"},
		{From: "Report.SourceUrl|url", To: "source.url", Need: feed.Soft},
		{From: "Report.DestinationIp|destination_ip", To: "destination.ip"},
		{From: "Report.DestinationPort|destination_port", To: "destination.port"},
		{From: "Report.Protocol|protocol", To: "protocol.transport|extra.protocol", Convert: "lower"},
		{From: "Report.Service|service", To: "protocol.application", Convert: "lower"},
		{From: "Report", To: "extra."},
		{From: "ReporterInfo", To: "extra.reporter"},
		{From: "reporter", To: "extra.reporter"},
		{From: "description", To: "event_description.text"},
	},
	After: func(e *event.Message, row *feed.Record) error {
		if !e.Has("source.ip") && !e.Has("source.fqdn") && !e.Has("source.url") {
			return errSource
		}
		word := row.Get("Report.ReportType")
		if word == "" {
			word = row.Get("type")
		}
		e.Set("classification.type", typ(word))
		return nil
	},
	Rest: feed.Extra,
}
