package shadowserver

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
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
	steps         []step
	constants     []constant
	warnings      []string
	lenient       bool
}

// step is what becomes of one column. A column may have several.
type step struct {
	column   string
	key      string               // the field
	field    *harmonization.Field // nil for one below extra, which takes any value
	drop     bool                 // the column is left out
	required bool
	convert  converter // nil leaves the text as it is
}

// constant is a field with the same value in all events, as JSON.
type constant struct {
	key  string
	text []byte
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
		e.compiled = &reportType{lenient: s.lenient}
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
			st, err := r.step(item, i == 0, d)
			if err != nil {
				return fmt.Errorf("%s: %w", r.file, err)
			}
			r.steps = append(r.steps, st)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(def.ConstantFields)) {
		v, err := event.ParseValue(string(def.ConstantFields[key]))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", r.file, key, err)
		}
		if f, err := d.Field(harmonization.Event, key); err != nil {
			key = extraKey(key)
		} else if v, err = f.Sanitise(v); err != nil {
			return fmt.Errorf("%s: %s: %w", r.file, key, err)
		}
		r.constants = append(r.constants, constant{key, v.AppendJSON(nil)})
	}
	return nil
}

// step compiles [field, column, function, true]; the last two may be absent,
// and the last one only matters to the reference.
func (r *reportType) step(item []any, required bool, d *harmonization.Dictionary) (step, error) {
	if len(item) < 2 {
		return step{}, fmt.Errorf("%v: field and column are expected", item)
	}
	column, ok := item[1].(string)
	if !ok {
		return step{}, fmt.Errorf("%v: the name of a column is expected", item[1])
	}
	st := step{column: column, required: required}
	key, _ := item[0].(string)
	f, err := d.Field(harmonization.Event, key)
	_, known := harmonization.Default().Field(harmonization.Event, key)
	switch {
	case key == "": // false
		st.drop = true
	case key == "extra.":
		st.key = extraKey(column)
	case strings.HasPrefix(key, "extra."):
		st.key = extraKey(strings.TrimPrefix(key, "extra."))
	case err == nil:
		st.key, st.field = key, f
	case required && known != nil:
		st.drop = true
		r.warnings = append(r.warnings, fmt.Sprintf("%s: %v, the column %s is left out", r.file, err, column))
	default:
		st.key = extraKey(key)
	}
	if len(item) > 2 {
		name, _ := item[2].(string)
		if st.convert, ok = function(name); !ok {
			st.convert = func(string, *record) (harmonization.Value, error) {
				return harmonization.Value{}, fmt.Errorf("the schema wants the function %q, which is not known", name)
			}
			if !required {
				r.warnings = append(r.warnings, fmt.Sprintf("%s: the function %q is not known, the column %s goes below extra as it is", r.file, name, column))
			}
		}
	}
	return st, nil
}

// extraKey is the key for a name below extra, with characters that a key may
// have: words of lower-case letters, digits and underscores, with dots between
// them.
func extraKey(name string) string {
	key := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '.':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
	words := strings.FieldsFunc(key, func(r rune) bool { return r == '.' })
	if len(words) == 0 {
		return "extra._"
	}
	return "extra." + strings.Join(words, ".")
}
