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
	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/feed/table/convert"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// table makes a table of the flags, for those of the columns that a report has.
func (c *Command) table(d *harmonization.Dictionary, list columns.List) (*feed.Table, error) {
	times, err := timeformat.Parse(c.TimeFormat)
	if err != nil {
		return nil, fmt.Errorf("--time-format: %w", err)
	}
	search, err := c.ofFields("column-regex-search", c.ColumnRegexSearch)
	if err != nil {
		return nil, err
	}
	kinds, err := c.ofFields("data-type", c.DataType)
	if err != nil {
		return nil, err
	}
	conversions, err := list.Conversions(c.Convert, c.columns)
	if err != nil {
		return nil, err
	}
	table, err := list.Table(func(i int, name string) (feed.Converter, error) {
		column := list[i]
		s := steps{command: c, name: name, named: append(conversions[column.Name], conversions[name]...)}
		strict := column.Need == feed.Soft || column.Fields != name
		if err := s.choose(d, search, kinds, times, strict); err != nil {
			return nil, err
		}
		return s.converter(), nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.addComposed(table); err != nil {
		return nil, err
	}
	return table, columns.SetType(table, d, c.Type)
}

// ofFields checks a flag that says something of fields in --columns. Without --columns a
// header says which there are.
func (c *Command) ofFields(flag string, object stage.Object) (map[string]string, error) {
	m, err := texts(flag, object)
	if err != nil || len(c.columns) == 0 {
		return m, err
	}
	for _, field := range slices.Sorted(maps.Keys(m)) {
		if err := c.columns.Has(flag, field); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// texts checks that all members of a flag's object are strings.
func texts(flag string, object stage.Object) (map[string]string, error) {
	m := make(map[string]string, len(object))
	for key, v := range object {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("--%s: %s: a string is expected", flag, key)
		}
		m[key] = text
	}
	return m, nil
}

// numbered matches what stands for a column in --compose-fields.
var numbered = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{|\}\}|\{([^{}]*)\}|[{}]`) })

var errTemplate = errors.New("--compose-fields: in a template a column is {0}, {1} and so on, or with NAME=FIELD in --columns {NAME}; a brace is {{ or }}")

// addComposed adds the rows that --compose-fields stands for. Columns of a table are
// counted from 1.
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
	return nil
}

// steps are what the flags ask to be done to the values for one field.
type steps struct {
	command   *Command
	name      string // of the field
	search    *regex.Regexp
	comma     bool           // numbers have a comma before their fraction
	named     []columns.Step // of --convert
	json      bool
	translate bool
	usual     feed.Converter
}

// numbers are the types whose values --decimal-comma is about.
var numbers = []string{"Accuracy", "Float", "Integer"}

// choose finds the steps. A time that the field itself would refuse needs none, unless
// it could then be left out, which is strict.
func (s *steps) choose(d *harmonization.Dictionary, search, kinds map[string]string, times timeformat.Converter, strict bool) (err error) {
	if expr, ok := search[s.name]; ok {
		if s.search, err = regex.Compile(expr, false); err != nil {
			return fmt.Errorf("--column-regex-search: %s: %w", s.name, err)
		}
	}
	f, unknown := d.Field(harmonization.Event, s.name)
	if s.command.TimeFormat == "" {
		if times = nil; strict && unknown == nil {
			times = f.SanitiseAs
		}
	}
	switch kind, ok := kinds[s.name]; {
	case ok && kind != "json":
		return fmt.Errorf("--data-type: %s: %q: json is expected", s.name, kind)
	case ok:
		s.json = true
	case len(s.named) > 0:
	case s.name == columns.TypeField:
		s.translate = len(s.command.types) > 0
	default:
		s.usual = columns.Usual(s.name, times, s.command.DefaultUrlProtocol)
	}
	s.comma = s.command.DecimalComma && (s.json || unknown == nil && slices.Contains(numbers, f.Type))
	return nil
}

// converter returns nil if there is nothing to do.
func (s *steps) converter() feed.Converter {
	if s.search == nil && s.named == nil && !s.comma && !s.json && !s.translate {
		return s.usual
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
		if v, err = step.Do(s.name, v, r); err != nil || v.Empty() {
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
	case s.usual != nil:
		return s.usual(v, r)
	}
	return v, nil
}
