// Package number is equal to Python's int and float where they read text, and to
// their repr. IntelMQ converts the texts of feeds with them, and prints numbers by
// repr into lengths, regular expressions and hashes.
//
// Integers stay text: Python's have no limit, and an IPv6 address is one.
package number

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/str"
)

// IsInt reports whether json.loads makes an int of the literal of a JSON number. The
// syntax decides: 1.0 and 1e3 are floats.
func IsInt(literal string) bool {
	for i := range len(literal) {
		if c := literal[i]; c == '.' || c|0x20 == 'e' {
			return false
		}
	}
	return literal != ""
}

// CanonicalInt reports whether s is an integer as repr prints it.
func CanonicalInt(s string) bool {
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

// CanonicalFloat reports whether s is certainly a float as repr prints it: up to 15
// digits without an exponent survive the way to a float64 and back. To find out about
// any other float, print it with [AppendFloat].
func CanonicalFloat(s string) bool {
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

// Append appends the repr of the literal of a JSON number. A float that is out of
// range is inf, as in Python.
func Append(dst []byte, literal string) []byte {
	if CanonicalInt(literal) || CanonicalFloat(literal) {
		return append(dst, literal...)
	}
	if IsInt(literal) {
		n, ok := new(big.Int).SetString(literal, 10)
		if !ok {
			return append(dst, literal...)
		}
		return n.Append(dst, 10)
	}
	f, _ := strconv.ParseFloat(literal, 64) // out of range is an infinity, as in Python
	return AppendFloat(dst, f)
}

// AppendFloat appends the repr of f: the shortest digits that read back as f, with an
// exponent below 1e-4 and from 1e16 on.
func AppendFloat(dst []byte, f float64) []byte {
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

// maxDigits is the largest number of digits that Python converts to an integer.
const maxDigits = 4300

// Truncate is int of a float: it returns the integer part of the literal of a JSON
// number. It is false for one that is out of range.
func Truncate(literal string) (string, bool) {
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

// ParseInt is int of a text: it takes white space at both ends, a sign, leading
// zeros, single underscores between digits, and the decimal digits of any script. It
// returns the repr, and false for any other text and for more than 4300 digits.
func ParseInt(s string) (string, bool) {
	if CanonicalInt(s) && len(s) <= maxDigits {
		return s, true
	}
	digits, ok := asciiDigits(strings.TrimSpace(s))
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

// asciiDigits replaces the decimal digits of other scripts by those of ASCII. It
// fails if another character beyond ASCII is in s.
func asciiDigits(s string) (string, bool) {
	// More than one sign is caught here, so that callers may just trim.
	if len(s) > 1 && (s[0] == '+' || s[0] == '-') && (s[1] == '+' || s[1] == '-') {
		return "", false
	}
	if str.IsASCII(s) {
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

// digit returns the ASCII digit for a decimal digit of any script. The ten digits of
// a script are neighbours, and scripts that are neighbours share a range of the table.
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

// joinDigits removes single underscores between digits. It fails if s has anything
// else that is not a digit.
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

// goFloat turns a text that float takes into one that strconv takes. It fails for
// those that only strconv takes: hexadecimal floats, inf and nan.
func goFloat(s string) (string, bool) {
	s, ok := asciiDigits(strings.TrimSpace(s))
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

// IsDigits reports whether s is one or more ASCII digits.
func IsDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// ParseFloat is float of a text: it takes white space at both ends, single underscores
// between digits, and the decimal digits of any script. Other than float it refuses
// infinities and NaN, which JSON does not have, be they words or out of range.
func ParseFloat(s string) (float64, bool) {
	s, ok := goFloat(s)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
