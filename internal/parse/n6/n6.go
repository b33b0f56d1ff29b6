// Package n6 implements parse-n6.
//
// parse-n6: parse the events of n6, the platform of CERT Polska
//
// An event of n6 makes an event for each of its addresses, or one if it has none.
// An event that contains TEST MESSAGE makes none. A name that is no valid name of
// malware is stored without the characters that are wrong, and as it was in
// event_description.text. Input is one object, several, or an array of them.
//
// # Examples
//
//	echo '{"type":"event","category":"bots","name":"sality","proto":"tcp",
//	  "time":"2026-01-31T10:20:30Z","address":[{"ip":"192.0.2.1"}]}' | parse-n6
package n6

import (
	"bytes"
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

// Tables says what the members of an event become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each address.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&table, report, func(e *event.Message) error {
		if raw, _ := e.Origin(); bytes.Contains(raw, []byte("TEST MESSAGE")) {
			e.Release()
			return nil
		}
		return emit(e)
	})
}

var table = feed.Table{
	Format: feed.JSON{Objects: true},
	Split:  feed.Split{From: "address", Keep: true},
	Rows: []feed.Column{
		{From: "time", To: "time.source", Convert: "utc"},
		{From: "dip", To: "destination.ip"},
		{From: "dport", To: "destination.port"},
		{From: "md5", To: "malware.hash.md5"},
		{From: "sha1", To: "malware.hash.sha1"},
		{From: "fqdn", To: "source.fqdn", Convert: "not unknown"},
		{From: "url", To: "source.url"},
		{From: "sport", To: "source.port"},
		{From: "proto", To: "protocol.transport"},
		{From: "id", To: "extra.feed_id"},
		{From: "adip", To: "extra.adip"},
		{From: "confidence", To: "extra.confidence"},
		{From: "expires", To: "extra.expires", Convert: "utc"},
		{From: "source", To: "extra.feed_source"},
		{From: "name", To: "malware.name", Or: []feed.Column{{With: printable}}},
		{From: "address.ip", To: "source.ip"},
		{From: "address.asn", To: "source.asn"},
		{From: "address.rdns", To: "source.reverse_dns"},
		{From: "address.cc", To: "source.geolocation.cc"},
	},
	After: classify,
}

// printable makes a name valid, and keeps it as it was.
func printable(v harmonization.Value, r *feed.Record) (harmonization.Value, error) {
	r.Event().Set("event_description.text", v.Text)
	return harmonization.Text(strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, v.Text)), nil
}

var errMissing = errors.New("type or category is missing")

// classify says what kind of event it is.
func classify(e *event.Message, row *feed.Record) error {
	if row.Has("address") && !e.Has("source.ip") {
		return errors.New("ip of an address is missing")
	}
	category := row.Value("category")
	switch {
	case row.Get("type") == "bl-update":
		e.Set("classification.taxonomy", "other")
		e.Set("classification.type", "blacklist")
		return nil
	case !row.Has("type"), !row.Has("category"):
		return errMissing
	case category.Kind == harmonization.Null:
		return nil
	}
	for _, c := range categories {
		if c[0] != category.Text {
			continue
		}
		e.Set("classification.taxonomy", c[1])
		e.Set("classification.type", c[2])
		identifier := c[3]
		if c[0] == "bots" && row.Has("name") {
			identifier = row.Get("name")
		}
		e.SetIf("classification.identifier", identifier)
		return nil
	}
	return fmt.Errorf("category %q is not known", category.Text)
}

// categories are those of n6, with taxonomy, type and identifier.
var categories = [][4]string{
	{"amplifier", "vulnerable", "vulnerable-system", "amplifier"},
	{"backdoor", "intrusions", "system-compromise", "hacked server"},
	{"bots", "malicious-code", "infected-system", "malware-generic"}, // or the name
	{"cnc", "malicious-code", "c2-server", "c&c server"},
	{"dns-query", "other", "other", "dns-query"},
	{"dos-attacker", "availability", "ddos", "dos-attacker"},
	{"dos-victim", "availability", "ddos", "dos-victim"},
	{"flow", "other", "other", "flow"},
	{"flow-anomaly", "other", "other", "flow-anomaly"},
	{"fraud", "fraud", "other", "fraud"},
	{"leak", "information-content-security", "data-leak", "leak"},
	{"malurl", "malicious-code", "exploit", "malurl"},
	{"malware-action", "malicious-code", "malware-configuration", "malware-configuration"},
	{"other", "other", "other", "other"},
	{"phish", "fraud", "phishing", "phishing"},
	{"proxy", "other", "proxy", "openproxy"},
	{"sandbox-url", "malicious-code", "infected-system", "sandboxurl"},
	{"scanning", "information-gathering", "scanner", "scanning"},
	{"server-exploit", "malicious-code", "exploit", "server-exploit"},
	{"spam", "abusive-content", "spam", "spam"},
	{"spam-url", "abusive-content", "spam", "spam-url"},
	{"tor", "other", "tor", "tor exit node"},
	{"vulnerable", "vulnerable", "other", "vulnerable"},
	{"webinject", "malicious-code", "malware-distribution", "malware"},
}
