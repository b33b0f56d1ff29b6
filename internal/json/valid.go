package json

import "unsafe"

// MaxDepth is how deep arrays and objects may be nested. It keeps a hostile
// document from exhausting the stack of whoever walks it.
const MaxDepth = 1000

// Valid reports whether b is one JSON document (RFC 8259) with nothing but
// white space around it. It does not allocate.
func Valid(b []byte) bool {
	return ValidString(unsafe.String(unsafe.SliceData(b), len(b)))
}

// ValidString is Valid for a string.
func ValidString(s string) bool {
	end := Skip(s, space(s, 0))
	return end >= 0 && space(s, end) == len(s)
}

// Skip returns the offset after the JSON value that starts at s[i], or -1 if
// there is none.
func Skip(s string, i int) int { return value(s, i, 0) }

// space returns the offset of the first byte at or after i that is no white
// space.
func space(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

func value(s string, i, depth int) int {
	if i < 0 || i >= len(s) || depth > MaxDepth {
		return -1
	}
	switch s[i] {
	case '"':
		return text(s, i)
	case '{':
		if i = space(s, i+1); i < len(s) && s[i] == '}' {
			return i + 1
		}
		for i < len(s) && s[i] == '"' {
			if i = text(s, i); i < 0 {
				return -1
			}
			if i = space(s, i); i >= len(s) || s[i] != ':' {
				return -1
			}
			if i = value(s, space(s, i+1), depth+1); i < 0 {
				return -1
			}
			if i = space(s, i); i >= len(s) {
				return -1
			}
			switch s[i] {
			case '}':
				return i + 1
			case ',':
				i = space(s, i+1)
			default:
				return -1
			}
		}
		return -1
	case '[':
		if i = space(s, i+1); i < len(s) && s[i] == ']' {
			return i + 1
		}
		for {
			if i = value(s, i, depth+1); i < 0 {
				return -1
			}
			if i = space(s, i); i >= len(s) {
				return -1
			}
			switch s[i] {
			case ']':
				return i + 1
			case ',':
				i = space(s, i+1)
			default:
				return -1
			}
		}
	case 't':
		return word(s, i, "true")
	case 'f':
		return word(s, i, "false")
	case 'n':
		return word(s, i, "null")
	}
	return number(s, i)
}

func word(s string, i int, w string) int {
	if len(s)-i < len(w) || s[i:i+len(w)] != w {
		return -1
	}
	return i + len(w)
}

func text(s string, i int) int {
	for i++; i < len(s); i++ {
		c := s[i]
		if c >= 0x80 || plain[c] {
			continue
		}
		if c == '"' {
			return i + 1
		}
		if c != '\\' || i+1 == len(s) {
			return -1
		}
		i++
		switch s[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if hex4(s[i+1:]) < 0 {
				return -1
			}
			i += 4
		default:
			return -1
		}
	}
	return -1
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
