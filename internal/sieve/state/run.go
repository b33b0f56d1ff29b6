package state

import (
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Run is what rules know of the event at hand, and what they have decided so far. It is
// not safe for concurrent use.
type Run struct {
	Event *event.Message
	Round uint64 // grows with each event, and each change to one
	Paths []Path // that the event is to take

	Clock func() time.Time
	Warn  func(format string, args ...any)

	dictionary *harmonization.Dictionary
	versions   versions
	others     map[string]*Field     // that no rule names, but a variable did
	variables  []harmonization.Value // by their number
	defined    []bool
	now        time.Time // once somebody has asked
}

// Path is one that a rule names, with the place where it does.
type Path struct{ Place, Name string }

// NewRun makes a Run for rules with so many variables.
func NewRun(d *harmonization.Dictionary, variables int) *Run {
	return &Run{
		dictionary: d, others: map[string]*Field{},
		variables: make([]harmonization.Value, variables), defined: make([]bool, variables),
	}
}

// Begin turns to an event.
func (r *Run) Begin(m *event.Message) {
	r.Event = m
	r.Round++
	r.Paths = nil
	r.now = time.Time{}
	clear(r.defined)
}

// Now is the same for all rules that look at one event.
func (r *Run) Now() time.Time {
	if r.now.IsZero() {
		r.now = r.Clock()
	}
	return r.now
}

// Read looks for a field in the event, and reports whether it is there.
func (r *Run) Read(f *Field) bool { return f.read(r.Event, r.Round, &r.versions) }

// maxOthers bounds how many fields are known that only events name. They may be different
// in each of them.
const maxOthers = 1000

// Field is the field with a name that came out of an event.
func (r *Run) Field(key string) *Field {
	f := r.others[key]
	if f == nil {
		if len(r.others) >= maxOthers {
			clear(r.others)
		}
		f = NewField(key, r.dictionary)
		r.others[key] = f
	}
	return f
}

// Variable is the value of a variable; ok is false if it was not set for this event.
func (r *Run) Variable(number int) (v harmonization.Value, ok bool) {
	return r.variables[number], r.defined[number]
}

// SetVariable sets a variable.
func (r *Run) SetVariable(number int, v harmonization.Value) {
	r.variables[number], r.defined[number] = v, true
}

// Has reports whether the event has a field.
func (r *Run) Has(key string) bool { return key != "__type" && r.Event.Has(key) }

// Set sets a field. An empty value removes it.
func (r *Run) Set(key string, v harmonization.Value) error {
	if _, err := r.dictionary.Field(harmonization.Event, key); err != nil {
		return err
	}
	r.Round++
	r.Event.SetValue(key, v)
	return r.Event.Err()
}

// Put sets a field to JSON, without a look at what it is.
func (r *Run) Put(key string, text []byte) error {
	if _, err := r.dictionary.Field(harmonization.Event, key); err != nil {
		return err
	}
	r.Round++
	r.Event.SetText(key, text)
	return r.Event.Err()
}

// Remove removes a field, or all that are below extra.
func (r *Run) Remove(key string) {
	if r.Has(key) {
		r.Round++
		r.Event.Delete(key)
	}
}
