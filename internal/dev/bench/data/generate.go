// Package data generates what the benchmark reads. It is the same on every machine and
// in every run, and its addresses are those reserved for documentation.
package data

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Generate writes n rows, events or prefixes, as kind says: csv, events, routes, places or
// constituencies; or, for stream:PARSER, n bytes and a little more of what that parser reads.
func Generate(w io.Writer, kind string, n int) error {
	switch kind {
	case "csv":
		return writeCSV(w, n)
	case "events":
		return writeEvents(w, n)
	case "routes":
		return writeRoutes(w, n)
	case "places":
		return writePlaces(w, n)
	case "constituencies":
		return writeConstituencies(w, n)
	}
	if name, ok := strings.CutPrefix(kind, "stream:"); ok {
		if i := slices.IndexFunc(Streams, func(s Stream) bool { return s.Command == name }); i >= 0 {
			return Streams[i].write(w, int64(n))
		}
	}
	return fmt.Errorf("cannot generate %q: csv, events, routes, places, constituencies and stream:PARSER are known", kind)
}

// writeCSV writes the header and n rows of a feed of 40 columns.
func writeCSV(w io.Writer, n int) error {
	return write(w, n, appendHeader(nil), func(b []byte, r *record) []byte {
		return append(appendRow(b, r), '\n')
	})
}

// writeEvents writes n harmonized events, one a line.
func writeEvents(w io.Writer, n int) error {
	return write(w, n, nil, appendEvent)
}

// Prefixes is how many the table of routes has: about as many as the Internet.
const Prefixes = 1_000_000

// writeRoutes writes n prefixes and their AS, in the format of pyasn. The networks
// for documentation, in which the addresses of events are, come first: each address
// of IPv6 in a prefix of 48 bits. The others are spread over all of IPv4.
func writeRoutes(w io.Writer, n int) error {
	out := bufio.NewWriterSize(w, 64<<10)
	for i := range n {
		switch {
		case i < len(documentation4):
			fmt.Fprintf(out, "%s0/24\t%d\n", documentation4[i], 1+i)
		case i <= 1<<16:
			fmt.Fprintf(out, "2001:db8:%x::/48\t%d\n", i-1, 1+i*7919%400_000)
		default:
			a, bits := uint32(i)*3583, 24 // up to 213.0.0.0 for a million
			if i%3 == 1 {
				bits = 20
			}
			fmt.Fprintf(out, "%d.%d.%d.0/%d\t%d\n", a>>24, a>>16&0xff, a>>8&0xff, bits, 1+i*7919%400_000)
		}
	}
	return out.Flush()
}

func write(w io.Writer, n int, head []byte, line func([]byte, *record) []byte) error {
	out := bufio.NewWriterSize(w, 64<<10)
	if _, err := out.Write(head); err != nil {
		return err
	}
	var b []byte
	for i := range n {
		r := newRecord(i)
		b = line(b[:0], &r)
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Census says how many of the first n records a correct command lets pass.
type Census struct {
	Unique int // first of their identity
	Passed int // of these, what the job's filter keeps
}

// Count takes the census of the first n records.
func Count(n int) Census {
	var c Census
	for i := range n {
		if identity(i) != i {
			continue
		}
		c.Unique++
		if r := newRecord(i); r.transport != FilteredTransport {
			c.Passed++
		}
	}
	return c
}
