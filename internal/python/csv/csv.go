// Package csv is equal to Python's csv module in the dialect "excel". IntelMQ reads the
// tables of feeds with it, whose publishers tested them with such readers.
//
// A quote is special only at the beginning of a field. A doubled quote inside quotes is
// one quote, and text between a closing quote and the next delimiter belongs to the
// field. LF, CR LF and a lone CR end a row; inside quotes they are text. A blank line is
// a row without fields. A row is malformed only if a field or the row is over its limit,
// or if a quote is never closed.
//
// A Reader allocates nothing per row. It works on one physical line at a time:
// a line without a quote is split in a single pass, and so is one whose quotes
// do nothing but surround fields; any other goes through the full rules, which
// may ask for further lines.
package csv

import "bytes"

// Read returns the fields of the next row. The slice and the strings in it are
// valid until the next Read; strings.Clone what is to be kept. A blank line has
// no fields. The error is io.EOF at the end, an *Error for a row that cannot be
// used, after which Read may be called again, or the error of the source, which
// is final; Row then holds the torn row before it.
func (r *Reader) Read() ([]string, error) {
	content, end, err := r.begin()
	if err != nil {
		return nil, err
	}
	if content == r.row {
		return r.fields[:0], nil
	}
	line, limit := r.buf[r.row:content], r.fieldLimit()
	if len(r.delim) != 1 {
		return r.readQuoted(content, end)
	}
	if len(line) <= limit && len(line) < r.maxFields() {
		if r.split(content) {
			return r.fields, nil
		}
		return r.readQuoted(content, end)
	}
	many := bytes.Count(line, r.delim) >= r.maxFields()
	if bytes.IndexByte(line, '"') >= 0 {
		if len(line) <= limit && !many && r.split(content) {
			return r.fields, nil
		}
		return r.readQuoted(content, end)
	}
	if many {
		return nil, &Error{r.line, 1, ErrTooManyFields}
	}
	r.split(content)
	if len(line) > limit {
		column := 1
		for _, f := range r.fields {
			if len(f) > limit {
				return nil, &Error{r.line, column, ErrFieldTooLong}
			}
			column += len(f) + 1
		}
	}
	return r.fields, nil
}
