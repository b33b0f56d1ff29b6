package csv

import (
	"bytes"
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

// AppendMinimal appends the row that Read has returned last as Append would encode
// its fields. It is quick since what stands outside of quotes stays as it is. It
// reports false, and appends nothing, if the row has quotes in unusual places.
func (r *Reader) AppendMinimal(dst []byte, terminator string) ([]byte, bool) {
	if len(r.delim) != 1 {
		return dst, false
	}
	row := Chomp(r.Row())
	if !r.usual {
		return AppendMinimal(dst, row, r.delim[0], terminator)
	}
	copied := 0
	for _, q := range r.quotes {
		switch {
		case q.lo == q.hi && len(row) == 2: // it is empty and alone
			return dst, false
		case bytes.IndexByte(row[q.lo:q.hi], r.delim[0]) >= 0: // it needs its quotes
			continue
		}
		dst = append(append(dst, row[copied:q.lo-1]...), row[q.lo:q.hi]...)
		copied = q.hi + 1
	}
	return append(append(dst, row[copied:]...), terminator...), true
}

// Chomp cuts off the line endings of a row.
func Chomp(row []byte) []byte {
	n := len(row)
	for n > 0 && (row[n-1] == '\n' || row[n-1] == '\r') {
		n--
	}
	return row[:n]
}

// AppendMinimal encodes a row that has been read, given as it stands and
// without its line ending, as Append would encode its fields. It is quick since
// what stands outside of quotes stays as it is. It reports false, and appends
// nothing, if the row has quotes in unusual places.
func AppendMinimal(dst, row []byte, delimiter byte, terminator string) ([]byte, bool) {
	start := len(dst)
	for {
		i := bytes.IndexByte(row, '"')
		if i < 0 {
			return append(append(dst, row...), terminator...), true
		}
		if i > 0 && row[i-1] != delimiter {
			return dst[:start], false
		}
		dst = append(dst, row[:i]...)
		row = row[i+1:]
		end, special := closing(row, delimiter)
		switch {
		case end < 0, end == 0 && len(row) == 1 && len(dst) == start:
			return dst[:start], false
		case special:
			dst = append(append(append(dst, '"'), row[:end]...), '"')
		default:
			dst = append(dst, row[:end]...)
		}
		if row = row[end+1:]; len(row) > 0 && row[0] != delimiter {
			return dst[:start], false
		}
	}
}

// closing returns the index of the quote that ends a field, or -1, and whether
// there is anything in the field that needs quotes.
func closing(text []byte, delimiter byte) (end int, special bool) {
	for {
		i := bytes.IndexByte(text[end:], '"')
		if i < 0 {
			return -1, false
		}
		end += i
		if end+1 == len(text) || text[end+1] != '"' {
			break
		}
		special = true
		end += 2
	}
	if !special {
		field := text[:end]
		special = bytes.IndexByte(field, delimiter) >= 0 || bytes.IndexByte(field, '\n') >= 0 || bytes.IndexByte(field, '\r') >= 0
	}
	return end, special
}
