package harmonization

import (
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// The types that hold JSON in a string.

func validJSON(v Value) bool { return v.Kind == String && json.ValidString(v.Text) }

// sanitiseJSON keeps a JSON document, and encodes any other value as one.
func sanitiseJSON(v Value) (Value, bool) {
	switch v.Kind {
	case Null:
		return v, false
	case String:
		s := str.Clean(v.Text)
		if s == "" || json.ValidString(s) {
			return Text(s), s != ""
		}
		if json.IsTooDeep(s) {
			return v, false // nobody could read it, and encoding it as a text would hide that
		}
		return Text(v.Dumps()), true
	case Compound:
		return encodeCompound(v)
	}
	return Text(string(v.AppendJSON(nil))), true
}

// validDict takes the text of an object with at least one member.
func validDict(v Value) bool {
	if v.Kind != String || !json.ValidString(v.Text) {
		return false
	}
	s := strings.TrimLeft(v.Text, " \t\r\n")
	return s[0] == '{' && !strings.HasPrefix(strings.TrimLeft(s[1:], " \t\r\n"), "}")
}

func sanitiseDict(v Value) (Value, bool) {
	switch v.Kind {
	case String:
		v.Text = str.Clean(v.Text)
	case Compound:
		var ok bool
		if v, ok = encodeCompound(v); !ok {
			return v, false
		}
	}
	return v, validDict(v)
}

// encodeCompound returns the text of an array or object.
func encodeCompound(v Value) (Value, bool) {
	if !json.ValidString(v.Text) {
		return v, false
	}
	return Text(v.Dumps()), true
}

// anyType, the type of the keys below a JSONDict field, takes any value.

func validAny(Value) bool { return true }

func sanitiseAny(v Value) (Value, bool) { return v, true }
