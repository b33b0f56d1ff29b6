// Package sslbl implements parse-sslbl.
//
// parse-sslbl: parse the lists of TLS certificates, servers and clients of malware of SSLBL, by abuse.ch
//
// The three lists are told by the names of their columns, which stand in the
// last comment: certificates, by their SHA-1; addresses of the servers that had
// one; and JA3 fingerprints of clients.
//
// # Examples
//
//	printf '# Listingdate,SHA1\n2026-01-31 10:20:30,%040d\n' 7 | parse-sslbl
//	printf '# Firstseen,DstIP,DstPort\n2026-01-31 10:20:30,192.0.2.1,443\n' |
//	  parse-sslbl --name SSLBL
package sslbl

import (
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

var errNothing = errors.New("there is neither SHA1 nor DstIP nor ja3_md5")

// Table says what the columns become.
var Table = feed.Table{
	Format: feed.CSV{Commented: true},
	Rows: []feed.Column{
		{From: "Listingdate|Firstseen", To: "time.source", Convert: "utc"},
		{From: "SHA1", To: "extra.certificate_sha1", Convert: "lower"},
		{From: "DstIP", To: "source.ip"},
		{From: "DstPort", To: "source.port"},
		{From: "ja3_md5", To: "extra.ja3"},
		{From: "Lastseen", To: "extra.last_seen", Convert: "utc"},
		{From: "Listingreason", To: "event_description.text"},
		{From: "Listingreason", To: "malware.name", Convert: "before C&C | trim"},
	},
	After: func(e *event.Message, row *feed.Record) error {
		if !e.Has("extra.certificate_sha1") && !e.Has("source.ip") && !e.Has("extra.ja3") {
			return errNothing
		}
		typ := "c2-server"
		if e.Has("extra.ja3") {
			typ = "malware"
		}
		e.Set("classification.type", typ)
		return nil
	},
}
