package csv

import (
	"strings"
	"unicode/utf8"
)

// Append encodes one row as Python's csv.writer does by default: a field is
// quoted if it holds the delimiter, a quote, a line break or a character of the
// terminator, or if it is empty and alone. Without fields the row is the
// terminator. Every CR and LF is quoted, as since Python 3.13; older ones leave
// those that the terminator does not hold, which no reader gets back.
func Append(dst []byte, fields []string, delimiter rune, terminator string) []byte {
	alone := len(fields) == 1 && fields[0] == ""
	return appendRow(dst, fields, delimiter, terminator, func(field string) bool {
		return alone || strings.IndexByte(field, '"') >= 0 || strings.IndexByte(field, '\n') >= 0 ||
			strings.IndexByte(field, '\r') >= 0 || strings.ContainsRune(field, delimiter) ||
			strings.ContainsAny(field, terminator)
	})
}

// AppendQuoted encodes one row with every field in quotes.
func AppendQuoted(dst []byte, fields []string, delimiter rune, terminator string) []byte {
	return appendRow(dst, fields, delimiter, terminator, func(string) bool { return true })
}

func appendRow(dst []byte, fields []string, delimiter rune, terminator string, quote func(string) bool) []byte {
	for i, field := range fields {
		if i > 0 {
			dst = utf8.AppendRune(dst, delimiter)
		}
		if quote(field) {
			dst = appendQuoted(dst, field)
		} else {
			dst = append(dst, field...)
		}
	}
	return append(dst, terminator...)
}

func appendQuoted(dst []byte, field string) []byte {
	dst = append(dst, '"')
	for {
		n := strings.IndexByte(field, '"')
		if n < 0 {
			break
		}
		dst = append(append(dst, field[:n+1]...), '"')
		field = field[n+1:]
	}
	return append(append(dst, field...), '"')
}
