// Package csv is equal to Python's csv module in the dialect "excel". IntelMQ reads the
// tables of feeds with it, whose publishers tested them with such readers.
//
// A quote is special only at the beginning of a field. A doubled quote inside quotes is
// one quote, and text between a closing quote and the next delimiter belongs to the
// field. LF, CR LF and a lone CR end a row; inside quotes they are text. A blank line is
// a row without fields. A row is malformed only if a field or the row is over its limit,
// or if a quote is never closed.
//
// A Reader allocates nothing per row. It works on one physical line at a time:
// a line without a quote is split in a single pass, and so is one whose quotes
// do nothing but surround fields; any other goes through the full rules, which
// may ask for further lines.
package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// The limits of a Reader that sets none.
const (
	DefaultFieldLimit = 131072   // the limit of Python's csv module, counted in bytes
	DefaultMaxRow     = 16 << 20 // the record limit of every command
	DefaultMaxFields  = 100_000  // so that memory in use stays in proportion to the row
)

// What can be wrong with a row. Read returns them inside an *Error.
var (
	ErrFieldTooLong    = errors.New("field over the size limit")
	ErrRowTooLong      = errors.New("row over the size limit")
	ErrTooManyFields   = errors.New("more than the 100000 columns that a row may have")
	ErrUnbalancedQuote = errors.New("quoted field is never closed")
)

// errDelimiter is final: no row can be read with such a delimiter.
var errDelimiter = errors.New("delimiter must be one character other than a quote, a line break or NUL")

// Error is what is wrong with one row. The Reader goes on behind that row.
type Error struct {
	Line   int // line of the field that is at fault, from 1
	Column int // byte in that line at which the field begins, from 1; 1 if the row as a whole is at fault
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Column, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// A Reader reads rows from a stream. The exported fields may be set before the
// first Read.
type Reader struct {
	// FieldLimit bounds the text of one field, in bytes; 0 means DefaultFieldLimit.
	FieldLimit int

	// MaxRow bounds a row and so the memory in use, in bytes; 0 means
	// DefaultMaxRow. A row of several lines that is over it costs its first line;
	// what had been read for it is read again, and there a quote must be closed
	// in its own line, so that no input is worth more than two passes.
	MaxRow int

	// MaxFields bounds the fields of a row; 0 means DefaultMaxFields. It costs
	// the line in which it is passed.
	MaxFields int

	// KeepUnbalanced makes a quote that is never closed behave as in Python: the
	// field runs to the end of the input and is no error, and a field over the
	// limit costs every line up to the one where the limit was passed. Without
	// it, the default, either costs the lines up to the one where the quote was
	// opened, with ErrUnbalancedQuote, and reading goes on with the line after.
	KeepUnbalanced bool

	// SkipBlanks leaves out blanks behind a delimiter and at the beginning of a row,
	// so that a quote may follow them. It is skipinitialspace of Python's csv.
	SkipBlanks bool

	// Skip, if set, is shown each line at which a row would begin, without its
	// line ending; a line for which it returns true belongs to no row. It must
	// not keep the line.
	Skip func(line []byte) bool

	src   io.Reader
	err   error // final state of src, or an unusable delimiter
	delim []byte

	buf     []byte // buf[pos:end] is still to be read, buf[row:pos] is the last row
	row     int
	pos     int
	end     int
	offset  int64 // position of buf[0] in the stream
	recover int64 // up to this position of the stream a quote must be closed in its own line
	discard bool  // the rest of the current line is thrown away

	lf, cr finder

	quotes []span // where the last row has fields in quotes, the quotes left out, if usual says so
	usual  bool   // its quotes surround fields, and do nothing else

	line    int // line at which the last row began
	next    int // line at pos
	fields  []string
	spans   []span
	scratch []byte
}

// span is one field: buf[row+lo : row+hi], or scratch[^lo:hi] if lo is negative.
// Rows of several lines need it because the buffer may move under them.
type span struct{ lo, hi int }

const initialBuffer = 64 << 10

// NewReader returns a Reader for fields separated by delimiter.
func NewReader(src io.Reader, delimiter rune) *Reader {
	r := new(Reader)
	r.delim = utf8.AppendRune(nil, delimiter)
	switch {
	case delimiter == '"', delimiter == '\n', delimiter == '\r', delimiter == 0, !utf8.ValidRune(delimiter), delimiter == utf8.RuneError:
		r.delim = nil
	}
	r.Reset(src)
	return r
}

// Reset makes r read from src. Buffer, delimiter and options are kept.
func (r *Reader) Reset(src io.Reader) {
	r.src, r.err = src, nil
	if r.delim == nil {
		r.err = errDelimiter
	}
	r.row, r.pos, r.end, r.offset, r.recover, r.discard = 0, 0, 0, 0, 0, false
	r.line, r.next = 0, 1
	r.resetFinders()
}

// Row returns the bytes of the last row including its line ending, also of a
// row that Read reported as an error. It is valid until the next Read. The rows
// of a stream, put together, are the stream, except for lines that Skip took
// and for a single line over MaxRow, of which Row holds the first MaxRow bytes.
func (r *Reader) Row() []byte { return r.buf[r.row:r.pos:r.pos] }

// Line returns the number of the line, from 1, at which the last row began.
func (r *Reader) Line() int { return r.line }

// Offset returns where in the stream the last row began, or the line that Skip
// is shown.
func (r *Reader) Offset() int64 { return r.offset + int64(r.row) }

// ReadLine returns the next line as it is, without its line ending, for text
// that has no fields. Row, Line, Skip and the errors are those of Read, and so
// is the time for which it is valid.
func (r *Reader) ReadLine() ([]byte, error) {
	content, _, err := r.begin()
	if err != nil {
		return nil, err
	}
	return r.buf[r.row:content], nil
}

// begin reads the first line of the next row: its text ends at content, and
// with its line ending it ends at end.
func (r *Reader) begin() (content, end int, err error) {
	if r.discard {
		r.discardLine()
	}
	r.usual = false
	for {
		r.row, r.line = r.pos, r.next
		end, content, err := r.nextLine()
		if err == ErrRowTooLong {
			r.discard = true
			return 0, 0, &Error{r.line, 1, ErrRowTooLong}
		}
		if err != nil || r.Skip == nil || !r.Skip(r.buf[r.row:content]) {
			return content, end, err
		}
	}
}

// Read returns the fields of the next row. The slice and the strings in it are
// valid until the next Read; strings.Clone what is to be kept. A blank line has
// no fields. The error is io.EOF at the end, an *Error for a row that cannot be
// used, after which Read may be called again, or the error of the source, which
// is final; Row then holds the torn row before it.
func (r *Reader) Read() ([]string, error) {
	content, end, err := r.begin()
	if err != nil {
		return nil, err
	}
	if content == r.row {
		return r.fields[:0], nil
	}
	line, limit := r.buf[r.row:content], r.fieldLimit()
	if len(r.delim) != 1 {
		return r.readQuoted(content, end)
	}
	if len(line) <= limit && len(line) < r.maxFields() {
		if r.split(content) {
			return r.fields, nil
		}
		return r.readQuoted(content, end)
	}
	many := bytes.Count(line, r.delim) >= r.maxFields()
	if bytes.IndexByte(line, '"') >= 0 {
		if len(line) <= limit && !many && r.split(content) {
			return r.fields, nil
		}
		return r.readQuoted(content, end)
	}
	if many {
		return nil, &Error{r.line, 1, ErrTooManyFields}
	}
	r.split(content)
	if len(line) > limit {
		column := 1
		for _, f := range r.fields {
			if len(f) > limit {
				return nil, &Error{r.line, column, ErrFieldTooLong}
			}
			column += len(f) + 1
		}
	}
	return r.fields, nil
}

func (r *Reader) fieldLimit() int {
	if r.FieldLimit > 0 {
		return r.FieldLimit
	}
	return DefaultFieldLimit
}

func (r *Reader) maxRow() int {
	if r.MaxRow > 0 {
		return r.MaxRow
	}
	return DefaultMaxRow
}

func (r *Reader) maxFields() int {
	if r.MaxFields > 0 {
		return r.MaxFields
	}
	return DefaultMaxFields
}
