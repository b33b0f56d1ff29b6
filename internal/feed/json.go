package feed

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed/table"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// JSON is a report that is an array of objects.
type JSON struct {
	Lines   bool // each line is an object, instead
	List    bool // of such a line raw has a list of one object
	Objects bool // there may be one object, or one after the other, as well
	Sorted  bool // raw has the members of an object in the order of their names

	// Members also takes an object whose members have the objects, each by itself or
	// several in an array: {"id":[{...}]}. Status then is the member that says how a
	// query went, and behind it what it says when there are rows, and when there are
	// none: "query_status ok no_results". If it says anything else, the report fails.
	// In are the members that have the rows of such an answer, or, without Status, of
	// any report.
	Members    bool
	Status, In string
}

// Inputs yields the rows.
func (f JSON) Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*table.Input, error] {
	return func(yield func(*table.Input, error) bool) {
		if f.Lines {
			x := &objectLine{textRow: textRow{report: report}, list: f.List}
			in := &table.Input{Piece: x, Object: &event.Object{}}
			for x.text = range Lines(report, emit) {
				if !x.parse(in, emit, yield) {
					return
				}
			}
			return
		}
		split := json.Elements
		switch {
		case f.Objects:
			split = json.Documents
		case f.Members:
			split = f.members(report)
		}
		in := &table.Input{}
		for x := range elements(report, emit, split, form{sorted: f.Sorted, alone: f.Objects}) {
			in.Piece, in.Object = x, &x.Object
			if !yield(in, nil) {
				return
			}
		}
	}
}

// objectLine is a line that is an object.
type objectLine struct {
	textRow
	list bool // raw has a list of it
}

// Recover adds to an event that has failed what belongs into the dump.
func (x *objectLine) Recover(e *event.Message) {
	if x.list {
		Dump(e, x.text)
	}
}

// Event returns a new event for the line.
func (x *objectLine) Event() *event.Message {
	if x.list {
		return Event(x.report, string(json.AppendSpaced([]byte{'['}, []byte(x.text)))+"]")
	}
	return x.textRow.Event()
}

// parse reads the line. One that is no object goes into the dump.
func (x *objectLine) parse(in *table.Input, emit stage.Emit, yield func(*table.Input, error) bool) bool {
	err := in.Object.Parse([]byte(x.text))
	if err == nil {
		return yield(in, nil)
	}
	e := Event(x.report, x.text)
	e.Fail(err)
	return emit(e) == nil
}

// ElementsIn is Elements, and also takes an object with the array in a member of that
// name.
func ElementsIn(report *event.Message, emit stage.Emit, member string) iter.Seq[*Element] {
	f := JSON{Members: true, In: member}
	return elements(report, emit, f.members(report), form{})
}

var errNoObjects = errors.New("none of the members is an object or an array of objects")

// members yields the objects in the members of an object, once its status is known to
// be good.
func (f JSON) members(report *event.Message) func(io.Reader) iter.Seq2[json.Element, error] {
	words, lists := strings.Fields(f.Status), strings.Fields(f.In)
	return func(r io.Reader) iter.Seq2[json.Element, error] {
		return func(yield func(json.Element, error) bool) {
			found, other, answer := false, false, f.Status == "" && f.In != ""
			for e, err := range json.Members(r) {
				known := e.Key == "" || len(e.Text) > 0 && (e.Text[0] == '{' || e.Text[0] == '[')
				switch {
				case err == nil && e.Key != "" && answer && !slices.Contains(lists, e.Key):
					other = true // what else the service knows
				case err != nil, known:
					found = true
					if !yield(e, err) {
						return
					}
				case len(words) > 0 && e.Key == words[0]:
					var status string
					if json.Unmarshal(e.Text, &status) != nil || !slices.Contains(words[1:], status) {
						Fail(report, fmt.Errorf("the service answers %s: %s", e.Key, e.Text))
						return
					}
					answer, found = true, found || status != words[1]
				default:
					other = true
				}
			}
			switch {
			case found:
			case answer:
				Fail(report, fmt.Errorf("the answer has no member %s", f.In))
			case other:
				Fail(report, errNoObjects)
			}
		}
	}
}

// JSONOr is a report that is JSON if it begins with { or [, and else something else:
// of many lists there are both, with names for columns and members that are the same.
type JSONOr struct {
	JSON JSON
	Else table.Format
}

// Inputs yields the rows.
func (f JSONOr) Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*table.Input, error] {
	if first := First(report); first == '{' || first == '[' {
		return f.JSON.Inputs(report, emit)
	}
	return f.Else.Inputs(report, emit)
}
