package csv

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/feed/table/convert"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// table makes a table of the flags.
func (c *Command) table(d *harmonization.Dictionary, columns []column) (*feed.Table, error) {
	search, err := texts("column-regex-search", c.ColumnRegexSearch)
	if err != nil {
		return nil, err
	}
	kinds, err := texts("data-type", c.DataType)
	if err != nil {
		return nil, err
	}
	times, err := timeformat.Parse(c.TimeFormat)
	if err != nil {
		return nil, fmt.Errorf("--time-format: %w", err)
	}
	if err := c.inColumns("column-regex-search", search); err != nil {
		return nil, err
	}
	if err := c.inColumns("data-type", kinds); err != nil {
		return nil, err
	}
	conversions, err := c.conversions(columns)
	if err != nil {
		return nil, err
	}
	table := &feed.Table{SkipBlank: true}
	for _, from := range columns {
		column := feed.Column{From: from.name, Need: feed.Optional}
		if !from.required {
			column.Need = feed.Soft
		}
		for name := range strings.SplitSeq(from.fields, "|") {
			if ignored(name) {
				column.Or = append(column.Or, feed.Column{To: "|"})
				break
			}
			s := steps{command: c, name: name, times: times, named: append(conversions[from.name], conversions[name]...)}
			if err := s.choose(d, name, search, kinds); err != nil {
				return nil, err
			}
			s.strict = column.Need == feed.Soft || from.fields != name
			column.Or = append(column.Or, feed.Column{To: name, With: s.converter()})
		}
		column.To, column.With, column.Or = column.Or[0].To, column.Or[0].With, column.Or[1:]
		if column.To != "|" {
			table.Rows = append(table.Rows, column)
		}
	}
	return table, c.addComposed(table)
}

// inColumns refuses what would be without effect: fields that no column has.
func (c *Command) inColumns(flag string, fields map[string]string) error {
	if len(c.columns) == 0 {
		return nil // what there is a header says
	}
	var names []string
	for _, column := range c.columns {
		names = append(names, strings.Split(column.fields, "|")...)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains(names, name) {
			continue
		}
		if near := plain.Nearest(name, slices.Values(names)); near != "" {
			return fmt.Errorf("--%s: %s is not in --columns; did you mean %s?", flag, name, near)
		}
		return fmt.Errorf("--%s: %s is not in --columns", flag, name)
	}
	return nil
}

// numbered matches what stands for a column in --compose-fields.
var numbered = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{|\}\}|\{([^{}]*)\}|[{}]`) })

var errTemplate = errors.New("--compose-fields: in a template a column is {0}, {1} and so on, or with NAME=FIELD in --columns {NAME}; a brace is {{ or }}")

// addComposed adds the rows that --compose-fields and --type stand for. Columns
// of a table are counted from 1.
func (c *Command) addComposed(table *feed.Table) error {
	formats, err := texts("compose-fields", c.ComposeFields)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		text := numbered().ReplaceAllStringFunc(formats[name], func(part string) string {
			if part == "{{" || part == "}}" {
				return part
			}
			name := strings.Trim(part, "{}")
			n, wrong := strconv.Atoi(name)
			switch {
			case wrong != nil && c.byName && name != "":
				return part
			case wrong != nil:
				err = errTemplate
			}
			return "{" + strconv.Itoa(n+1) + "}"
		})
		if err != nil {
			return err
		}
		if text != "" {
			table.Rows = append(table.Rows, feed.Column{Text: text, To: name})
		}
	}
	if c.Type != "" {
		table.Rows = append(table.Rows, feed.Column{To: typeField, Default: c.Type})
	}
	return nil
}

// steps are what the flags ask to be done to the values for one field.
type steps struct {
	command   *Command
	name      string // of the field
	search    *regex.Regexp
	named     []step // of --convert
	comma     bool   // numbers have a comma before their fraction
	json      bool
	url       bool
	translate bool
	time      *harmonization.Field // nil for all but times
	strict    bool                 // a time that does not fit would be left out otherwise
	times     timeformat.Converter
}

// numbers are the types whose values --decimal-comma is about.
var numbers = []string{"Accuracy", "Float", "Integer"}

func (s *steps) choose(d *harmonization.Dictionary, name string, search, kinds map[string]string) (err error) {
	if expr, ok := search[name]; ok {
		if s.search, err = regex.Compile(expr, false); err != nil {
			return fmt.Errorf("--column-regex-search: %s: %w", name, err)
		}
	}
	f, unknown := d.Field(harmonization.Event, name)
	switch kind, ok := kinds[name]; {
	case ok && kind != "json":
		return fmt.Errorf("--data-type: %s: %q: json is expected", name, kind)
	case ok:
		s.json = true
	case len(s.named) > 0:
	case name == "time.source" || name == "time.destination":
		s.time = f
	case strings.HasSuffix(name, ".url"):
		s.url = true
	case name == typeField:
		s.translate = len(s.command.types) > 0
	}
	s.comma = s.command.DecimalComma && (s.json || unknown == nil && slices.Contains(numbers, f.Type))
	return nil
}

// converter returns nil if there is nothing to do.
func (s *steps) converter() feed.Converter {
	if s.time != nil && s.command.TimeFormat == "" {
		if s.times = s.time.SanitiseAs; !s.strict {
			s.time = nil
		}
	}
	if s.search == nil && s.named == nil && !s.comma && !s.json && !s.url && !s.translate && s.time == nil {
		return nil
	}
	return s.convert
}

func (s *steps) convert(v harmonization.Value, r *feed.Record) (_ harmonization.Value, err error) {
	text := v.Text
	if s.search != nil {
		loc := s.search.FindStringIndex(text)
		if loc == nil {
			return harmonization.Value{}, nil
		}
		text = text[loc[0]:loc[1]]
	}
	if s.comma {
		text = convert.DecimalComma(text)
	}
	v = harmonization.Text(text)
	for _, step := range s.named {
		if v, err = step.do(s, v, r); err != nil || v.Empty() {
			return v, err
		}
	}
	switch text = v.Text; {
	case s.translate && text != "":
		typ, ok := s.command.types[text]
		if ok {
			return harmonization.Text(typ), nil
		}
		if s.command.Type == "" {
			return v, fmt.Errorf("%s: %q is not in --type-translation", s.name, text)
		}
	case v.Empty():
	case s.json:
		if v, err = event.ParseValue(text); err != nil {
			return v, feed.Must(fmt.Errorf("%s: %w", s.name, err))
		}
	case s.time != nil:
		if v, err = s.times(v, r.Event().Times()); err != nil {
			return v, feed.Must(fmt.Errorf("%s: %w", s.name, err))
		}
	case s.url && !strings.Contains(text, "://"):
		return harmonization.Text(s.command.DefaultUrlProtocol + text), nil
	}
	return v, nil
}
