package harmonization

import "github.com/intelpipe/intelpipe/internal/python/value"

// Value is one JSON value, as a field of a message has. Its methods are str, repr, == and
// json.dumps of Python.
type Value = value.Value

// Kind says what sort of JSON value a [Value] is.
type Kind = value.Kind

// The kinds of values. Compound is an array or an object, kept as JSON text.
const (
	Null     = value.Null
	Boolean  = value.Boolean
	Number   = value.Number
	String   = value.String
	Compound = value.Compound
)

// Text returns a string value.
func Text(s string) Value { return value.Text(s) }

// Int returns an integer value.
func Int(n int64) Value { return value.Int(n) }

// Float returns a float value in the form of Python's repr, as 100.0. Infinities and NaN,
// which JSON does not have, become null.
func Float(f float64) Value { return value.Float(f) }

// Bool returns a boolean value.
func Bool(b bool) Value { return value.Bool(b) }

// JSON returns the value of a JSON document, or null if the text is not one.
func JSON(text string) Value { return value.JSON(text) }

// numeric returns the number with the literal.
func numeric(literal string) Value { return Value{Kind: Number, Text: literal} }
