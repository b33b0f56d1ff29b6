package json

import (
	"strings"
	"unsafe"
)

// MaxDepth is how deep arrays and objects may be nested, wherever JSON is read
// or written: a value with one bracket has one level, and the object that a
// message is counts. It keeps a hostile document from exhausting the stack of
// whoever walks it.
const MaxDepth = 1000

// TooDeep is what every reader says about a document beyond MaxDepth.
const TooDeep = "arrays and objects are nested more than 1000 levels deep"

// The check of JSON is written out here. go-json's Valid and jsontext take the same
// documents, but they copy what they check, which makes short values three times as
// slow, they allow 10000 levels, and they do not tell what is wrong in our words.

// Valid reports whether b is one JSON document (RFC 8259) with nothing but
// white space around it. It does not allocate.
func Valid(b []byte) bool {
	return ValidString(unsafe.String(unsafe.SliceData(b), len(b)))
}

// ValidString is Valid for a string.
func ValidString(s string) bool {
	c := checker{s: s}
	return c.document()
}

// IsTooDeep reports whether s is no document that is accepted for the one reason
// that it is nested deeper than MaxDepth.
func IsTooDeep(s string) bool {
	c := checker{s: s}
	return strings.Count(s, "[")+strings.Count(s, "{") > MaxDepth && !c.document() && c.what == TooDeep
}

// Skip returns the offset after the JSON value that starts at s[i], or -1 if
// there is none.
func Skip(s string, i int) int {
	c := checker{s: s}
	return c.value(i, 0)
}

// A checker walks a document. It notes the first thing that is wrong.
type checker struct {
	s    string
	at   int
	what string
}

func (c *checker) fail(at int, what string) int {
	if c.what == "" {
		c.at, c.what = at, what
		if at >= len(c.s) {
			c.at, c.what = len(c.s), "the end is missing"
		}
	}
	return -1
}

func (c *checker) document() bool {
	if space(c.s, 0) == len(c.s) {
		c.at, c.what = len(c.s), "there is no value"
		return false
	}
	end := c.value(space(c.s, 0), 0)
	if end < 0 {
		return false
	}
	if end = space(c.s, end); end < len(c.s) {
		c.fail(end, "there is more behind the value")
		return false
	}
	return true
}

// space returns the offset of the first byte at or after i that is no white
// space.
func space(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

const (
	wantValue = "a value is expected"
	wantKey   = "a key in double quotes is expected"
	wantColon = "a colon is expected after the key"
	wantComma = "a comma or a closing bracket is expected"
	badString = "a string that is not closed, or has an invalid escape or a control character"
	badNumber = "an invalid number"
)

// value returns the offset after the value at i, which has depth levels around
// it, or -1.
func (c *checker) value(i, depth int) int {
	s := c.s
	if i >= len(s) {
		return c.fail(i, wantValue)
	}
	switch s[i] {
	case '"':
		return c.text(i)
	case '{':
		if depth == MaxDepth {
			return c.fail(i, TooDeep)
		}
		if i = space(s, i+1); i < len(s) && s[i] == '}' {
			return i + 1
		}
		for i < len(s) && s[i] == '"' {
			if i = c.text(i); i < 0 {
				return -1
			}
			if i = space(s, i); i >= len(s) || s[i] != ':' {
				return c.fail(i, wantColon)
			}
			if i = c.value(space(s, i+1), depth+1); i < 0 {
				return -1
			}
			if i = space(s, i); i >= len(s) {
				return c.fail(i, wantComma)
			}
			switch s[i] {
			case '}':
				return i + 1
			case ',':
				i = space(s, i+1)
			default:
				return c.fail(i, wantComma)
			}
		}
		return c.fail(i, wantKey)
	case '[':
		if depth == MaxDepth {
			return c.fail(i, TooDeep)
		}
		if i = space(s, i+1); i < len(s) && s[i] == ']' {
			return i + 1
		}
		for {
			if i = c.value(i, depth+1); i < 0 {
				return -1
			}
			if i = space(s, i); i >= len(s) {
				return c.fail(i, wantComma)
			}
			switch s[i] {
			case ']':
				return i + 1
			case ',':
				i = space(s, i+1)
			default:
				return c.fail(i, wantComma)
			}
		}
	case 't':
		return c.word(i, "true")
	case 'f':
		return c.word(i, "false")
	case 'n':
		return c.word(i, "null")
	}
	if end := number(s, i); end >= 0 {
		return end
	}
	if s[i] == '-' || s[i] >= '0' && s[i] <= '9' {
		return c.fail(i, badNumber)
	}
	return c.fail(i, wantValue)
}

func (c *checker) word(i int, w string) int {
	if !strings.HasPrefix(c.s[i:], w) {
		return c.fail(i, wantValue)
	}
	return i + len(w)
}

func (c *checker) text(i int) int {
	if end, bad := text(c.s, i); end < 0 {
		return c.fail(bad, badString)
	} else {
		return end
	}
}

// text returns the offset after the string at i, or -1 and that of what is wrong.
func text(s string, i int) (end, bad int) {
	for i++; i < len(s); i++ {
		c := s[i]
		if c >= 0x80 || plain[c] {
			continue
		}
		if c == '"' {
			return i + 1, 0
		}
		if c != '\\' || i+1 == len(s) {
			return -1, i
		}
		i++
		switch s[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if hex4(s[i+1:]) < 0 {
				return -1, i - 1
			}
			i += 4
		default:
			return -1, i - 1
		}
	}
	return -1, len(s)
}

func number(s string, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if i = digits(s, i); i == start || s[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		start = i + 1
		if i = digits(s, start); i == start {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		start = i
		if i = digits(s, start); i == start {
			return -1
		}
	}
	return i
}

func digits(s string, i int) int {
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return i
}
