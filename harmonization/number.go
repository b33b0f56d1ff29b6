package harmonization

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The number types. Integers have no limit: an IPv6 address as a number is
// one. They stay text as long as they can, and are computed with only where a
// range must be known.

// maxDigits is the length from which Python refuses to convert an integer.
const maxDigits = 4300

func validInteger(v Value) bool { return v.Kind == Number && isInt(v.Text) }

func sanitiseInteger(v Value) (Value, bool) {
	switch v.Kind {
	case Number:
		if canonicalInt(v.Text) {
			return v, true
		}
		if isInt(v.Text) {
			return Value{Number, string(appendNumber(nil, v.Text))}, true
		}
		s, ok := truncate(v.Text)
		return Value{Number, s}, ok
	case Boolean:
		if v.Text == "true" {
			return Value{Number, "1"}, true
		}
		return Value{Number, "0"}, true
	case String:
		s, ok := parseInt(v.Text)
		return Value{Number, s}, ok
	}
	return v, false
}

// truncate cuts the fraction off a float literal.
func truncate(literal string) (string, bool) {
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return "", false
	}
	if -1<<53 < f && f < 1<<53 {
		return strconv.FormatInt(int64(f), 10), true
	}
	n, _ := big.NewFloat(f).Int(nil)
	return n.String(), true
}

// parseInt reads an integer as Python's int does: white space around it, a
// sign, single underscores between digits, leading zeros, digits of any
// script. It returns the plain decimal form.
func parseInt(s string) (string, bool) {
	if canonicalInt(s) && s != "-0" && len(s) <= maxDigits {
		return s, true
	}
	digits, ok := pythonDigits(trim(s))
	if !ok {
		return "", false
	}
	minus := strings.HasPrefix(digits, "-")
	digits = strings.TrimLeft(digits, "+-")
	if digits, ok = joinDigits(digits); !ok || len(digits) > maxDigits {
		return "", false
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "0", true
	}
	if minus {
		return "-" + digits, true
	}
	return digits, true
}

// pythonDigits replaces the decimal digits of other scripts by ASCII's. Any
// other character beyond ASCII makes it fail.
func pythonDigits(s string) (string, bool) {
	// More than one sign is caught here, so that callers may just trim.
	if len(s) > 1 && (s[0] == '+' || s[0] == '-') && (s[1] == '+' || s[1] == '-') {
		return "", false
	}
	if isASCII(s) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		case unicode.Is(unicode.Nd, r):
			b = append(b, digit(r))
		default:
			return "", false
		}
	}
	return string(b), true
}

// digit returns the ASCII digit of a decimal digit. Scripts have their ten
// digits in a row, and rows that touch make one range of the table.
func digit(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	return '0'
}

// joinDigits removes single underscores between digits; anything else that is
// no digit makes it fail.
func joinDigits(s string) (string, bool) {
	underscores := false
	for i := range len(s) {
		if s[i] == '_' && i > 0 && i < len(s)-1 && s[i-1] != '_' {
			underscores = true
		} else if s[i] < '0' || s[i] > '9' {
			return "", false
		}
	}
	if underscores {
		s = strings.ReplaceAll(s, "_", "")
	}
	return s, s != ""
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
	if len(s) <= 9 && canonicalInt(s) {
		return s[0] != '-' && s != "0"
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && n > 0
}

func validFloat(v Value) bool {
	if v.Kind != Number {
		return false
	}
	if len(v.Text) < 300 && (isInt(v.Text) || canonicalFloat(v.Text)) {
		return true
	}
	_, err := strconv.ParseFloat(v.Text, 64)
	return err == nil
}

// sanitiseFloat also takes the text of a number. NaN and the infinities are no
// numbers to JSON, so they are refused, although Python reads them.
func sanitiseFloat(v Value) (Value, bool) {
	switch v.Kind {
	case Number:
		if canonicalFloat(v.Text) {
			return v, true
		}
	case Boolean:
		if v.Text == "true" {
			return Value{Number, "1.0"}, true
		}
		return Value{Number, "0.0"}, true
	case String:
		if canonicalFloat(v.Text) {
			return Value{Number, v.Text}, true
		}
	}
	f, ok := parseFloat(v)
	if !ok {
		return v, false
	}
	var buf [32]byte
	b := appendFloat(buf[:0], f)
	if v.Kind == Number && string(b) == v.Text {
		return v, true
	}
	return Value{Number, string(b)}, true
}

// parseFloat reads a number, or a text as Python's float does.
func parseFloat(v Value) (float64, bool) {
	s := v.Text
	switch v.Kind {
	case Number:
	case String:
		var ok bool
		if s, ok = pythonFloat(s); !ok {
			return 0, false
		}
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// pythonFloat brings a float's text into a form that Go reads. Go also knows
// hexadecimal floats, inf and nan: these have letters, and fail.
func pythonFloat(s string) (string, bool) {
	s, ok := pythonDigits(trim(s))
	if !ok {
		return "", false
	}
	underscores := false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', c == '+', c == '-', c == '.', c|0x20 == 'e':
		case c == '_' && i > 0 && i < len(s)-1 && isDigit(s[i-1]) && isDigit(s[i+1]):
			underscores = true
		default:
			return "", false
		}
	}
	if underscores {
		s = strings.ReplaceAll(s, "_", "")
	}
	return s, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func validAccuracy(v Value) bool {
	switch v.Kind {
	case Boolean:
		return true
	case Number:
		if s := v.Text; len(s) > 2 && canonicalFloat(s) && (isDigit(s[0]) && (s[1] == '.' || s[2] == '.') || s == "100.0") {
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
			return Value{Number, "100.0"}, true
		}
		return Value{Number, "0.0"}, true
	}
	v, ok := sanitiseFloat(v)
	return v, ok && validAccuracy(v)
}

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
		switch s := trim(v.Text); {
		case strings.EqualFold(s, "true"):
			return Bool(true), true
		case strings.EqualFold(s, "false"):
			return Bool(false), true
		}
	}
	return v, false
}
