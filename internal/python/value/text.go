package value

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

// appendString appends s as a JSON string of printable ASCII.
func appendString(dst []byte, s string) []byte {
	start := len(dst)
	dst = json.AppendString(dst, s)
	for _, c := range dst[start:] {
		if c > '~' {
			quoted := string(dst[start:])
			dst = dst[:start]
			for _, r := range quoted {
				dst = appendUnicode(dst, r)
			}
			return dst
		}
	}
	return dst
}

func appendUnicode(dst []byte, r rune) []byte {
	switch {
	case r <= '~':
		return append(dst, byte(r))
	case r < 0x10000:
		return appendHex(append(dst, `\u`...), r, 4)
	}
	r -= 0x10000
	dst = appendHex(append(dst, `\u`...), 0xd800+r>>10, 4)
	return appendHex(append(dst, `\u`...), 0xdc00+r&0x3ff, 4)
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}

// appendRepr appends repr(s): in single quotes, or in double quotes if s has single
// ones and no double ones.
func appendRepr(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '\'')
		return append(append(dst, s...), '\'')
	}
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	dst = append(dst, quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r < 0x100:
			dst = appendHex(append(dst, `\x`...), r, 2)
		case r < 0x10000:
			dst = appendHex(append(dst, `\u`...), r, 4)
		default:
			dst = appendHex(append(dst, `\U`...), r, 8)
		}
	}
	return append(dst, quote)
}
