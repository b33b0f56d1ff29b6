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

// schema is what a schema file says. There are nearly two hundred report types
// in the published one, so each stays JSON until a report of its type comes.
type schema struct {
	dictionary *harmonization.Dictionary
	overwrite  bool              // feed.name is that of the schema, whatever the report says
	lenient    bool              // reports without optional columns are usual
	files      map[string][]byte // by file_name
	feeds      map[string][]byte // by feed_name
}

var errNoSchema = errors.New("no schema of Shadowserver reports: an object with one member per report type is expected")

func parseSchema(text []byte, d *harmonization.Dictionary, overwrite bool) (*schema, error) {
	s := &schema{dictionary: d, overwrite: overwrite, files: map[string][]byte{}, feeds: map[string][]byte{}}
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
		definition = bytes.Clone(definition)
		if name := member.Get("file_name"); name != "" {
			key = name
		}
		s.files[key] = definition
		s.feeds[member.Get("feed_name")] = definition
	}
	if len(s.files) == 0 {
		return nil, errNoSchema
	}
	return s, nil
}

// reportType is the compiled definition of one type.
type reportType struct {
	file      string
	table     feed.Table
	constants map[string]json.RawMessage
	warnings  []string
	lenient   bool
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

// reportType compiles one type. It is nil if text is.
func (s *schema) reportType(text []byte) (*reportType, error) {
	if text == nil {
		return nil, nil
	}
	var def definition
	if err := json.Unmarshal(text, &def); err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	braces := strings.NewReplacer("{", "{{", "}", "}}") // the texts are no templates
	r := &reportType{file: def.FileName, constants: def.ConstantFields, lenient: s.lenient}
	r.table = feed.Table{Rest: feed.Extra, KeepEmpty: true}
	for _, c := range []feed.Column{
		{Text: braces.Replace(def.FeedName), To: "feed.name", Need: feed.Soft, Overwrite: s.overwrite},
		{Text: braces.Replace(def.URL), To: "feed.documentation", Need: feed.Soft},
	} {
		if _, err := s.dictionary.Field(harmonization.Event, c.To); err == nil && c.Text != "" {
			r.table.Rows = append(r.table.Rows, c)
		}
	}
	for i, list := range [][][]any{def.RequiredFields, def.OptionalFields} {
		for _, item := range list {
			column, err := r.column(item, i == 0, s.dictionary)
			if err != nil {
				return nil, fmt.Errorf("the schema: %s: %w", r.file, err)
			}
			r.table.Rows = append(r.table.Rows, column)
		}
	}
	return r, nil
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
		i := slices.IndexFunc(functions, func(f function) bool { return f.name == name })
		if i >= 0 {
			c.Convert, c.With = functions[i].convert, functions[i].with
			return c, nil
		}
		c.With = func(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
			return v, fmt.Errorf("the schema wants the function %q, which is not known", name)
		}
		if !required {
			r.warnings = append(r.warnings, fmt.Sprintf("%s: the function %q is not known, the column %s goes below extra as it is", r.file, name, c.From))
		}
	}
	return c, nil
}

// compile applies a report type to the columns of one report. Missing says which
// column it needs that is not there.
func (r *reportType) compile(names []string, d *harmonization.Dictionary) (p *feed.Plan, warnings []string, missing, err error) {
	var absent []string
	for _, c := range r.table.Rows {
		if c.From == "" || slices.Contains(names, c.From) || slices.Contains(absent, c.From) {
			continue
		}
		absent = append(absent, c.From)
		if c.Need == feed.Present && missing == nil {
			missing = fmt.Errorf("the report has no column %s, which %s needs", c.From, r.file)
		}
	}
	warnings = slices.Clip(r.warnings)
	if len(absent) > 0 && !r.lenient && missing == nil {
		warnings = append(warnings, fmt.Sprintf("%s: the report lacks columns: %s", r.file, strings.Join(absent, ", ")))
	}
	if p, err = r.table.Compile(d, names); err != nil {
		return nil, nil, nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(r.constants)) {
		v, err := event.ParseValue(string(r.constants[key]))
		if err == nil {
			if _, unknown := d.Field(harmonization.Event, key); unknown != nil {
				key = feed.ExtraKey(key)
			}
			err = p.Constant(d, key, v)
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("the schema: %s: %w", r.file, err)
		}
	}
	return p, warnings, missing, nil
}
