package bench

import (
	"bufio"
	"fmt"
	"io"
)

// WriteCSV writes the header and n rows of a feed of 40 columns.
func WriteCSV(w io.Writer, n int) error {
	return write(w, n, appendHeader(nil), func(b []byte, r *record) []byte {
		return append(appendRow(b, r), '\n')
	})
}

// WriteEvents writes n harmonized events, one a line.
func WriteEvents(w io.Writer, n int) error {
	return write(w, n, nil, appendEvent)
}

// Generate writes n rows or events, as kind says: csv or events.
func Generate(w io.Writer, kind string, n int) error {
	switch kind {
	case "csv":
		return WriteCSV(w, n)
	case "events":
		return WriteEvents(w, n)
	}
	return fmt.Errorf("cannot generate %q: csv and events are known", kind)
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

// A census says how many of the first n records a correct command lets pass.
type census struct {
	unique int // first of their identity
	passed int // of these, what the job's filter keeps
}

func count(n int) census {
	var c census
	for i := range n {
		if identity(i) != i {
			continue
		}
		c.unique++
		if r := newRecord(i); r.transport != filteredTransport {
			c.passed++
		}
	}
	return c
}
