package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/python/csv"
)

// encodingField is where a collector stores the charset that the origin has
// named, in the header of HTTP for instance.
const encodingField = "extra.encoding"

// reading returns the encoding of a report without a byte order mark, and what
// becomes of mistakes. Nil is UTF-8, which also stands for a name in the report
// that nobody knows: such a header is no reason to refuse what can be read.
func reading(report *event.Message) (*charset.Encoding, charset.Errors) {
	name, errs := report.Get(encodingField), charset.Strict
	if r := report.Reading(); r != nil {
		if r.Encoding != "" {
			name = r.Encoding
		}
		if r.Errors != "" {
			errs = charset.Errors(r.Errors)
		}
	}
	if name == "" {
		return nil, errs
	}
	e, _ := charset.Lookup(name)
	return e, errs
}

// explained adds to an error about encodings what to do about it.
func explained(err error) error { return fmt.Errorf("%w, see --encoding and --encoding-errors", err) }

// text is the content of a report that is read by lines or rows.
type text struct {
	report *event.Message
	in     *charset.Reader
	enc    *charset.Encoding
	errors charset.Errors
	reader *csv.Reader
	broken bool // the last row has a mistake
}

func open(report *event.Message, delimiter rune, skip func([]byte) bool) *text {
	named, errs := reading(report)
	t := &text{report: report, in: charset.NewReader(report.Raw(), named), errors: errs}
	t.enc = t.in.Start()
	t.reader = csv.NewReader(t.in, delimiter)
	t.reader.Skip = skip
	if t.enc != nil && skip != nil {
		t.reader.Skip = func(line []byte) bool {
			t.skip()
			return skip(line)
		}
	}
	return t
}

// skip lets go of what stands before the last row.
func (t *text) skip() {
	if t.enc != nil {
		t.in.Forget(t.reader.Offset())
	}
}

// mistake looks for a mistake in the last row. With strict it is an error, and
// the report's place is where it is.
func (t *text) mistake() error {
	t.broken = t.in.Broken() && !charset.Valid(t.reader.Row())
	if !t.broken || t.errors != charset.Strict {
		return nil
	}
	src := t.source()
	i := t.enc.Mistake(src)
	line, column := t.enc.Place(src, i)
	at(t.report, t.reader.Line()+line-1, column)
	return explained(t.enc.Refuse(src[i:]))
}

// source returns the bytes that the last row was read from.
func (t *text) source() []byte {
	row := t.reader.Row()
	if t.enc == nil {
		return row
	}
	from := t.reader.Offset()
	return t.in.Source(from, from+int64(len(row)))
}

// raw reports whether the bytes of the last row are not its text.
func (t *text) raw() bool { return t.enc != nil || t.broken || len(t.in.Mark()) > 0 }

// piece is source without white space around it, in a form that can be read by
// itself.
func (t *text) piece() []byte {
	text := t.enc.Trim(t.source())
	return append(t.mark(nil, text), text...)
}

// mark adds the byte order mark that has to stand before a piece. Before a NUL, which
// is wrong, that of UTF-16 would be one of UTF-32: a blank line keeps them apart.
func (t *text) mark(dst, piece []byte) []byte {
	dst = append(dst, t.in.Mark()...)
	if string(t.in.Mark()) == "\xff\xfe" && bytes.HasPrefix(piece, []byte{0, 0}) {
		dst = append(dst, '\n', 0)
	}
	return dst
}

// First returns the first byte of a report that is no white space, by which a parser
// of several formats tells them apart, or 0.
func First(report *event.Message) byte {
	// What is blank includes the marks and zeros of Unicode's encodings.
	text := bytes.TrimLeft(report.Peek(512), " \t\r\n\v\f\x00\xef\xbb\xbf\xfe\xff")
	if len(text) == 0 {
		return 0
	}
	return text[0]
}

// ErrTooLarge says that a report is not to be read in one piece.
var ErrTooLarge = errors.New("a report")

// Text returns all of a report that is one piece, of at most limit bytes. White space
// alone is nothing.
func Text(report *event.Message, limit int64) (string, error) {
	src, err := io.ReadAll(io.LimitReader(report.Raw(), limit+1))
	switch {
	case err != nil:
		return "", err
	case int64(len(src)) > limit:
		return "", fmt.Errorf("%w of more than %d MiB", ErrTooLarge, limit>>20)
	}
	named, errs := reading(report)
	text, err := charset.Decode(src, named, errs)
	var mistake *charset.Error
	if errors.As(err, &mistake) {
		at(report, mistake.Line, mistake.Column)
		return "", explained(mistake.Reason)
	}
	if string(text) != string(src) {
		report.SetSource(event.Source{Text: string(text), Bytes: src})
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = nil
	}
	return string(text), err
}
