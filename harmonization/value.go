package harmonization

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
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
	return Value{Number, string(appendFloat(nil, f))}
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
		if canonicalInt(v.Text) || canonicalFloat(v.Text) {
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
		return appendNumber(dst, v.Text)
	case String:
		return appendReprString(dst, v.Text)
	}
	n, ok := parseNode(v.Text)
	if !ok {
		return appendReprString(dst, v.Text)
	}
	return n.appendRepr(dst)
}

// isInt reports whether a number's literal is an integer to Python, which goes
// by the syntax: 1.0 and 1e3 are floats.
func isInt(literal string) bool {
	for i := range len(literal) {
		if c := literal[i]; c == '.' || c|0x20 == 'e' {
			return false
		}
	}
	return literal != ""
}

// canonicalInt reports whether s is an integer as Python prints it.
func canonicalInt(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] == '0' && s != "0" {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// canonicalFloat reports whether s is certainly what Python prints for a
// float: at most 15 digits without exponent always survive the way to a
// float64 and back. Other floats must be printed to know.
func canonicalFloat(s string) bool {
	s = strings.TrimPrefix(s, "-")
	dot := strings.IndexByte(s, '.')
	if dot < 1 || len(s) > 16 || dot > 1 && s[0] == '0' || dot == len(s)-1 {
		return false
	}
	if s[0] == '0' && len(s) > 3 && s[:4] == "0.00" {
		return false // may be small enough for an exponent
	}
	for i := range len(s) {
		if i != dot && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s[len(s)-1] != '0' || dot == len(s)-2
}

// appendNumber appends the number literal as Python prints it.
func appendNumber(dst []byte, literal string) []byte {
	if canonicalInt(literal) || canonicalFloat(literal) {
		return append(dst, literal...)
	}
	if isInt(literal) {
		n, ok := new(big.Int).SetString(literal, 10)
		if !ok {
			return append(dst, literal...)
		}
		return n.Append(dst, 10)
	}
	f, _ := strconv.ParseFloat(literal, 64) // out of range is an infinity, as in Python
	return appendFloat(dst, f)
}

// appendFloat appends f as Python's repr: the shortest digits that read back
// as f, with an exponent below 1e-4 and from 1e16 on.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}
