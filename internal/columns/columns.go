// Package columns makes a table of what the command line says of columns: which field
// each becomes, where it stands in the header, and how its values are read. It is what
// parsers of tables that only their user knows have in common.
package columns

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Column is one of those that --columns names.
type Column struct {
	Name   string // in the header, or its number counted from 1
	Fields string // as in source.ip|source.fqdn
	Need   feed.Need
}

// List is all of them.
type List []Column

// ByName reports whether --columns goes by the names of columns.
func ByName(texts []string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "=") })
}

// Read reads --columns: fields in the order of the columns, or NAME=FIELD. With
// required, a column for which that is false may have values that do not fit.
func Read(texts []string, required []bool) (list List, err error) {
	if n := len(required); n > 0 && n != len(texts) {
		return nil, fmt.Errorf("--columns-required: %d values for %d columns", n, len(texts))
	}
	named := ByName(texts)
	for i, text := range texts {
		column := Column{strconv.Itoa(i + 1), text, feed.Optional}
		if len(required) > 0 && !required[i] {
			column.Need = feed.Soft
		}
		if named {
			at := strings.LastIndexByte(text, '=')
			if at < 1 {
				return nil, fmt.Errorf("--columns: %s: NAME=FIELD is expected, as others have it", plain.Quote(text))
			}
			column.Name, column.Fields = strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+1:])
		}
		list = append(list, column)
	}
	return list, nil
}

// Names are those of the columns, which are looked for in a header only later.
func (l List) Names() (names []string) {
	for _, column := range l {
		names = append(names, column.Name)
	}
	return names
}

// Ignored reports whether a name of a field stands for none.
func Ignored(field string) bool { return field == "" || field == "__IGNORE__" }

// fields are those that the column may become.
func (c Column) fields() []string {
	return slices.DeleteFunc(strings.Split(c.Fields, "|"), Ignored)
}

// Has refuses a field of another flag that no column has: the flag would be without
// effect.
func (l List) Has(flag, field string) error {
	var fields []string
	for _, column := range l {
		fields = append(fields, column.fields()...)
	}
	if slices.Contains(fields, field) {
		return nil
	}
	if near := plain.Nearest(field, slices.Values(fields)); near != "" {
		return fmt.Errorf("--%s: %s is not in --columns; did you mean %s?", flag, field, near)
	}
	return fmt.Errorf("--%s: %s is not in --columns", flag, field)
}

// Table makes the rows of a table. With says how values of the column at i are read for
// a field; nil is as they are.
func (l List) Table(with func(i int, field string) (feed.Converter, error)) (*feed.Table, error) {
	table := &feed.Table{SkipBlank: true}
	for i, from := range l {
		var ways []feed.Column
		for field := range strings.SplitSeq(from.Fields, "|") {
			if Ignored(field) {
				ways = append(ways, feed.Column{To: "|"})
				break
			}
			converter, err := with(i, field)
			if err != nil {
				return nil, err
			}
			ways = append(ways, feed.Column{To: field, With: converter})
		}
		if first := ways[0]; first.To != "|" {
			table.Rows = append(table.Rows, feed.Column{From: from.Name, To: first.To, With: first.With, Or: ways[1:], Need: from.Need})
		}
	}
	return table, nil
}

// TypeField is the field of --type.
const TypeField = "classification.type"

// SetType gives rows that have no type the one of --type.
func SetType(table *feed.Table, d *harmonization.Dictionary, name string) error {
	if name == "" {
		return nil
	}
	if _, err := d.CheckValue(harmonization.Event, TypeField, harmonization.Text(name)); err != nil {
		return fmt.Errorf("--type: %w", err)
	}
	table.Rows = append(table.Rows, feed.Column{To: TypeField, Default: name})
	return nil
}
