package feed

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed/split"
	"github.com/intelpipe/intelpipe/internal/feed/table"
	"github.com/intelpipe/intelpipe/internal/python/csv"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Lines yields the lines of the report, trimmed, without empty ones and those
// that begin with one of the given prefixes. LF, CR LF and a lone CR end a
// line. A line that cannot be read goes into the dump.
func Lines(report *event.Message, emit stage.Emit, comments ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range Views(report, emit, comments...) {
			if !yield(strings.Clone(line)) {
				return
			}
		}
	}
}

// Views is Lines without a copy, for those who keep nothing of a line: it is valid
// until the next one, as a Row is.
func Views(report *event.Message, emit stage.Emit, comments ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		t := open(report, ',', nil)
		for {
			line, err := t.reader.ReadLine()
			if err == io.EOF {
				return
			}
			at(report, t.reader.Line(), 0)
			line = bytes.TrimSpace(line)
			switch {
			case err == nil && (len(line) == 0 || hasPrefix(line, comments)):
				t.skip()
				continue
			case err == nil:
				err = t.mistake()
			case !errors.As(err, new(*csv.Error)):
				Fail(report, err)
				return
			}
			text, source := unsafe.String(unsafe.SliceData(line), len(line)), event.Source{}
			if err != nil || t.raw() {
				text = t.errors.Mend(text)
				source = event.Source{Text: text, Bytes: t.piece()}
			}
			report.SetSource(source)
			if err == nil {
				if text != "" && !yield(text) {
					return
				}
				continue
			}
			e := Event(report, text)
			e.Fail(err)
			if emit(e) != nil {
				return
			}
		}
	}
}

func hasPrefix(line []byte, prefixes []string) bool {
	for _, p := range prefixes {
		if bytes.HasPrefix(line, []byte(p)) {
			return true
		}
	}
	return false
}

// textRow is a piece of a report that is a row.
type textRow struct {
	report *event.Message
	above  string // lines that belong into raw
	lost   string // lines that belong into the dump
	text   string
}

// Recover adds to an event that has failed what belongs into the dump.
func (x *textRow) Recover(e *event.Message) {
	if x.lost != "" {
		Dump(e, x.lost+x.above+x.text)
	}
}

// Event returns a new event for the row.
func (x *textRow) Event() *event.Message {
	if x.above != "" {
		return Event(x.report, x.above, x.text)
	}
	return Event(x.report, x.text)
}

// Line is a report of lines without quotes.
type Line struct {
	// Columns names the columns, joined by |: "asn|as_name|ip". Of several such
	// lists, each of another length, the one counts that is as long as the line.
	Columns []string

	// By stands between two columns. " " is any white space. Without it, a line is
	// one column. What is between is trimmed.
	By string

	// Pattern stands in place of By: a regular expression with named groups, which
	// are the columns. A line that does not match fails.
	Pattern string

	// Min is how many columns a line has to have. What is shorter is no row, what is
	// longer is left out. Without Min, a line with another number of columns than
	// Columns names fails.
	Min int

	// Skip has the beginnings of lines that are no rows, as in "#".
	Skip []string

	// Head has texts in such lines. What stands behind one is the value of a column
	// of that name in all lines that follow. It takes Columns or Pattern.
	Head []string

	// KeepSkipped puts what is skipped into the raw of the events that follow, and
	// Recover only into the dump of those that fail.
	KeepSkipped, Recover bool
}

// maxKept is how much of what is skipped may go into raw, in bytes.
const maxKept = 1 << 20

// Inputs yields the rows.
func (f Line) Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*table.Input, error] {
	return func(yield func(*table.Input, error) bool) {
		s, err := split.New(split.Format{Columns: f.Columns, By: f.By, Pattern: f.Pattern, Min: f.Min, Head: f.Head})
		if err != nil {
			yield(nil, err)
			return
		}
		x := &textRow{report: report}
		in := &table.Input{Piece: x}
		comments := f.Skip
		if f.Head != nil || f.KeepSkipped || f.Recover {
			comments = nil // they are looked at
		}
		for x.text = range Lines(report, emit, comments...) {
			if hasPrefix([]byte(x.text), f.Skip) {
				x.keep(&f, s.Head(x.text))
				continue
			}
			in.Names, in.Fields, err = s.Line(x.text)
			if err != nil {
				e := x.Event()
				e.Fail(err)
				x.Recover(e)
				if emit(e) != nil {
					return
				}
			} else if in.Fields != nil && !yield(in, nil) {
				return
			}
		}
	}
}

// keep keeps a line that is skipped, if raw or the dump needs it: what a head says is
// known again only if it is in the dump.
func (x *textRow) keep(f *Line, head bool) {
	switch size := len(x.above) + len(x.lost) + len(x.text); {
	case size >= maxKept:
	case f.KeepSkipped:
		x.above += x.text + "\n"
	case f.Recover || head:
		x.lost += x.text + "\n"
	}
}
