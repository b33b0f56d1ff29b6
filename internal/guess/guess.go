// Package guess finds out how a table is written and what its columns are, from a
// sample of it. It is for people who have a file before them: what it says is a
// proposal, with its reasons, and nothing is parsed by it.
package guess

import "slices"

// Sniff looks at the beginning of a file, or with whole at all of it. The error says
// why that is no table.
func Sniff(sample []byte, whole bool, o Options) (*Table, error) {
	if err := foreign(sample); err != nil {
		return nil, err
	}
	t := &Table{}
	text, err := t.decode(sample, whole, o)
	if err != nil {
		return nil, err
	}
	best, err := t.split(text, o)
	if err != nil {
		return nil, err
	}
	t.Delimiter = best.delimiter
	rows := t.skipLines(best)
	names := []string(nil)
	if t.Header {
		names, rows = rows[0].fields, rows[1:]
	} else if names = best.comment(text); names != nil {
		t.note("the columns are named in a comment, which is used to tell what they are")
	}
	t.Rows = len(rows)
	t.ragged(rows, best.width)
	t.columns(names, rows, best.width, o)
	switch {
	case len(rows) == 0:
		return nil, errHeaderAlone
	case !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Field != "" }):
		return nil, errNothingTold
	}
	return t, nil
}

// ragged tells of rows that are too short or too long.
func (t *Table) ragged(rows []row, width int) {
	short, long, line, size := 0, 0, 0, 0
	for _, row := range rows {
		n := len(row.fields)
		if n == width {
			continue
		}
		if n < width {
			short++
		} else {
			long++
		}
		if line == 0 {
			line, size = row.line, n
		}
	}
	if line > 0 {
		t.note("rows with fewer than %d columns: %d, with more: %d, the first of them in line %d with %d; what is missing has no value, what is more is left out",
			width, short, long, line, size)
	}
}
