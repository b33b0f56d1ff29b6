package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed/table"
	"github.com/intelpipe/intelpipe/internal/python/csv"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// CSV says how the rows of a report are written.
type CSV struct {
	Delimiter rune     // a comma if it is 0
	Header    int      // so many lines come before the first row
	Names     bool     // the first line names the columns
	Commented bool     // the last comment above the first row does, or else its first line
	Blanks    bool     // blanks behind a delimiter do not count
	Columns   []string // names of the columns, for tables, where no line names them
	// Raw says how raw has the names of the columns and the row, where there are Names.
	Raw  RawForm
	Skip func(line []byte) bool // lines that are no rows; by default blank ones and those that begin with #
}

// RawForm is how raw is written.
type RawForm uint8

// The forms that IntelMQ's parsers give to raw.
const (
	QuotedNames RawForm = iota // the names in quotes, and the row as it stands
	AsItStands                 // both, and the row with its ending, but the last one
	FewQuotes                  // both with quotes only where they are needed
)

// Row is one row of a report. It is valid until the next one.
type Row struct {
	Fields []string
	Names  []string // of the columns, where CSV.Names says that there are some

	text   *text
	format *CSV
	fields []string // as they were read, while Fields have no mistakes
	mended []string
	header []byte   // lines before the first row
	lines  [][]byte // the same without line endings
	names  []byte   // the line of the names, every one in quotes
	ending string   // of the last line that had one
	raw    []byte
}

// Inputs yields the rows.
func (f CSV) Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*table.Input, error] {
	return func(yield func(*table.Input, error) bool) {
		in := &table.Input{}
		for row := range Rows(report, emit, f) {
			if in.Piece == nil {
				in.Piece, in.Names = row, row.Names
				if in.Names == nil {
					in.Names = f.Columns
				}
			}
			in.Fields = row.Fields
			if !yield(in, nil) {
				return
			}
		}
	}
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
		row := &Row{format: &format, ending: "\r\n"}
		if format.Commented {
			format.Names, format.Skip = true, row.comment
		}
		t := open(report, format.Delimiter, format.Skip)
		t.reader.SkipBlanks = format.Blanks
		row.text = t
		for {
			fields, err := t.reader.Read()
			if err == io.EOF {
				return
			}
			at(report, t.reader.Line(), 0)
			row.Fields, row.fields = fields, fields
			bad, ok := err.(*csv.Error)
			switch {
			case ok:
				at(report, bad.Line, bad.Column)
				err = bad.Err
			case err != nil:
				Fail(report, err)
				return
			case len(row.lines) < format.Header:
				row.keep()
				continue
			case len(fields) == 0:
				t.skip()
				continue
			default:
				err = t.mistake()
			}
			if err == nil && t.broken {
				row.mend()
			}
			if format.Commented && row.Names == nil {
				if row.setCommented(len(fields)); row.Names == nil && !names(fields) {
					Fail(report, errUnnamed)
					return
				}
			}
			if format.Names && row.Names == nil {
				if err != nil {
					Fail(report, fmt.Errorf("the line of column names: %w", err))
					return
				}
				row.setNames()
				continue
			}
			if err == nil {
				if !yield(row) {
					return
				}
				continue
			}
			e := row.Event()
			e.Fail(err)
			if emit(e) != nil {
				return
			}
		}
	}
}

var errUnnamed = errors.New("no comment above the first row names its columns")

// names reports whether fields look like names of columns: a letter and what follows.
func names(fields []string) bool {
	return len(fields) > 1 && !slices.ContainsFunc(fields, func(s string) bool {
		return s == "" || (s[0]|0x20)-'a' > 'z'-'a' || strings.ContainsAny(s, ":/.@")
	})
}

// mend makes Fields of what is left without mistakes.
func (r *Row) mend() {
	r.mended = r.mended[:0]
	for _, field := range r.fields {
		r.mended = append(r.mended, r.text.errors.Mend(field))
	}
	r.Fields = r.mended
}

// keep makes the row one of those before the first.
func (r *Row) keep() {
	row := r.text.source()
	r.header = append(r.header, row...)
	r.lines = append(r.lines, bytes.Clone(csv.Chomp(row)))
}

// setNames makes the row the one that names the columns.
func (r *Row) setNames() {
	for _, name := range r.Fields {
		r.Names = append(r.Names, string([]byte(name)))
	}
	for _, line := range r.lines {
		r.names = append(append(r.names, line...), '\n')
	}
	switch source := r.text.source(); r.format.Raw {
	case AsItStands:
		r.names = append(append(r.names, csv.Chomp(source)...), '\n')
	case FewQuotes:
		r.names = csv.Append(r.names, r.fields, r.format.Delimiter, "\n")
	default:
		r.names = csv.AppendQuoted(r.names, r.fields, r.format.Delimiter, "\n")
	}
	r.header = append(r.header, r.text.source()...)
}

// comment is Comment, and keeps what may name the columns.
func (r *Row) comment(line []byte) bool {
	if !Comment(line) {
		return false
	}
	if r.Names == nil && bytes.ContainsRune(line, r.format.Delimiter) {
		r.names = append(append(r.names[:0], line...), '\n')
	}
	return true
}

// setCommented takes the names of so many columns out of the comment above, if that has
// as many.
func (r *Row) setCommented(columns int) {
	c := csv.NewReader(bytes.NewReader(bytes.TrimLeft(r.names, "# \t")), r.format.Delimiter)
	c.SkipBlanks = true
	names, err := c.Read()
	if err != nil || len(names) != columns {
		r.names = nil
		return
	}
	for _, name := range names {
		r.Names = append(r.Names, strings.TrimSpace(strings.Clone(name)))
	}
}

// Comment tells lines that begin with #, and those without anything but blanks.
func Comment(line []byte) bool {
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		line = line[1:]
	}
	return len(line) == 0 || line[0] == '#' || len(bytes.TrimSpace(line)) == 0
}

// Event returns a new event for the row. Its raw is the row with the lines
// that have to stand before it, so that it can be parsed by itself.
func (r *Row) Event() *event.Message {
	e := event.Borrow()
	r.text.report.Derive(e)
	e.AppendOrigin(r.piece())
	e.SetPlace(r.text.report.Place())
	return e
}

// piece is the row as raw has it. With names it is the line as it stands; else
// it is written anew in the least form that its delimiter allows, as IntelMQ
// does. What is not UTF-8 stays as it came in.
func (r *Row) piece() []byte {
	t := r.text
	if t.enc != nil {
		first := r.header
		if len(first) == 0 {
			first = t.source()
		}
		r.raw = append(append(t.mark(r.raw[:0], first), r.header...), t.source()...)
		return r.raw
	}
	r.raw = append(r.raw[:0], t.in.Mark()...)
	row := t.reader.Row()
	line := csv.Chomp(row)
	if n := len(row) - len(line); n > 0 {
		r.ending = ending(row[len(line):])
	}
	if r.format.Names {
		r.raw = append(r.raw, r.names...)
		switch r.format.Raw {
		case AsItStands:
			if !t.reader.Last() {
				line = row
			}
		case FewQuotes:
			if len(r.fields) > 0 { // the row could be read
				r.raw = csv.Append(r.raw, r.fields, r.format.Delimiter, "")
				return r.raw
			}
		}
		r.raw = append(r.raw, line...)
		return r.raw
	}
	for _, header := range r.lines {
		r.raw = append(append(r.raw, header...), r.ending...)
	}
	if raw, ok := t.reader.AppendMinimal(r.raw, r.ending); ok {
		r.raw = raw
		return raw
	}
	if len(r.fields) == 0 { // the row could not be read
		r.raw = append(append(r.raw, line...), r.ending...)
	} else {
		r.raw = csv.Append(r.raw, r.fields, r.format.Delimiter, r.ending)
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
