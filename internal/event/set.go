package event

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event/scan"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/ipaddress"
)

// Errors of Add, wrapped with the field's name.
var (
	ErrKeyExists    = errors.New("is there already")
	ErrKeyNotExists = errors.New("is not there")
)

// Set makes text the value of a field, whatever it was before. The text is
// brought into the form the data format wants. Empty text ("", "-", "N/A")
// deletes the field. A key or value that the format refuses condemns the
// message, see Err.
func (m *Message) Set(key, text string) { m.SetValue(key, harmonization.Text(text)) }

// SetIf is Set, but leaves the field alone if the text is empty.
func (m *Message) SetIf(key, text string) {
	if v := harmonization.Text(text); !v.Empty() {
		m.SetValue(key, v)
	}
}

// SetValue is Set for a value of any type.
func (m *Message) SetValue(key string, v harmonization.Value) {
	if err := m.put(key, v); err != nil {
		m.Fail(err)
	}
}

// SetInt is Set for a number.
func (m *Message) SetInt(key string, n int64) { m.SetValue(key, harmonization.Int(n)) }

// SetBool is Set for a boolean.
func (m *Message) SetBool(key string, b bool) { m.SetValue(key, harmonization.Bool(b)) }

// SetNetwork is Set for a network, which needs no reading to be written.
func (m *Message) SetNetwork(key string, p netip.Prefix) {
	if f, err := m.Dict().Field(m.schema(), key); err != nil || !f.Is("IPNetwork") {
		m.Set(key, p.String())
		return
	}
	f := m.begin(key, true)
	m.buf = append(ipaddress.AppendNetwork(append(m.buf, '"'), p), '"')
	if err := m.finish(key, f); err != nil {
		m.Fail(err)
	}
}

// Try sets the field if the value is one the data format takes, and reports
// whether it did. An empty value changes nothing. It does not condemn.
func (m *Message) Try(key string, v harmonization.Value) bool {
	return !v.Empty() && m.put(key, v) == nil
}

// Add is the data format's add with overwrite unset: a field that exists
// already is an error, an empty value changes nothing.
func (m *Message) Add(key string, v harmonization.Value) error {
	if m.Has(key) {
		return fmt.Errorf("%s: %w", key, ErrKeyExists)
	}
	if v.Empty() {
		return nil
	}
	return m.put(key, v)
}

// Change is Set for a field that has to exist.
func (m *Message) Change(key string, v harmonization.Value) error {
	if !m.Has(key) {
		return fmt.Errorf("%s: %w", key, ErrKeyNotExists)
	}
	return m.put(key, v)
}

// put sanitises v and stores it; an empty value deletes the field.
func (m *Message) put(key string, v harmonization.Value) error {
	if v.Empty() {
		m.Delete(key)
		return nil
	}
	f, err := m.Dict().Field(m.schema(), key)
	if err != nil {
		return err
	}
	return m.Put(f, key, v)
}

// Put is SetValue for a field that the caller has looked up before; key is
// the field's name, or the full one below a JSONDict field.
func (m *Message) Put(f *harmonization.Field, key string, v harmonization.Value) error {
	if v, err := f.SanitiseAs(v, m.Times()); err != nil {
		return named(key, err)
	} else if f.Type == "JSONDict" && f.Name == key {
		return m.explode(key, v.Text)
	} else {
		return m.store(key, v)
	}
}

// named says which field an error is about. Its text is made when somebody asks: a value
// that one field refuses often fits the next one.
func named(key string, err error) error { return &namedError{key, err} }

type namedError struct {
	key string
	err error
}

func (e *namedError) Error() string { return e.key + ": " + e.err.Error() }
func (e *namedError) Unwrap() error { return e.err }

// explode stores the members of an object below key, one level deep, in place
// of all that was there. A name that no field may have is an error: the next
// command would refuse the message.
func (m *Message) explode(key, object string) error {
	var members Message
	if _, err := members.parse([]byte(object)); err != nil {
		return named(key, err)
	}
	for i := range members.fields {
		if _, err := m.Dict().Field(m.schema(), key+"."+string(members.keyAt(i))); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	m.Delete(key)
	for i := range members.fields {
		v := value(members.jsonAt(i))
		if key != "extra" && (v.Empty() || v.Text == "[]" || v.Text == "{}") {
			continue
		}
		if err := m.store(key+"."+string(members.keyAt(i)), v); err != nil {
			return err
		}
	}
	return nil
}

// store writes the field's text behind what is in buf. A field that exists
// keeps its place among the fields.
func (m *Message) store(key string, v harmonization.Value) error {
	f := m.begin(key, true)
	var err error
	if m.buf, err = appendValue(m.buf, v); err != nil {
		m.buf = m.buf[:f.Start-1]
		return named(key, err)
	}
	return m.finish(key, f)
}

// appendValue writes a value as a message holds it, which is the one place that
// makes sure of two things: there is no line break in it, and it can be read
// again. Strings, numbers and words are on one line by themselves.
func appendValue(dst []byte, v harmonization.Value) ([]byte, error) {
	if v.Kind == harmonization.Compound {
		return json.AppendCompact(dst, v.Text, json.MaxDepth-1)
	}
	return v.AppendJSON(dst), nil
}

// begin writes key and colon, finish takes note of what was written since. A
// plain key needs no escapes, which holds for all that the data format allows.
func (m *Message) begin(key string, plain bool) field {
	f := field{KeyLen: uint32(len(key)), Mark: scan.Mark(key), Seq: m.next}
	buf := m.buf
	if plain {
		f.Start = uint32(len(buf)) + 1
		f.Key = f.Start + 1
		buf = append(append(append(buf, ',', '"'), key...), '"', ':')
	} else {
		// The key as it is looked up, then its text with escapes.
		f.Key = uint32(len(buf))
		buf = append(append(buf, key...), ',')
		f.Start = uint32(len(buf))
		buf = append(json.AppendString(buf, key), ':')
		f.Seq++ // what stands before is no comma
	}
	f.Value = uint32(len(buf))
	m.buf = buf
	return f
}

func (m *Message) finish(key string, f field) error {
	f.End = uint32(len(m.buf))
	m.next = f.Seq + 1
	m.dirty = true
	if m.marks.Add(f.Mark) {
		if i := m.find(key); i >= 0 {
			m.fields[i] = f
			return nil
		}
	}
	if m.full() {
		return named(key, errTooMany)
	}
	m.fields = append(m.fields, f)
	return nil
}

// plain reports whether key needs no escape. Keys of the data format never do.
func plain(key string) bool {
	for i := 0; i < len(key); i++ {
		if c := key[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// SetText stores JSON text that the caller vouches for: its syntax is not
// checked.
func (m *Message) SetText(key string, text []byte) {
	f := m.begin(key, plain(key))
	var err error
	if c := text[0]; c == '{' || c == '[' {
		m.buf, err = json.AppendCompact(m.buf, text, json.MaxDepth-1)
	} else {
		m.buf = append(m.buf, text...)
	}
	if err != nil {
		err = named(key, err)
	} else {
		err = m.finish(key, f)
	}
	if err != nil {
		m.Fail(err)
	}
}
