package harmonization

import (
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// The number types. Integers have no limit, as in Python, so they stay text; only the
// range of an ASN is checked as a number.

func validInteger(v Value) bool { return v.Kind == Number && number.IsInt(v.Text) }

func sanitiseInteger(v Value) (Value, bool) {
	switch v.Kind {
	case Number:
		if number.CanonicalInt(v.Text) {
			return v, true
		}
		if number.IsInt(v.Text) {
			return numeric(string(number.Append(nil, v.Text))), true
		}
		s, ok := number.Truncate(v.Text)
		return numeric(s), ok
	case Boolean:
		if v.Text == "true" {
			return numeric("1"), true
		}
		return numeric("0"), true
	case String:
		s, ok := number.ParseInt(v.Text)
		return numeric(s), ok
	}
	return v, false
}

func validASN(v Value) bool { return validInteger(v) && asnRange(v.Text) }

func sanitiseASN(v Value) (Value, bool) {
	if v.Kind == String && len(v.Text) > 2 && v.Text[0]|0x20 == 'a' && v.Text[1]|0x20 == 's' {
		v.Text = v.Text[2:]
	}
	v, ok := sanitiseInteger(v)
	return v, ok && asnRange(v.Text)
}

func asnRange(s string) bool {
	if len(s) <= 9 && number.CanonicalInt(s) {
		return s[0] != '-' && s != "0"
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && n > 0
}

func validFloat(v Value) bool {
	if v.Kind != Number {
		return false
	}
	if len(v.Text) < 300 && (number.IsInt(v.Text) || number.CanonicalFloat(v.Text)) {
		return true
	}
	_, err := strconv.ParseFloat(v.Text, 64)
	return err == nil
}

// sanitiseFloat also takes the text of a number. Other than IntelMQ it refuses NaN and
// infinities, which JSON does not have.
func sanitiseFloat(v Value) (Value, bool) {
	switch v.Kind {
	case Number:
		if number.CanonicalFloat(v.Text) {
			return v, true
		}
	case Boolean:
		if v.Text == "true" {
			return numeric("1.0"), true
		}
		return numeric("0.0"), true
	case String:
		if number.CanonicalFloat(v.Text) {
			return numeric(v.Text), true
		}
	}
	f, ok := parseFloat(v)
	if !ok {
		return v, false
	}
	var buf [32]byte
	b := number.AppendFloat(buf[:0], f)
	if v.Kind == Number && string(b) == v.Text {
		return v, true
	}
	return numeric(string(b)), true
}

func validAccuracy(v Value) bool {
	switch v.Kind {
	case Boolean:
		return true
	case Number:
		if s := v.Text; len(s) > 2 && number.CanonicalFloat(s) && (isDigit(s[0]) && (s[1] == '.' || s[2] == '.') || s == "100.0") {
			return true
		}
		f, ok := parseFloat(v)
		return ok && 0 <= f && f <= 100
	}
	return false
}

func sanitiseAccuracy(v Value) (Value, bool) {
	if v.Kind == Boolean {
		if v.Text == "true" {
			return numeric("100.0"), true
		}
		return numeric("0.0"), true
	}
	v, ok := sanitiseFloat(v)
	return v, ok && validAccuracy(v)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func validBoolean(v Value) bool { return v.Kind == Boolean }

func sanitiseBoolean(v Value) (Value, bool) {
	switch v.Kind {
	case Boolean:
		return v, true
	case Number:
		switch v.Text {
		case "0", "-0":
			return Bool(false), true
		case "1":
			return Bool(true), true
		}
	case String:
		switch s := str.Strip(v.Text); {
		case strings.EqualFold(s, "true"):
			return Bool(true), true
		case strings.EqualFold(s, "false"):
			return Bool(false), true
		}
	}
	return v, false
}

// parseFloat reads a number, or the text of one.
func parseFloat(v Value) (float64, bool) {
	if v.Kind != Number && v.Kind != String {
		return 0, false
	}
	return number.ParseFloat(v.Text)
}
