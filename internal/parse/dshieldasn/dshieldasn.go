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
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Table says what the columns of an attacker become.
var Table = feed.Table{
	List: "'asdetailsascii.html?as=64496'",
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
		{From: feed.List, To: "source.asn", Convert: "query as", Need: feed.Required},
	},
	Const: feed.Words{{"classification.type", "brute-force"}},
}

// unpadded is an address whose bytes are written with three digits each.
func unpadded(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	parts := strings.Split(v.Text, ".")
	for i, part := range parts {
		parts[i] = cmp.Or(strings.TrimLeft(part, "0"), part[:min(1, len(part))])
	}
	return harmonization.Text(strings.Join(parts, ".")), nil
}
