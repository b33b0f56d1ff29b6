package feed

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/csv"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// CSV says how the rows of a report are written.
type CSV struct {
	Delimiter rune                   // a comma if it is 0
	Header    int                    // so many lines come before the first row
	Names     bool                   // the first line names the columns
	Skip      func(line []byte) bool // lines that are no rows; by default blank ones and those that begin with #
}

// Row is one row of a report. It is valid until the next one.
type Row struct {
	Fields []string
	Names  []string // of the columns, where CSV.Names says that there are some

	report *event.Message
	reader *csv.Reader
	format *CSV
	header [][]byte // lines before the first row, without line endings
	names  []byte   // the line of the names, every one in quotes
	ending string   // of the last line that had one
	raw    []byte
}

// Rows yields the rows of a report. One that cannot be read goes into the
// dump, and reading goes on behind it.
func Rows(report *event.Message, emit stage.Emit, format CSV) iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		if format.Delimiter == 0 {
			format.Delimiter = ','
		}
		if format.Skip == nil {
			format.Skip = Comment
		}
		row := &Row{report: report, format: &format, ending: "\r\n", reader: csv.NewReader(csv.Clean(content(report)), format.Delimiter)}
		row.reader.Skip = format.Skip
		for {
			fields, err := row.reader.Read()
			if err == io.EOF {
				return
			}
			at(report, row.reader.Line(), 0)
			row.Fields = fields
			var bad *csv.Error
			switch {
			case errors.As(err, &bad):
				at(report, bad.Line, bad.Column)
				e := row.Event()
				e.Fail(bad.Err)
				if emit(e) != nil {
					return
				}
				continue
			case err != nil:
				Fail(report, err)
				return
			case len(row.header) < format.Header:
				row.header = append(row.header, bytes.Clone(bytes.TrimRight(row.reader.Row(), "\r\n")))
				continue
			case format.Names && row.Names == nil:
				for _, name := range fields {
					row.Names = append(row.Names, string([]byte(name)))
				}
				row.names = csv.AppendQuoted(nil, fields, format.Delimiter, "\n")
				continue
			case len(fields) == 0:
				continue
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Comment tells lines that begin with #, and those without anything but blanks.
func Comment(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	return len(line) == 0 || line[0] == '#' || len(bytes.TrimSpace(line)) == 0
}

// Event returns a new event for the row. Its raw is the row with the lines
// that have to stand before it, so that it can be parsed by itself.
func (r *Row) Event() *event.Message {
	e := event.Borrow()
	r.report.Derive(e)
	e.AppendOrigin(r.text())
	e.SetPlace(r.report.Place())
	return e
}

// text is the row as raw has it. With names it is the line as it stands; else
// it is written anew in the least form that its delimiter allows, as IntelMQ
// does.
func (r *Row) text() []byte {
	row := r.reader.Row()
	line := bytes.TrimRight(row, "\r\n")
	if n := len(row) - len(line); n > 0 {
		r.ending = ending(row[len(line):])
	}
	if r.format.Names {
		return append(append(r.raw[:0], r.names...), line...)
	}
	r.raw = r.raw[:0]
	for _, header := range r.header {
		r.raw = append(append(r.raw, header...), r.ending...)
	}
	if d := r.format.Delimiter; d < utf8.RuneSelf {
		if raw, ok := csv.AppendMinimal(r.raw, line, byte(d), r.ending); ok {
			r.raw = raw
			return raw
		}
	}
	if len(r.Fields) == 0 { // the row could not be read
		r.raw = append(append(r.raw, line...), r.ending...)
	} else {
		r.raw = csv.Append(r.raw, r.Fields, r.format.Delimiter, r.ending)
	}
	return r.raw
}

// ending avoids an allocation for the line endings there are.
func ending(text []byte) string {
	switch string(text) {
	case "\n":
		return "\n"
	case "\r\n":
		return "\r\n"
	}
	return string(text)
}
