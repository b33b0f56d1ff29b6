// Package number reads and prints numbers as Python's int and float do.
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

// IsInt reports whether a number's literal is an integer to Python, which goes
// by the syntax: 1.0 and 1e3 are floats.
func IsInt(literal string) bool {
	for i := range len(literal) {
		if c := literal[i]; c == '.' || c|0x20 == 'e' {
			return false
		}
	}
	return literal != ""
}

// CanonicalInt reports whether s is an integer as Python prints it.
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

// CanonicalFloat reports whether s is certainly what Python prints for a
// float: at most 15 digits without exponent always survive the way to a
// float64 and back. Other floats must be printed to know.
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

// Append appends the number literal as Python prints it.
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

// AppendFloat appends f as Python's repr: the shortest digits that read back
// as f, with an exponent below 1e-4 and from 1e16 on.
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

// maxDigits is the length from which Python refuses to convert an integer.
const maxDigits = 4300

// Truncate cuts the fraction off a float literal.
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

// ParseInt reads an integer as Python's int does: white space around it, a
// sign, single underscores between digits, leading zeros, digits of any
// script. It returns the plain decimal form.
func ParseInt(s string) (string, bool) {
	if CanonicalInt(s) && s != "-0" && len(s) <= maxDigits {
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

// asciiDigits replaces the decimal digits of other scripts by ASCII's. Any
// other character beyond ASCII makes it fail.
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

// goFloat brings a float's text into a form that Go reads. Go also knows
// hexadecimal floats, inf and nan: these have letters, and fail.
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

// IsDigits reports whether s is ASCII digits and nothing else.
func IsDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// ParseFloat reads a text as float does: white space around it, single underscores
// between digits, and digits of any script. It refuses infinities and NaN, in
// words or by overflow, which JSON does not have.
func ParseFloat(s string) (float64, bool) {
	s, ok := goFloat(s)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
