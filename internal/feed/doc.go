// Package feed is what parsers are made of: the pieces of a report, and events
// that begin with what the report says about its feed.
//
// # Tables
//
// Most feeds are lists: each row is an event, and each column, or member of an
// object, is one of its fields. A parser for such a feed is a Table, which is
// data. Make one with
//
//	scripts/new parse-foo table
//
// and write down the columns in the order in which the feed has them:
//
//	var Table = feed.Table{
//		Format: feed.Line{Columns: []string{"asn|ip|seen|kind"}, By: "|", Skip: []string{"#"}},
//		Rows: []feed.Column{
//			{From: "asn", To: "source.asn", Convert: "not NA"},
//			{From: "ip", To: "source.ip", Need: feed.Required},
//			{From: "seen", To: "time.source", Convert: "utc"},
//		},
//		Cases: feed.Cases{
//			From: "kind",
//			To:   []string{"classification.type", "protocol.application"},
//			Is: [][]string{
//				{"sshpwauth", "brute-force", "ssh"},
//				{"dnsversion", "scanner", "dns"},
//			},
//		},
//	}
//
// The format is one of
//
//	CSV{Names: true}          comma-separated text whose first line names the columns
//	CSV{Commented: true}      the same where a comment names them
//	CSV{Columns: ...}         the same without such a line
//	Line{Columns: ..., By: "|"}   lines that are split, or match a Pattern
//	JSON{}                    an array of objects; Lines: one object a line; Objects: one or more;
//	                          Members: an object whose members have them
//	JSONOr{JSON{}, CSV{}}     JSON if it begins with { or [, else CSV
//
// A value is converted (Convert, With), replaced (Words), and stored under To in
// the form that the data format wants. Empty values, "-" and "N/A" store nothing.
// A value that the field does not take makes the row fail: it goes into the dump
// with the reason, and the next row follows. Need: feed.Soft leaves it out instead.
// A field is set once; a second value makes the row fail, too, unless the column
// says Overwrite.
//
// What columns cannot say is said by After, which is given the event and the row,
// once all columns are done:
//
//	func after(e *event.Message, row *feed.Record) error {
//		if row.Get("severity") == "0" {
//			return feed.ErrSkip
//		}
//		e.SetIf("extra.from", row.Report().Get("feed.url"))
//		return nil
//	}
//
// A package with the variable Table is a command. One whose reports are of several
// kinds, or that has flags, has a Command instead, which embeds Parser, has a table
// for each kind, and chooses in Process. One test holds all tables against the data
// format: fields, words, converters.
//
// # Converters
//
// Column.Convert names these, with | between several; blanks around it do not
// count:
//
//	utc            a time in any form, in UTC if it names no zone
//	time           the same, in the zone of --timezone if it names none
//	time FORMAT    a time in the form of strptime
//	date FORMAT    the same without the time of day
//	time in ZONE   the same in a zone, as time in Europe/Berlin and time FORMAT in +02:00
//	epoch          seconds since 1970, also with a fraction
//	millis         seconds or milliseconds since 1970
//	windows        units of 100 ns since 1601
//
//	int, float     a number
//	comma          the number 1234.5 for 1.234,5
//	hex            a number written 0x1f, or 1f
//	bool           yes, no, true, false, enabled, disabled, y, n, 1, 0; no value for all else
//	nonzero        no value if it is 0
//	not TEXT       no value if it is TEXT
//
//	lower, upper   letters
//	trim CHARS     without these characters, or white space, at both ends
//	before TEXT    what stands before the first TEXT, or all
//	after TEXT     what stands behind the first TEXT, or nothing
//	last TEXT      what stands behind the last TEXT, or all
//	word           the first word
//	add TEXT       with TEXT behind it
//	refang         http://example.org for hxxp://example[.]org
//
//	list TEXT      a list of what stands between TEXT, or between commas
//	json           what JSON text says
//
//	url PREFIX     with PREFIX, or http://, before it if it has no protocol
//	scheme         of a URL
//	host, port     of a URL, or of host:port
//	query NAME     the parameter NAME of a URL
//	asn            64500 for AS64500
//	ip, network, fqdn   no value if it is none; a network has a /
//
// # Without a table
//
// Rows, Elements, Objects, Lines and Text yield the pieces of a report, and what cannot be
// read goes into the dump. Event begins an event for a piece.
package feed
