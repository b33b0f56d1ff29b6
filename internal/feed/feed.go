// Package feed is what parsers are made of: the pieces of a report, and events
// that begin with what the report says about its feed.
package feed

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/intelpipe/intelpipe/internal/csv"
	"github.com/intelpipe/intelpipe/internal/event"
)

// maxLine bounds a line of a report, and a row of a table, in bytes.
const maxLine = 16 << 20

// Event returns a new event that begins with the feed fields of the report.
// Raw is the piece of the report it is about, in a form that can be parsed
// again by itself; it becomes the event's raw, and if a value turns out to be
// invalid it is what goes into the dump.
func Event(report *event.Message, raw ...string) *event.Message {
	e := event.Borrow()
	report.Derive(e)
	for _, r := range raw {
		e.AppendOrigin([]byte(r))
	}
	e.SetPlace(report.Place())
	return e
}

// Fail condemns the report for an error that concerns more than one piece.
func Fail(report *event.Message, err error) { report.Fail(err) }

// at notes which line of the report is at work, for messages about errors.
func at(report *event.Message, line, column int) {
	p := report.Place()
	if p.File == "" {
		p.File = name(report)
	}
	p.Line, p.Column = int64(line), column
	report.SetPlace(p)
}

// name is what a person would call the report.
func name(report *event.Message) string {
	for _, key := range []string{"extra.file_name", "feed.url"} {
		if text := report.Get(key); text != "" {
			return text
		}
	}
	return "report"
}

var errLineTooLong = errors.New("a line of more than 16 MiB")

// Lines yields the lines of the report, trimmed, without empty ones and those
// that begin with one of the given prefixes. What is not UTF-8 is left out.
func Lines(report *event.Message, comments ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		in := bufio.NewReaderSize(csv.Clean(content(report)), 64<<10)
		for n := 1; ; n++ {
			at(report, n, 0)
			line, err := readLine(in)
			if err != nil && !errors.Is(err, io.EOF) {
				Fail(report, err)
				return
			}
			line = bytes.TrimSpace(line)
			if len(line) > 0 && !hasPrefix(line, comments) && !yield(string(line)) || err != nil {
				return
			}
		}
	}
}

// readLine reads up to a newline or the end.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	whole := bytes.Clone(line)
	for err == bufio.ErrBufferFull {
		if len(whole) > maxLine {
			return nil, errLineTooLong
		}
		line, err = in.ReadSlice('\n')
		whole = append(whole, line...)
	}
	return whole, err
}

func hasPrefix(line []byte, prefixes []string) bool {
	for _, p := range prefixes {
		if bytes.HasPrefix(line, []byte(p)) {
			return true
		}
	}
	return false
}

// content is the report's raw without a byte order mark.
func content(report *event.Message) io.Reader {
	in := bufio.NewReaderSize(report.Raw(), 16) // larger reads go past it
	if head, _ := in.Peek(3); string(head) == "\xef\xbb\xbf" {
		in.Discard(3)
	}
	return in
}
