// Package alienvaultotx implements parse-alienvault-otx.
//
// parse-alienvault-otx: parse the pulses of AlienVault OTX
//
// Input is a JSON array of pulses, as collect-alienvault-otx sends it, or one
// pulse. Each indicator of a pulse makes an event; kinds of indicators that have
// no field, such as Mutex and YARA, make none. If one indicator of a pulse is not
// valid, none makes an event, and the dump has the pulse.
//
// # Examples
//
//	echo '[{"id":"1","name":"Some pulse","author_name":"somebody",
//	  "description":"","modified":"2026-01-31T10:20:30.000000",
//	  "indicators":[{"type":"IPv4","indicator":"192.0.2.1",
//	  "created":"2026-01-31T10:20:30"}]}]' | parse-alienvault-otx
package alienvaultotx

import (
	"errors"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table says what the members of a pulse become.
var Table = feed.Table{
	Format:    feed.JSON{Objects: true},
	Split:     feed.Split{From: "indicators", Keep: true, Raw: true},
	KeepEmpty: true,
	Rows: []feed.Column{
		{From: "indicators.created", To: "time.source", Convert: "before .|utc"},
		{From: "description", To: "comment", Need: feed.Present},
		{From: "TLP", To: "tlp"},
		{From: "author_name", To: "extra.author", Need: feed.Present},
		{From: "name", To: "extra.pulse", Need: feed.Present},
		{From: "indicators.pulse_key|id", To: "extra.pulse_key"},
		{From: "tags", To: "extra.tags"},
		{From: "modified", To: "extra.time_updated", With: modified},
		{From: "industries", To: "extra.industries"},
		{From: "adversary", To: "extra.adversary"},
		{From: "targeted_countries", To: "extra.targeted_countries", With: filled},
	},
	After: indicator,
	Const: feed.Words{{"classification.type", "blacklist"}},
}

// modified is a time as the reference writes it, with two digits of the fraction.
func modified(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	switch {
	case v.Text == "":
		return v, nil
	case strings.Contains(v.Text, ".") && len(v.Text) > 4:
		return harmonization.Text(v.Text[:len(v.Text)-4] + "+00:00"), nil
	}
	return harmonization.Text(v.Text + ".00+00:00"), nil
}

// filled leaves out an empty list.
func filled(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	if strings.Trim(v.Text, "[] \t\r\n") == "" {
		return harmonization.Value{}, nil
	}
	return v, nil
}

var (
	errIndicators = errors.New("indicators is missing")
	errCreated    = errors.New("created of an indicator is missing")
)

// indicator stores what was seen.
func indicator(e *event.Message, row *feed.Record) error {
	switch {
	case !row.Object().Has("indicators"):
		return errIndicators
	case !row.Has("indicators"):
		return feed.ErrSkip // the list is empty
	case !row.Has("indicators.created"):
		return errCreated
	}
	text := row.Get("indicators.indicator")
	url := text
	if !strings.Contains(text, "://") {
		url = "http://" + text
	}
	typ := row.Get("indicators.type")
	switch typ {
	case "hostname", "domain":
		if strings.Contains(text, "/") {
			e.Set("source.url", url)
		} else {
			e.Set("source.fqdn", text)
		}
		return nil
	case "URI":
		if !e.Try("source.url", harmonization.Text(url)) {
			e.Set("source.urlpath", text)
		}
		return nil
	case "URL":
		e.Set("source.url", url)
		return nil
	}
	field, ok := kinds.Find(typ)
	if !ok {
		return feed.ErrSkip
	}
	e.Set(field, text)
	return nil
}

// kinds are types of indicators that are a field as they stand.
var kinds = feed.Words{
	{"FileHash-SHA256", "malware.hash.sha256"},
	{"FileHash-SHA1", "malware.hash.sha1"},
	{"FileHash-MD5", "malware.hash.md5"},
	{"IPv4", "source.ip"},
	{"IPv6", "source.ip"},
	{"email", "source.account"},
	{"CIDR", "source.network"},
	{"CVE", "extra.cve"},
}
