package feed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
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

// OneOf condemns an event that has none of these fields, unless something did before.
func OneOf(e *event.Message, fields ...string) {
	if !slices.ContainsFunc(fields, e.Has) {
		e.Fail(fmt.Errorf("there is no %s", strings.Join(fields, ", and no ")))
	}
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
