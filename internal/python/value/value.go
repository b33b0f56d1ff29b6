// Package value has the values of JSON as Python's json module reads them, and
// what str, repr, == and json.dumps make of them. Hashes of messages, lengths of
// fields and text forms of numbers in IntelMQ are made of these.
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

// Value is one JSON value. Text is the unescaped text of a String, the literal
// of a Number or a Boolean as it was written, and the JSON text of a Compound.
// The zero Value is null.
type Value struct {
	Kind Kind
	Text string
}

// Text returns a string value.
func Text(s string) Value { return Value{String, s} }

// Int returns an integer value.
func Int(n int64) Value { return Value{Number, strconv.FormatInt(n, 10)} }

// Float returns a float value in Python's shortest form ("100.0"). Infinities
// and NaN, which JSON lacks, become null.
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

// JSON returns the value that the JSON document text holds. Text that is no
// JSON document becomes null.
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

// Empty reports whether v is one of the values that stand for "not known":
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

// AppendJSON appends v as JSON to dst.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Null:
		return append(dst, "null"...)
	case String:
		return json.AppendString(dst, v.Text)
	}
	return append(dst, v.Text...)
}

// Python returns what Python's str() makes of v. Lengths and regular
// expressions of a field look at this form.
func (v Value) Python() string {
	switch v.Kind {
	case String:
		return v.Text
	case Number:
		if number.CanonicalInt(v.Text) || number.CanonicalFloat(v.Text) {
			return v.Text
		}
	case Boolean:
		if v.Text == "true" {
			return "True"
		}
		return "False"
	case Null:
		return "None"
	}
	return string(v.AppendRepr(nil))
}

// AppendRepr appends what Python's repr() makes of v to dst. The hash of a
// message is taken over this form.
func (v Value) AppendRepr(dst []byte) []byte {
	switch v.Kind {
	case Null:
		return append(dst, "None"...)
	case Boolean:
		if v.Text == "true" {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case Number:
		return number.Append(dst, v.Text)
	case String:
		return appendRepr(dst, v.Text)
	}
	n, ok := Parse(v.Text)
	if !ok {
		return appendRepr(dst, v.Text)
	}
	return n.appendRepr(dst)
}
