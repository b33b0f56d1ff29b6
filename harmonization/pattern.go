package harmonization

import (
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/regex"
)

// matcher reports whether a regular expression is found in a text.
type matcher func(string) bool

// pattern returns the matcher of a regular expression in Python's syntax. The
// ones in common use are predicates written by hand, an order of magnitude
// faster; the rest is compiled.
func pattern(expr string, fold bool) (matcher, error) {
	if m := predicate(expr, fold); m != nil {
		return m, nil
	}
	re, err := regex.Compile(expr, fold)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}

// predicate returns the hand-written matcher of a well-known expression. All
// allow for one line break at the end, as Python's $ does.
func predicate(expr string, fold bool) matcher {
	if fold {
		if expr == transport {
			return matchTransport
		}
		return nil
	}
	switch expr {
	case printable:
		return matchPrintable
	case noFinalDot:
		return matchNoFinalDot
	case twoAlnum:
		return matchTwoAlnum
	case upperHex:
		return matchUpperHex
	case uuid, uuid2:
		return matchUUID
	case severity:
		return matchSeverity
	}
	return nil
}

// chomp removes one line break from the end.
func chomp(s string) string {
	if s != "" && s[len(s)-1] == '\n' {
		return s[:len(s)-1]
	}
	return s
}

func matchPrintable(s string) bool {
	s = chomp(s)
	for i := range len(s) {
		if s[i]-' ' > '~'-' ' {
			return false
		}
	}
	return s != ""
}

func matchNoFinalDot(s string) bool {
	i := strings.IndexByte(s, '\n')
	switch {
	case s == "":
		return false
	case i < 0:
		return s[len(s)-1] != '.'
	case i == len(s)-1:
		return true // the line break itself is no dot
	}
	// One line, then a line break that is the character other than a dot, then
	// the line break that $ looks past.
	return i == len(s)-2 && s[len(s)-1] == '\n'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func alnum(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

func matchTwoAlnum(s string) bool {
	s = chomp(s)
	return len(s) == 2 && alnum(s[0]) && alnum(s[1])
}

func matchUpperHex(s string) bool {
	s = chomp(s)
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'A' || c > 'F') && c != '.' && c != '/' {
			return false
		}
	}
	return s != ""
}

func matchUUID(s string) bool {
	s = chomp(s)
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func matchSeverity(s string) bool { return isSeverity(chomp(s)) }

// matchTransport ignores case, but for ASCII only.
func matchTransport(s string) bool {
	s = chomp(s)
	if isTransport(s) {
		return true
	}
	var buf [16]byte
	if len(s) > len(buf) {
		return false
	}
	for i := range len(s) {
		if buf[i] = s[i]; 'A' <= s[i] && s[i] <= 'Z' {
			buf[i] += 'a' - 'A'
		}
	}
	if isTransport(string(buf[:len(s)])) {
		return true
	}
	// The expression has a bare dot in ax.25.
	b := buf[:len(s)]
	if len(b) < 5 || b[0] != 'a' || b[1] != 'x' || string(b[len(b)-2:]) != "25" {
		return false
	}
	r, n := utf8.DecodeRune(b[2 : len(b)-2])
	return n == len(b)-4 && r != '\n'
}
