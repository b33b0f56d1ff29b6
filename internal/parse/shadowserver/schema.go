package shadowserver

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/json"
)

// builtin has the most frequent report types, and _scan and _event, which
// stand in for unknown ones.
//
//go:embed schema.json
var builtin string

// schema is what a schema file says. There are nearly two hundred report
// types in the published one, so each is compiled when the first report of its
// type comes.
type schema struct {
	dictionary *harmonization.Dictionary
	lenient    bool              // reports without optional columns are usual
	files      map[string]*entry // by file_name
	feeds      map[string]*entry // by feed_name
}

// entry is one report type, as text and, once it was needed, compiled.
type entry struct {
	text     []byte
	compiled *reportType
	err      error
}

var errNoSchema = errors.New("no schema of Shadowserver reports: an object with one member per report type is expected")

func parseSchema(text []byte, d *harmonization.Dictionary) (*schema, error) {
	s := &schema{dictionary: d, files: map[string]*entry{}, feeds: map[string]*entry{}}
	var top, member event.Object
	if err := top.Parse(text); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSchema, err)
	}
	for key, definition := range top.All {
		if key == "_meta" {
			continue
		}
		if err := member.Parse(definition); err != nil || !member.Has("required_fields") {
			return nil, fmt.Errorf("%s: %w", key, errNoSchema)
		}
		e := &entry{text: bytes.Clone(definition)}
		if name := member.Get("file_name"); name != "" {
			key = name
		}
		s.files[key] = e
		s.feeds[member.Get("feed_name")] = e
	}
	if len(s.files) == 0 {
		return nil, errNoSchema
	}
	return s, nil
}

func (s *schema) byFileName(name string) (*reportType, error) { return s.compile(s.files[name]) }

func (s *schema) byFeedName(name string) (*reportType, error) { return s.compile(s.feeds[name]) }

// reportType is the compiled definition of one type.
type reportType struct {
	file          string
	name          []byte // feed.name as JSON, or nil
	documentation []byte // feed.documentation as JSON, or nil
	table         feed.Table
	constants     []constant
	warnings      []string
	lenient       bool
}

// constant is a field with the same value in all events.
type constant struct {
	key   string
	value harmonization.Value
}

// definition is one report type as a schema file has it.
type definition struct {
	FeedName       string                     `json:"feed_name"`
	FileName       string                     `json:"file_name"`
	URL            string                     `json:"url"`
	ConstantFields map[string]json.RawMessage `json:"constant_fields"`
	RequiredFields [][]any                    `json:"required_fields"`
	OptionalFields [][]any                    `json:"optional_fields"`
}

func (s *schema) compile(e *entry) (*reportType, error) {
	if e == nil {
		return nil, nil
	}
	if e.compiled == nil && e.err == nil {
		e.compiled = &reportType{lenient: s.lenient, table: feed.Table{Rest: feed.Extra, KeepEmpty: true}}
		if e.err = e.compiled.compile(e.text, s.dictionary); e.err != nil {
			e.compiled = nil
			e.err = fmt.Errorf("the schema: %w", e.err)
		}
		e.text = nil
	}
	return e.compiled, e.err
}

func (r *reportType) compile(text []byte, d *harmonization.Dictionary) error {
	var def definition
	if err := json.Unmarshal(text, &def); err != nil {
		return err
	}
	r.file = def.FileName
	for key, dst := range map[string]*[]byte{"feed.name": &r.name, "feed.documentation": &r.documentation} {
		value := def.FeedName
		if key == "feed.documentation" {
			value = def.URL
		}
		if f, err := d.Field(harmonization.Event, key); err == nil && value != "" {
			v, err := f.Sanitise(harmonization.Text(value))
			if err != nil {
				return fmt.Errorf("%s: %s: %w", r.file, key, err)
			}
			*dst = v.AppendJSON(nil)
		}
	}
	for i, list := range [][][]any{def.RequiredFields, def.OptionalFields} {
		for _, item := range list {
			column, err := r.column(item, i == 0, d)
			if err != nil {
				return fmt.Errorf("%s: %w", r.file, err)
			}
			r.table.Rows = append(r.table.Rows, column)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(def.ConstantFields)) {
		v, err := event.ParseValue(string(def.ConstantFields[key]))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", r.file, key, err)
		}
		if f, err := d.Field(harmonization.Event, key); err != nil {
			key = feed.ExtraKey(key)
		} else if v, err = f.Sanitise(v); err != nil {
			return fmt.Errorf("%s: %s: %w", r.file, key, err)
		}
		r.constants = append(r.constants, constant{key, v})
	}
	return nil
}

// column makes a row of a table of [field, column, function, true]; the last two
// may be absent, and the last one only matters to the reference.
func (r *reportType) column(item []any, required bool, d *harmonization.Dictionary) (feed.Column, error) {
	c := feed.Column{Need: feed.Soft}
	if required {
		c.Need = feed.Present
	}
	if len(item) < 2 {
		return c, fmt.Errorf("%v: field and column are expected", item)
	}
	var ok bool
	if c.From, ok = item[1].(string); !ok {
		return c, fmt.Errorf("%v: the name of a column is expected", item[1])
	}
	key, _ := item[0].(string)
	_, err := d.Field(harmonization.Event, key)
	switch {
	case key == "": // false
	case strings.HasPrefix(key, "extra."):
		c.To, c.Overwrite = feed.ExtraKey(cmp.Or(key[len("extra."):], c.From)), true
	case err == nil:
		c.To = key
	case required && harmonization.Default().Check(harmonization.Event, key) != nil:
		r.warnings = append(r.warnings, fmt.Sprintf("%s: %v, the column %s is left out", r.file, err, c.From))
	default:
		c.To, c.Overwrite = feed.ExtraKey(key), true
	}
	if len(item) > 2 {
		name, _ := item[2].(string)
		convert, ok := function(name)
		if !ok {
			convert = func(string, *feed.Record) (harmonization.Value, error) {
				return harmonization.Value{}, fmt.Errorf("the schema wants the function %q, which is not known", name)
			}
			if !required {
				r.warnings = append(r.warnings, fmt.Sprintf("%s: the function %q is not known, the column %s goes below extra as it is", r.file, name, c.From))
			}
		}
		c.With = convert.feed
	}
	return c, nil
}

// plan is a report type applied to the columns of one report.
type plan struct {
	*feed.Plan
	missing  error // a required column is not there
	warnings []string
}

func (r *reportType) plan(names []string, d *harmonization.Dictionary) (p plan, err error) {
	p.warnings = slices.Clip(r.warnings)
	var absent []string
	for _, c := range r.table.Rows {
		if slices.Contains(names, c.From) {
			continue
		}
		if c.Need == feed.Present && p.missing == nil {
			p.missing = fmt.Errorf("the report has no column %s, which %s needs", c.From, r.file)
		}
		if !slices.Contains(absent, c.From) {
			absent = append(absent, c.From)
		}
	}
	if len(absent) > 0 && !r.lenient && p.missing == nil {
		p.warnings = append(p.warnings, fmt.Sprintf("%s: the report lacks columns: %s", r.file, strings.Join(absent, ", ")))
	}
	if p.Plan, err = r.table.Compile(d, names); err != nil {
		return p, err
	}
	for _, c := range r.constants {
		if err := p.Constant(d, c.key, c.value); err != nil {
			return p, err
		}
	}
	return p, nil
}

// fill sets the fields of one row.
func (p *plan) fill(e *event.Message, fields []string) {
	if p.missing != nil {
		e.Fail(p.missing)
		return
	}
	p.Fill(e, fields)
}
