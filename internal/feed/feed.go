package feed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/python/csv"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Event returns a new event that begins with the feed fields of the report.
// Raw is the piece of the report it is about, in a form that can be parsed
// again by itself; it becomes the event's raw, and if a value turns out to be
// invalid it is what goes into the dump. Of a line, as Lines yields it, that
// is the bytes it was read from.
func Event(report *event.Message, raw ...string) *event.Message {
	e := event.Borrow()
	report.Derive(e)
	source, ok := report.Source()
	switch {
	case !ok:
	case len(raw) == 1 && raw[0] == source.Text:
		e.AppendOrigin(source.Bytes)
		raw = nil
	default:
		e.AppendOrigin(utf8Mark)
	}
	for _, r := range raw {
		e.AppendOrigin([]byte(r))
	}
	e.SetPlace(report.Place())
	return e
}

// Dump says what goes into the dump of an event that has failed, where its piece of
// the report alone is not enough to be parsed again.
func Dump(e *event.Message, text string) {
	_, report := e.Origin()
	if _, ok := report.Source(); ok {
		text = string(utf8Mark) + text
	}
	e.SetOrigin([]byte(text))
}

// utf8Mark stands before a piece of text that was not UTF-8 when it came in, so
// that it is read right whatever encoding is named.
var utf8Mark = []byte("\xef\xbb\xbf")

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

// ListName returns the name by which a parser of several lists tells them apart:
// feed.url, or else extra.file_name, which is that of a pipe if it has --file-name.
func ListName(report *event.Message) string {
	return cmp.Or(report.Get("feed.url"), report.Get("extra.file_name"))
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

// Text returns all of a report that is one piece, of at most limit bytes.
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
	return string(text), err
}
