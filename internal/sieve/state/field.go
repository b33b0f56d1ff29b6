package state

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/python/value"
)

// Field is one that rules look at. Thousands of rules look at the same few fields, so
// what was made of a value is kept, also for the next event if that has the same one.
type Field struct {
	Key     string
	Kind    *harmonization.Field // of the dictionary, or nil
	There   bool                 // the event has it
	Value   harmonization.Value
	Version uint64 // of the value: a new one gets a new version, which no field had before

	round uint64 // when the event was looked at
	raw   []byte // JSON of the value
	made  made   // what was made of the value so far

	asText   string
	asNumber Number
	asAddr   netip.Addr
	asTime   time.Time
}

// NewField is the field of a key.
func NewField(key string, d *harmonization.Dictionary) *Field {
	kind, err := d.Field(harmonization.Event, key)
	if err != nil {
		kind = nil
	}
	return &Field{Key: key, Kind: kind}
}

// made has a bit for each form of a value that was asked for, and one that says whether
// the value has that form.
type made uint8

const (
	madeText made = 1 << iota
	madeNumber
	isNumber
	madeAddr
	madeTime
	isTime
)

// versions counts values, see Field.Version.
type versions struct{ last uint64 }

// read looks for the field in an event, once in a round, and reports whether it is there.
func (f *Field) read(m *event.Message, round uint64, counter *versions) bool {
	if f.round != round {
		f.round = round
		f.look(m, counter)
	}
	return f.There
}

func (f *Field) look(m *event.Message, counter *versions) {
	raw := m.JSON(f.Key)
	if raw == nil && f.Key == "extra" {
		raw = namespace(m)
	}
	f.There = raw != nil && f.Key != "__type"
	if !f.There || f.Version > 0 && bytes.Equal(raw, f.raw) {
		return
	}
	f.raw = append(f.raw[:0], raw...)
	f.Value = harmonization.Value{}
	switch text := string(raw); text[0] {
	case '"':
		if s, plain := strings.CutSuffix(text[1:], `"`); plain && strings.IndexByte(s, '\\') < 0 {
			f.Value = harmonization.Text(s)
		} else if s, ok := json.Unquote(text); ok {
			f.Value = harmonization.Text(s)
		}
	case '{', '[':
		f.Value = harmonization.Value{Kind: harmonization.Compound, Text: text}
	case 't', 'f':
		f.Value = harmonization.Bool(text[0] == 't')
	case 'n':
	default:
		f.Value = harmonization.Value{Kind: harmonization.Number, Text: text}
	}
	counter.last++
	f.Version, f.made = counter.last, 0
}

// Text is the value in the form that is searched: objects are JSON as Python writes it,
// others what str of Python makes of them.
func (f *Field) Text() string {
	if f.Value.Kind == harmonization.String {
		return f.Value.Text
	}
	if f.made&madeText == 0 {
		f.made |= madeText
		if f.Value.Kind == harmonization.Compound && f.Value.Text[0] == '{' {
			f.asText = f.Value.DumpsInOrder()
		} else {
			f.asText = f.Value.Python()
		}
	}
	return f.asText
}

// Number is the value as a number; ok is false if it is something else.
func (f *Field) Number() (n Number, ok bool) {
	if f.made&madeNumber == 0 {
		f.made |= madeNumber
		if f.Value.Kind == harmonization.Number {
			if f.asNumber, ok = ParseNumber(f.Value.Text); ok {
				f.made |= isNumber
			}
		}
	}
	return f.asNumber, f.made&isNumber != 0
}

// Addr is the value as an address. It is not valid if the value is something else.
func (f *Field) Addr() netip.Addr {
	if f.made&madeAddr == 0 {
		f.made |= madeAddr
		f.asAddr = netip.Addr{}
		if a, err := netip.ParseAddr(f.Value.Text); err == nil && f.Value.Kind == harmonization.String {
			f.asAddr = a.WithZone("")
		}
	}
	return f.asAddr
}

// Time is the value as a time. A field of times is read as the data format reads it; any
// other field has to have the form that the data format writes.
func (f *Field) Time() (t time.Time, ok bool) {
	if f.made&madeTime == 0 {
		f.made |= madeTime
		v, err := f.Value, error(nil)
		if f.Kind != nil && f.Kind.Type == "DateTime" {
			v, err = f.Kind.Sanitise(v)
		}
		if err == nil && v.Kind == harmonization.String && datetime.Canonical(v.Text) {
			if f.asTime, err = time.Parse(time.RFC3339Nano, v.Text); err == nil {
				f.made |= isTime
			}
		}
	}
	return f.asTime, f.made&isTime != 0
}

// namespace is all that is below extra as JSON of a JSON text, or nil if nothing is.
func namespace(m *event.Message) []byte {
	top := object()
	for key, raw := range m.Fields() {
		if name, ok := strings.CutPrefix(string(key), "extra."); ok {
			if member, ok := value.Parse(string(raw)); ok {
				place(&top, name, member)
			}
		}
	}
	if len(top.Keys) == 0 {
		return nil
	}
	return json.AppendString(nil, top.DumpsInOrder())
}

func object() value.Node {
	return value.Node{Value: harmonization.Value{Kind: harmonization.Compound}}
}

// place puts a member into an object, and into objects in it where its name has dots.
// Where a part of the name has a value already, the rest of it is one name, and so it is
// where objects are nested too deeply.
func place(n *value.Node, name string, member value.Node) {
	for range json.MaxDepth {
		first, rest, more := strings.Cut(name, ".")
		if !more {
			break
		}
		at := slices.Index(n.Keys, first)
		if at < 0 {
			n.Keys, n.Items = append(n.Keys, first), append(n.Items, object())
			at = len(n.Items) - 1
		}
		inner := &n.Items[at]
		if inner.Value.Kind != harmonization.Compound || inner.List {
			break
		}
		n, name = inner, rest
	}
	n.Keys, n.Items = append(n.Keys, name), append(n.Items, member)
}
