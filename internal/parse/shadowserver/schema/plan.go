package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// Plan is a type that is compiled for the columns of one report.
type Plan struct {
	*feed.Plan
	Warnings []string // what is to be told of, once
	Missing  error    // which column all rows need that is not there
}

// Plan compiles the type for a report with columns of these names. With overwrite,
// feed.name becomes that of the schema, whatever it was before.
func (t *Type) Plan(d *harmonization.Dictionary, names []string, overwrite bool) (*Plan, error) {
	p := new(Plan)
	table := feed.Table{Rest: feed.Extra, KeepEmpty: true}
	braces := strings.NewReplacer("{", "{{", "}", "}}") // the texts are no templates
	for _, row := range []feed.Column{
		{Text: braces.Replace(t.Feed), To: "feed.name", Need: feed.Soft, Overwrite: overwrite},
		{Text: braces.Replace(t.URL), To: "feed.documentation", Need: feed.Soft},
	} {
		if _, err := d.Field(harmonization.Event, row.To); err == nil && row.Text != "" {
			table.Rows = append(table.Rows, row)
		}
	}
	for i := range t.Columns {
		table.Rows = append(table.Rows, p.row(t, &t.Columns[i], d))
	}
	p.look(t, names)
	var err error
	if p.Plan, err = table.Compile(d, names); err != nil {
		return nil, fmt.Errorf("the schema: %s: %w", t.File, err)
	}
	for _, c := range t.Constants {
		key := c.Field
		if _, unknown := d.Field(harmonization.Event, key); unknown != nil {
			key = feed.ExtraKey(key)
		}
		if err := p.Constant(d, key, c.Value); err != nil {
			return nil, fmt.Errorf("the schema: %s: %w", t.File, err)
		}
	}
	return p, nil
}

// row is a column as tables have it.
func (p *Plan) row(t *Type, c *Column, d *harmonization.Dictionary) feed.Column {
	row := feed.Column{From: c.From, Need: feed.Soft}
	if c.Required {
		row.Need = feed.Present
	}
	below, extra := strings.CutPrefix(c.To, "extra.")
	_, err := d.Field(harmonization.Event, c.To)
	switch {
	case c.To == "":
	case extra:
		row.To, row.Overwrite = feed.ExtraKey(cmp.Or(below, c.From)), true
	case err == nil:
		row.To = c.To
	case c.Required && harmonization.Default().Check(harmonization.Event, c.To) != nil:
		p.warn("%s: %v, the column %s is left out", t.File, err, c.From)
	default:
		row.To, row.Overwrite = feed.ExtraKey(c.To), true
	}
	if c.Function == "" {
		return row
	}
	if i := slices.IndexFunc(functions, func(f function) bool { return f.name == c.Function }); i >= 0 {
		row.Convert, row.With = functions[i].convert, functions[i].with
		return row
	}
	row.With = func(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
		return v, fmt.Errorf("the schema wants the function %q, which is not known", c.Function)
	}
	if !c.Required {
		p.warn("%s: the function %q is not known, the column %s goes below extra as it is", t.File, c.Function, c.From)
	}
	return row
}

// look says which columns the report lacks.
func (p *Plan) look(t *Type, names []string) {
	var absent []string
	for _, c := range t.Columns {
		if slices.Contains(names, c.From) || slices.Contains(absent, c.From) {
			continue
		}
		absent = append(absent, c.From)
		if c.Required && p.Missing == nil {
			p.Missing = fmt.Errorf("the report has no column %s, which %s needs", c.From, t.File)
		}
	}
	if len(absent) > 0 && !t.Lenient && p.Missing == nil {
		p.warn("%s: the report lacks columns: %s", t.File, strings.Join(absent, ", "))
	}
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}
