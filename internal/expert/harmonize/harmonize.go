// Package harmonize implements expert-harmonize.
//
// expert-harmonize: check and mend messages that come from outside
//
// Every field is looked at. A value that is valid stays as it is, byte for
// byte; one that is not is brought into the form that the data format wants;
// if it has none, the message goes into the dump. Fields without a value
// (null, "", "-" and "N/A") are left out.
//
// Nested objects become flat: {"source":{"ip":"192.0.2.1"}} is source.ip. The
// members of extra become fields of their own, and objects below these stay
// what they are. What stands in a message twice, once flat and once nested, is
// an error.
//
// A key that the data format does not know is an error. With --unknown drop
// such a field is left out, with --unknown extra it moves below extra, where
// whatever is no lower-case letter, digit or underscore becomes an underscore;
// objects are made flat up to 16 levels deep.
// A message has at most 1048576 fields, and is nested at most 1000 levels deep;
// one beyond that goes into the dump, here and in every other command.
//
// A message whose __type is neither Report nor Event is refused; one without
// becomes an Event.
//
// # Examples
//
//	echo '{"source":{"ip":"192.0.2.1/32","asn":"AS64496"}}' | expert-harmonize
//	echo '{"source.ip":"192.0.2.1","Score":5}' | expert-harmonize --unknown extra
package harmonize

import (
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what becomes of unknown keys.
type Command struct {
	Unknown string `help:"What to do with keys that are not part of the data format: error, drop, or extra, which moves them below extra." enum:"error,drop,extra" default:"error"`
}

// Process checks and mends one message.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for _, key := range m.Keys() {
		v, _ := m.Value(key)
		if err := c.mend(m, key, v); err != nil {
			return err
		}
	}
	m.Finish() // adds __type
	return emit(m)
}

// mend checks a field as it came in.
func (c *Command) mend(m *event.Message, key string, v harmonization.Value) error {
	if v.Empty() {
		m.Remove(key)
		return nil
	}
	f, err := field(m, key)
	switch {
	case err == nil && isDict(f, key):
		m.Remove(key)
		return c.members(m, key, v, f)
	case err == nil:
		return set(m, f, key, v, false)
	case c.opens(m, key, v):
		m.Remove(key)
		return c.members(m, key, v, nil)
	}
	if c.Unknown == "error" {
		return err
	}
	m.Remove(key)
	return c.unknown(m, key, v)
}

// deepest is how many levels of objects that the data format does not know are
// made flat. What is below stays an object. Each level reads what is in it once
// more, so that a message of a thousand levels would be read a thousand times.
const deepest = 16

// opens reports whether the members of a value are looked at one by one: it is
// an object, and fields of the data format are below its key, or all that is
// unknown is kept.
func (c *Command) opens(m *event.Message, key string, v harmonization.Value) bool {
	if !isObject(v) {
		return false
	}
	if c.Unknown == "extra" && strings.Count(key, ".") < deepest {
		return true
	}
	for f := range m.Dict().Fields(schema(m)) {
		if rest, ok := strings.CutPrefix(f.Name, key); ok && strings.HasPrefix(rest, ".") {
			return true
		}
	}
	return false
}

// add puts a member of a nested object into the flat message.
func (c *Command) add(m *event.Message, key string, v harmonization.Value) error {
	f, err := field(m, key)
	switch {
	case err != nil && c.opens(m, key, v):
		return c.members(m, key, v, nil)
	case err != nil && c.Unknown == "error":
		return err
	case err != nil:
		return c.unknown(m, key, v)
	case isDict(f, key):
		return c.members(m, key, v, f)
	case isSet(m, key):
		return fmt.Errorf("%s: %w", key, event.ErrKeyExists)
	}
	return set(m, f, key, v, true)
}

// members flattens an object. In one that belongs to a JSONDict field, dict,
// values are kept as they are; in extra this goes for empty ones too.
func (c *Command) members(m *event.Message, key string, v harmonization.Value, dict *harmonization.Field) error {
	if dict != nil {
		clean, err := dict.Sanitise(v)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if !isObject(v) { // what is an object stays as it is written
			v = clean
		}
	}
	var object event.Object
	if err := object.Parse([]byte(v.Text)); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	for name := range object.All {
		member := object.Value(name)
		hollow := member.Empty() || dict != nil && (member.Text == "[]" || member.Text == "{}") && member.Kind == harmonization.Compound
		if hollow && (dict == nil || key != "extra") {
			continue
		}
		if err := c.add(m, key+"."+name, member); err != nil {
			return err
		}
	}
	return nil
}

// unknown deals with a value that has no place in the data format.
func (c *Command) unknown(m *event.Message, key string, v harmonization.Value) error {
	if c.Unknown == "drop" {
		return nil
	}
	name := "extra." + wellFormed(strings.TrimPrefix(key, "extra."))
	f, err := field(m, name)
	if err != nil {
		return err
	}
	if isSet(m, name) {
		return fmt.Errorf("%s, from %q: %w", name, key, event.ErrKeyExists)
	}
	return set(m, f, name, v, true)
}

// set stores a value, or leaves it alone if it is there and valid.
func set(m *event.Message, f *harmonization.Field, key string, v harmonization.Value, fresh bool) error {
	if err := f.Valid(v); err == nil {
		if fresh {
			m.SetText(key, v.AppendJSON(nil))
		}
		return nil
	} else if f.Type == "Base64" {
		// To mend it would be to encode it, which is never what was meant.
		return fmt.Errorf("%s: %w", key, err)
	}
	return m.Put(f, key, v)
}

func field(m *event.Message, key string) (*harmonization.Field, error) {
	return m.Dict().Field(schema(m), key)
}

func schema(m *event.Message) harmonization.Message {
	if m.Kind == event.Report {
		return harmonization.Report
	}
	return harmonization.Event
}

func isDict(f *harmonization.Field, key string) bool { return f.Type == "JSONDict" && f.Name == key }

func isObject(v harmonization.Value) bool {
	return v.Kind == harmonization.Compound && strings.HasPrefix(v.Text, "{")
}

// isSet is Has without the special meaning of extra.
func isSet(m *event.Message, key string) bool { return m.JSON(key) != nil }

// wellFormed makes a key of any text.
func wellFormed(text string) string {
	parts := strings.Split(strings.ToLower(text), ".")
	for i, part := range parts {
		parts[i] = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
				return r
			}
			return '_'
		}, part)
		if part == "" {
			parts[i] = "_"
		}
	}
	return strings.Join(parts, ".")
}
