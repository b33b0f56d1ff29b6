// Package value holds JSON values as json.loads returns them in Python, and is equal
// to str, repr, == and json.dumps of them. IntelMQ computes the hash of a message over
// repr, checks lengths and regular expressions on str, and stores objects as dumps
// writes them.
package value

import (
	"math"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/number"
)

// Kind says what sort of JSON value a [Value] is.
type Kind uint8

// The kinds of values. Compound is an array or an object, kept as JSON text.
const (
	Null Kind = iota
	Boolean
	Number
	String
	Compound
)

// Value is one JSON value. Text is the text of a String without quotes and escapes,
// the literal of a Number or a Boolean, and the JSON text of a Compound. The zero
// Value is null.
type Value struct {
	Kind Kind
	Text string
}

// Text returns a string value.
func Text(s string) Value { return Value{String, s} }

// Int returns an integer value.
func Int(n int64) Value { return Value{Number, strconv.FormatInt(n, 10)} }

// Float returns a float value in the form of repr, as 100.0. Infinities and NaN, which
// JSON does not have, become null.
func Float(f float64) Value {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return Value{}
	}
	return Value{Number, string(number.AppendFloat(nil, f))}
}

// Bool returns a boolean value.
func Bool(b bool) Value {
	if b {
		return Value{Boolean, "true"}
	}
	return Value{Boolean, "false"}
}

// JSON returns the value of a JSON document, or null if the text is not one.
func JSON(text string) Value {
	text = strings.Trim(text, " \t\r\n")
	if !json.ValidString(text) {
		return Value{}
	}
	switch text[0] {
	case '"':
		s, _ := json.Unquote(text)
		return Text(s)
	case '{', '[':
		return Value{Compound, text}
	case 't', 'f':
		return Bool(text[0] == 't')
	case 'n':
		return Value{}
	}
	return Value{Number, text}
}

// Empty reports whether v is one of the values by which IntelMQ's add means "nothing":
// null, "", "-" and "N/A".
func (v Value) Empty() bool {
	switch v.Kind {
	case Null:
		return true
	case String:
		return v.Text == "" || v.Text == "-" || v.Text == "N/A"
	}
	return false
}

// AppendJSON appends v as JSON. Numbers, arrays and objects stay as they were written.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Null:
		return append(dst, "null"...)
	case String:
		return json.AppendString(dst, v.Text)
	}
	return append(dst, v.Text...)
}
