package table

import (
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// Record is a row as the feed has it. Converters and After look at it.
type Record struct {
	Fields []string // of a row that is no object

	report  *event.Message
	event   *event.Message
	columns map[string]int // places of the columns
	object  *event.Object  // of a row that is an object
	inner   map[string]*inner
	turn    int // changes with each row, so that nothing inner is read twice

	split string              // the column that Split takes apart
	part  harmonization.Value // of it
	used  []bool              // which of Fields Rest leaves alone
}

// Converter makes one value of another. Null is no value, which is no error. The
// row is there for what stands in other columns; converters may also look at the
// event, as far as it has come.
type Converter func(v harmonization.Value, r *Record) (harmonization.Value, error)

// NewRecord returns a row with columns of these names. With none they go by
// number.
func NewRecord(names []string, fields ...string) *Record {
	r := &Record{Fields: fields, columns: make(map[string]int, len(names))}
	for i, name := range names {
		r.columns[name] = i
	}
	return r
}

// inner is a nested object.
type inner struct {
	object event.Object
	turn   int
	list   []json.RawMessage
	isList bool
}

// where is the place of a column or member, or of a field of the report.
type where struct {
	name   string
	index  int // in Fields, or absent
	part   bool
	report string // the field
}

// ofReport is what the names of columns begin with that are fields of the report.
const ofReport = "report:"

// List is the column that has the name of the list, for feeds whose lists are told
// apart by it: feed.url, or else extra.file_name, which is that of a pipe if it has
// --file-name.
const List = ofReport + "feed.url|" + ofReport + "extra.file_name"

const absent = -1

// Event returns the event that is made of the row.
func (r *Record) Event() *event.Message { return r.event }

// Object returns the row if it is an object, or nil.
func (r *Record) Object() *event.Object { return r.object }

// Report returns the report that the row is from. Its body is being read: only
// its fields may be looked at.
func (r *Record) Report() *event.Message { return r.report }

// ListName returns the name by which a parser of several lists tells them apart:
// feed.url, or else extra.file_name, which is that of a pipe if it has --file-name.
func ListName(report *event.Message) string {
	return (&Record{report: report}).Get(List)
}

// Get returns the text of a column or member, or ""; of several names, with |
// between them, that of the first that has one.
func (r *Record) Get(names string) string {
	for name := range strings.SplitSeq(names, "|") {
		if text := r.Value(name).Text; text != "" {
			return text
		}
	}
	return ""
}

// Value returns the value of a column or member. It is null if there is none.
func (r *Record) Value(name string) harmonization.Value {
	v, _ := r.at(r.find(name))
	return v
}

// Has reports whether there is such a column or member, even if it is empty.
func (r *Record) Has(name string) bool {
	_, ok := r.at(r.find(name))
	return ok
}

// find looks for a column by its name, or else by its number.
func (r *Record) find(name string) where {
	w := where{name: name, index: absent}
	if field, ok := strings.CutPrefix(name, ofReport); ok {
		w.report = field
		return w
	}
	if i, ok := r.columns[name]; ok {
		w.index = i
	} else if n, err := strconv.Atoi(name); err == nil && n > 0 {
		w.index = n - 1
	}
	w.part = r.split != "" && (name == r.split || strings.HasPrefix(name, r.split+"."))
	return w
}

// at returns the value at a place, and whether there is one.
func (r *Record) at(w where) (harmonization.Value, bool) {
	switch {
	case w.report != "":
		return r.report.Value(w.report)
	case w.part && w.name == r.split:
		return r.part, r.part.Kind != harmonization.Null
	case w.part:
		return r.below(w.name[:len(r.split)], r.part, w.name[len(r.split)+1:])
	case r.object != nil:
		return r.member("", r.object, w.name)
	case w.index < 0 || w.index >= len(r.Fields):
		return harmonization.Value{}, false
	}
	return harmonization.Text(r.Fields[w.index]), true
}

// member looks for a member whose name may be that of a nested one, and also
// one with dots in it.
func (r *Record) member(path string, o *event.Object, name string) (harmonization.Value, bool) {
	if o.Has(name) {
		return o.Value(name), true
	}
	for i := range len(name) {
		if name[i] == '.' && o.Has(name[:i]) {
			return r.below(path+"."+name[:i], o.Value(name[:i]), name[i+1:])
		}
	}
	return harmonization.Value{}, false
}

// below looks for a member of a value, which was found under path.
func (r *Record) below(path string, v harmonization.Value, name string) (harmonization.Value, bool) {
	if v.Kind != harmonization.Compound {
		return harmonization.Value{}, false
	}
	in := r.inner[path]
	if in == nil {
		if r.inner == nil {
			r.inner = map[string]*inner{}
		}
		in = &inner{turn: absent}
		r.inner[path] = in
	}
	if in.turn != r.turn {
		in.turn = r.turn
		in.isList = v.Text[0] == '['
		if in.isList && json.Unmarshal([]byte(v.Text), &in.list) != nil || !in.isList && in.object.Parse([]byte(v.Text)) != nil {
			in.list, in.isList = nil, true
		}
	}
	if !in.isList {
		return r.member(path, &in.object, name)
	}
	first, rest, nested := strings.Cut(name, ".")
	i, err := strconv.Atoi(first)
	if err != nil || i < 0 || i >= len(in.list) {
		return harmonization.Value{}, false
	}
	element := harmonization.JSON(string(in.list[i]))
	if !nested {
		return element, true
	}
	return r.below(path+"."+first, element, rest)
}
