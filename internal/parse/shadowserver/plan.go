package shadowserver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// plan is a report type applied to the columns of one report.
type plan struct {
	typ      *reportType
	index    []int    // for each step, the column's place in the row, or -1
	missing  error    // a required column is not there
	extras   []string // for each column, the key for what no step has used
	used     []bool   // which columns of the row at hand are used up
	row      record
	scratch  []byte
	warnings []string
}

// record lets a function look at other columns of the row.
type record struct {
	fields  []string
	columns map[string]int
}

// get returns the text of a column, or "".
func (r *record) get(column string) string {
	if i, ok := r.columns[column]; ok && i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

func (t *reportType) plan(names []string) *plan {
	p := &plan{typ: t, used: make([]bool, len(names)), warnings: t.warnings}
	p.row.columns = make(map[string]int, len(names))
	for i, name := range names {
		p.row.columns[name] = i
	}
	p.extras = t.extras(names)
	var absent []string
	for _, s := range t.steps {
		i, ok := p.row.columns[s.column]
		switch {
		case ok:
		case s.required && p.missing == nil:
			p.missing = fmt.Errorf("the report has no column %s, which %s needs", s.column, t.file)
			fallthrough
		default:
			i = -1
			if !slices.Contains(absent, s.column) {
				absent = append(absent, s.column)
			}
		}
		p.index = append(p.index, i)
	}
	if len(absent) > 0 && !t.lenient && p.missing == nil {
		p.warnings = append(p.warnings[:len(p.warnings):len(p.warnings)], fmt.Sprintf("%s: the report lacks columns: %s", t.file, strings.Join(absent, ", ")))
	}
	return p
}

// extras returns for each column the key of what no step has used. Two columns
// never share a key, and none has that of a step for another column.
func (t *reportType) extras(names []string) []string {
	owner := make(map[string]string, len(names))
	for _, s := range t.steps {
		if s.field == nil && !s.drop {
			owner[s.key] = s.column
		}
	}
	taken := make(map[string]bool, len(names))
	next := map[string]int{}
	keys := make([]string, len(names))
	for i, name := range names {
		key := extraKey(name)
		if name == "" {
			key = "extra.column_" + strconv.Itoa(i+1)
		}
		base := key
		for column, owned := owner[key]; taken[key] || owned && column != name; column, owned = owner[key] {
			next[base] = max(next[base], 1) + 1
			key = base + "_" + strconv.Itoa(next[base])
		}
		taken[key] = true
		keys[i] = key
	}
	return keys
}

// fill sets the fields of one row.
func (p *plan) fill(e *event.Message, fields []string) error {
	if p.missing != nil {
		return p.missing
	}
	for _, text := range fields[min(len(fields), len(p.extras)):] {
		if text != "" {
			return fmt.Errorf("the row has %d columns, the first line of the report names %d", len(fields), len(p.extras))
		}
	}
	fields = fields[:min(len(fields), len(p.extras))]
	p.row.fields = fields
	clear(p.used)
	for n := range p.typ.steps {
		s, i := &p.typ.steps[n], p.index[n]
		if i < 0 {
			continue
		}
		if i >= len(fields) {
			if s.required {
				return fmt.Errorf("the row ends before column %s", s.column)
			}
			continue
		}
		used, err := p.apply(e, s, fields[i])
		if err != nil && s.required {
			return fmt.Errorf("column %s: %w", s.column, err)
		}
		p.used[i] = p.used[i] || used
	}
	for _, c := range p.typ.constants {
		e.SetText(c.key, c.text)
	}
	for i, text := range fields {
		if !p.used[i] && text != "" {
			p.extra(e, p.extras[i], harmonization.Text(text))
		}
	}
	return nil
}

// apply carries out one step and reports whether it used the column up. The
// error matters if the column is required.
func (p *plan) apply(e *event.Message, s *step, text string) (used bool, err error) {
	v := harmonization.Text(text)
	if s.convert != nil {
		if v, err = s.convert(text, &p.row); err != nil {
			return false, err
		}
	}
	switch {
	case s.drop:
		return true, nil
	case v.Kind == harmonization.Null: // nothing to set; what a required column has is still worth keeping
		return !s.required, nil
	case s.field == nil:
		if v.Text != "" {
			p.extra(e, s.key, v)
		}
		return true, nil
	case v.Empty():
		return true, nil
	case e.Has(s.key):
		return false, fmt.Errorf("%s: %w", s.key, event.ErrKeyExists)
	}
	if err := e.Put(s.field, s.key, v); err != nil {
		return false, err
	}
	return true, nil
}

// extra stores a value below extra, where anything is valid.
func (p *plan) extra(e *event.Message, key string, v harmonization.Value) {
	p.scratch = v.AppendJSON(p.scratch[:0])
	e.SetText(key, p.scratch)
}
