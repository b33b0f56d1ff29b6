package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Element is one object of a report that is a JSON array.
type Element struct {
	event.Object
	report *event.Message
	in     *charset.Reader
	text   []byte // as it came in, where Object has no mistakes
	raw    []byte // the text, if it is not to be put into an array
	bad    bool   // it is no object
	form   form
}

// form is how raw has the elements.
type form struct {
	sorted bool // with the members of an object in the order of their names
	alone  bool // and then not in an array
}

// Objects yields JSON objects that follow one another, and have raw as they stand,
// or an array of them. If the first stands on a line of its own, what is wrong in
// one of the lines costs no other.
func Objects(report *event.Message, emit stage.Emit) iter.Seq[*Element] {
	return elements(report, emit, json.Documents, form{alone: true})
}

func elements(report *event.Message, emit stage.Emit, split func(io.Reader) iter.Seq2[json.Element, error], f form) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		named, errs := reading(report)
		x := &Element{report: report, in: charset.NewReader(report.Raw(), named), form: f}
		for part, err := range split(x.in) {
			x.text, x.raw, x.bad = part.Text, part.Whole, err != nil
			at(report, part.Line, part.Column)
			if stage.IsFatal(err) {
				Fail(report, err)
				return
			}
			if err != nil {
				x.raw = part.Text
			} else if err = x.parse(part, errs); err == nil {
				if !yield(x) {
					return
				}
				continue
			}
			e := x.Event()
			e.Fail(err)
			if emit(e) != nil {
				return
			}
		}
	}
}

// Piece returns a new event for a part of the element, whose raw it is.
func (x *Element) Piece(text string) *event.Message {
	e := event.Borrow()
	x.report.Derive(e)
	if x.in.Start() != nil || len(x.in.Mark()) > 0 {
		e.AppendOrigin(utf8Mark)
	}
	e.AppendOrigin([]byte(text))
	e.SetPlace(x.report.Place())
	return e
}

// Event returns a new event for the element; its raw is an array of this
// element alone, or the element as it stands.
func (x *Element) Event() *event.Message {
	e := x.Piece("")
	switch text := x.text; {
	case x.form.sorted && !x.bad:
		text = []byte(harmonization.JSON(string(text)).Dumps())
		if x.form.alone {
			e.AppendOrigin(text)
			break
		}
		fallthrough
	case x.raw == nil:
		e.AppendOrigin(append(json.AppendSpaced([]byte{'['}, text), ']'))
	default:
		e.AppendOrigin(x.raw)
	}
	return e
}

// parse reads the element. If that fails, the report's place is where.
func (x *Element) parse(part json.Element, errs charset.Errors) error {
	text := part.Text
	if x.in.Broken() && !charset.Valid(text) {
		if errs == charset.Strict {
			return x.mistake(part)
		}
		text = []byte(errs.Mend(string(text)))
	}
	err := x.Parse(text)
	if err == nil {
		return nil
	}
	x.broken(part)
	var syntax *event.SyntaxError
	if errors.As(err, &syntax) {
		line, column := part.Place(syntax.Offset)
		at(x.report, line, column)
	}
	return err
}

// broken makes the text of an element that cannot be read its raw. A line that is no
// object but an array, or several objects, would be read as such by itself: what
// stands before it makes it fail again.
func (x *Element) broken(part json.Element) {
	x.bad = true
	switch {
	case x.raw == nil:
		x.raw = append(append([]byte{'['}, part.Text...), ']')
	case part.Text[0] == '[' || several(part.Text):
		x.raw = append([]byte{']'}, part.Text...)
	}
}

// several reports whether there is more behind the first object of a text.
func several(text []byte) bool {
	for part, err := range json.Documents(bytes.NewReader(text)) {
		return err == nil && len(part.Text) < len(text)
	}
	return false
}

// mistake describes the first byte of the element that is not text.
func (x *Element) mistake(part json.Element) error {
	enc := x.in.Start()
	var utf8 *charset.Encoding
	i := utf8.Mistake(part.Text)
	line, column := part.Place(i)
	at(x.report, line, column)
	x.broken(part)
	if enc != nil {
		return explained(fmt.Errorf("the element is not %s", enc))
	}
	return explained(utf8.Refuse(part.Text[i:]))
}
