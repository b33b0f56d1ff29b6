package guess

import (
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// skipLines takes what stands before the table off its rows. The header is the row
// before the first data that is most like one.
func (t *Table) skipLines(l *layout) []row {
	data := slices.IndexFunc(l.rows[:min(len(l.rows), 20)], func(r row) bool { return l.full(r) && slices.ContainsFunc(r.fields, told) })
	best := 0
	for i, r := range l.rows[:max(data, 0)] {
		if l.full(r) && isHeader(l.rows[i:]) && likeness(r) > best {
			best, t.Skip, t.Header = likeness(r), i, true
		}
	}
	switch {
	case t.Header:
	case data < 0:
		t.Header = isHeader(l.rows)
	case slices.IndexFunc(l.rows[:data], l.full) < 0:
		t.Skip = data
	}
	if t.Skip > 0 {
		t.note("the table begins in line %d, behind something else", l.rows[t.Skip].line)
	}
	return l.rows[t.Skip:]
}

// likeness says how much a row is like a header.
func likeness(r row) (n int) {
	for _, name := range r.fields {
		if strings.TrimSpace(name) != "" {
			n++
		}
		if known(name) {
			n++
		}
	}
	return n
}

// told reports whether a value is of a kind that can be told.
func told(v string) bool {
	if v = strings.TrimSpace(v); void(v) || knownField(v) { // source.ip looks like a domain
		return false
	}
	kind := kindOf([]string{v}, true)
	return kind.name != "" && kind.name != "text"
}

// IsHeader reports whether a row alone names the columns: no value is of a kind that
// can be told, and at least one is a name that is known.
func IsHeader(fields []string) bool {
	return areNames(fields) && slices.ContainsFunc(fields, known)
}

// known reports whether a name of a column says what is in it.
func known(name string) bool { return meaning(name) != nothing || knownField(name) }

// areNames reports whether no value can be told, and most are not empty.
func areNames(fields []string) bool {
	named := 0
	for _, name := range fields {
		if told(name) {
			return false
		}
		if strings.TrimSpace(name) != "" {
			named++
		}
	}
	return 2*named > len(fields)
}

// isHeader reports whether the first row names the columns: it has names, where
// below there are values of another kind, or one that is known.
func isHeader(rows []row) bool {
	first := rows[0].fields
	if !areNames(first) {
		return false
	}
	for i, name := range first {
		if known(name) {
			return true
		}
		if below := values(rows[1:], i, 50); len(below) > 0 {
			if kind := kindOf(below, false); kind.name != "" && kind.name != "text" {
				return true
			}
		}
	}
	return false
}

func knownField(name string) bool {
	_, err := harmonization.Default().Field(harmonization.Event, strings.TrimSpace(name))
	return err == nil && strings.Contains(name, ".")
}

// comment returns the names in the last comment before the rows, if it has as many
// as there are columns, and they are names.
func (l *layout) comment(text string) []string {
	var last string
	n := 0
	for line := range strings.Lines(text) {
		if n++; len(l.rows) == 0 || n >= l.rows[0].line {
			break
		}
		if c, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok && strings.TrimSpace(c) != "" {
			last = c
		}
	}
	names := strings.Split(last, string(l.delimiter))
	if len(names) != l.width || l.width == 1 || slices.ContainsFunc(names, told) {
		return nil
	}
	return names
}
