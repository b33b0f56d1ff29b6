package feed

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
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
	// In are the members that have the rows of such an answer.
	Members    bool
	Status, In string
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

// Inputs yields the rows.
func (f JSON) Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*table.Input, error] {
	return func(yield func(*table.Input, error) bool) {
		if f.Lines {
			x := &textRow{report: report, list: f.List}
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
		for x := range f.elements(report, emit, split) {
			in.Piece, in.Object = x, &x.Object
			if !yield(in, nil) {
				return
			}
		}
	}
}

// textRow is a piece of a report that is a row.
type textRow struct {
	report *event.Message
	above  string // lines that belong into raw
	lost   string // lines that belong into the dump
	list   bool   // raw has a list of the text, which is an object
	text   string
}

// Recover adds to an event that has failed what belongs into the dump.
func (x *textRow) Recover(e *event.Message) {
	if x.lost != "" || x.list {
		Dump(e, x.lost+x.above+x.text)
	}
}

// Event returns a new event for the row.
func (x *textRow) Event() *event.Message {
	switch {
	case x.list:
		return Event(x.report, string(appendSpaced([]byte{'['}, []byte(x.text)))+"]")
	case x.above != "":
		return Event(x.report, x.above, x.text)
	}
	return Event(x.report, x.text)
}

// parse reads a line of JSON. One that is not goes into the dump.
func (x *textRow) parse(in *table.Input, emit stage.Emit, yield func(*table.Input, error) bool) bool {
	err := in.Object.Parse([]byte(x.text))
	if err == nil {
		return yield(in, nil)
	}
	e := Event(x.report, x.text)
	e.Fail(err)
	return emit(e) == nil
}

var errColumns = errors.New("another number than the feed has")

// Inputs yields the rows.
func (f Line) Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*table.Input, error] {
	return func(yield func(*table.Input, error) bool) {
		s, err := f.splitter()
		if err != nil {
			yield(nil, err)
			return
		}
		x := &textRow{report: report}
		in := &table.Input{Piece: x}
		for x.text = range Lines(report, emit) {
			if hasPrefix([]byte(x.text), f.Skip) {
				s.skipped(x)
				continue
			}
			ok, err := s.split(x.text, in)
			if err != nil {
				e := x.Event()
				e.Fail(err)
				x.Recover(e)
				if emit(e) != nil {
					return
				}
			} else if ok && !yield(in, nil) {
				return
			}
		}
	}
}

// lineSplitter takes lines apart.
type lineSplitter struct {
	format  *Line
	names   [][]string
	pattern *regexp.Regexp
	heads   []string
	fields  []string
}

func (f *Line) splitter() (*lineSplitter, error) {
	s := &lineSplitter{format: f, heads: make([]string, len(f.Head))}
	if f.Pattern != "" {
		var err error
		if s.pattern, err = regexp.Compile(f.Pattern); err != nil {
			return nil, err
		}
		s.names = [][]string{append(s.pattern.SubexpNames()[1:], f.Head...)}
	}
	for _, list := range f.Columns {
		names := strings.Split(list, "|")
		for i, name := range names {
			names[i] = strings.TrimSpace(name)
		}
		s.names = append(s.names, append(names, f.Head...))
	}
	return s, nil
}

// skipped looks for the values of Head, and keeps the line if raw needs it.
func (s *lineSplitter) skipped(x *textRow) {
	counts := s.format.Recover // what the line says is known again only if it is in the dump
	for i, head := range s.format.Head {
		if _, value, ok := strings.Cut(x.text, head); ok {
			s.heads[i], counts = strings.TrimSpace(value), true
		}
	}
	switch size := len(x.above) + len(x.lost) + len(x.text); {
	case size >= maxKept:
	case s.format.KeepSkipped:
		x.above += x.text + "\n"
	case counts:
		x.lost += x.text + "\n"
	}
}

// split takes a line apart. It is no row if it is shorter than Min.
func (s *lineSplitter) split(line string, in *table.Input) (ok bool, err error) {
	f := s.format
	s.fields = s.fields[:0]
	switch {
	case s.pattern != nil:
		m := s.pattern.FindStringSubmatch(line)
		if m == nil {
			return false, fmt.Errorf("the line is not in the form of the feed: %.60q", line)
		}
		s.fields = append(s.fields, m[1:]...)
	case f.By == "":
		s.fields = append(s.fields, line)
	case f.By == " ":
		for field := range strings.FieldsSeq(line) {
			s.fields = append(s.fields, field)
		}
	default:
		for field := range strings.SplitSeq(line, f.By) {
			s.fields = append(s.fields, strings.TrimSpace(field))
		}
	}
	if f.Min > len(s.fields) {
		return false, nil
	}
	if len(s.names) == 0 {
		in.Fields = s.fields
		return true, nil
	}
	in.Names = nil
	for _, names := range s.names {
		if n := len(names) - len(f.Head); n == len(s.fields) || f.Min > 0 && (in.Names == nil || n < len(s.fields)) {
			in.Names = names
		}
	}
	if in.Names == nil {
		return false, fmt.Errorf("the line has %d columns, %w", len(s.fields), errColumns)
	}
	n := len(in.Names) - len(f.Head)
	for len(s.fields) < n {
		s.fields = append(s.fields, "")
	}
	in.Fields = append(s.fields[:n], s.heads...)
	return true, nil
}
