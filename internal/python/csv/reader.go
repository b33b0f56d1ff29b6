package csv

import (
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

func (r *Reader) resetFinders() {
	r.lf, r.cr = finder{c: '\n'}, finder{c: '\r'}
}
