// Package dshieldasn implements parse-dshield-asn.
//
// parse-dshield-asn: parse the list of attackers in an autonomous system, by DShield
//
// The AS is the one that was asked for: as=NUMBER in feed.url, or else in
// extra.file_name. A pipe has no name: give it one with --file-name.
//
// # Examples
//
//	printf '192.000.002.001\t5\t3\t2026-01-01\t2026-01-31\t2026-01-31\n' |
//	  parse-dshield-asn --file-name 'asdetailsascii.html?as=64496'
package dshieldasn

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the columns of an attacker become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

var errNoAS = errors.New("neither feed.url nor extra.file_name names the AS; name it, for example --file-name 'asdetailsascii.html?as=64496'")

// Process makes an event of each attacker.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if number(report) == "" {
		return errNoAS
	}
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{
		Columns: []string{"ip | reports | targets | first seen | last seen | updated"},
		By:      "\t", Min: 6, Skip: []string{"#"},
	},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip", Need: feed.Required, With: unpadded},
		{From: "reports", To: "extra.reports", Convert: "int"},
		{From: "targets", To: "extra.targets", Convert: "int"},
		{From: "last seen", To: "extra.last_seen"},
		{From: "updated", To: "time.source", Convert: "utc"},
	},
	Const: feed.Words{{"classification.type", "brute-force"}},
	After: func(e *event.Message, row *feed.Record) error {
		e.Set("source.asn", number(row.Report()))
		return nil
	},
}

// number is that of the AS whose attackers a report lists.
func number(report *event.Message) string {
	u, err := url.Parse(cmp.Or(report.Get("feed.url"), report.Get("extra.file_name")))
	if err != nil {
		return ""
	}
	return u.Query().Get("as")
}

// unpadded is an address whose bytes are written with three digits each.
func unpadded(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	parts := strings.Split(v.Text, ".")
	for i, part := range parts {
		parts[i] = cmp.Or(strings.TrimLeft(part, "0"), part[:min(1, len(part))])
	}
	return harmonization.Text(strings.Join(parts, ".")), nil
}
