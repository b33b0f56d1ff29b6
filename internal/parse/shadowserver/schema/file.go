package schema

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// File is what a schema file says. There are nearly two hundred types in the
// published one, so each stays JSON until a report of its type comes.
type File struct {
	Created string            // when it was made, as it says, or ""
	files   map[string][]byte // by file_name
	feeds   map[string][]byte // by feed_name
}

var errNoSchema = errors.New("no schema of Shadowserver reports: an object with one member per report type is expected")

// Parse reads a schema file.
func Parse(text []byte) (*File, error) {
	f := &File{files: map[string][]byte{}, feeds: map[string][]byte{}}
	var top, member event.Object
	if err := top.Parse(text); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSchema, err)
	}
	for key, text := range top.All {
		err := member.Parse(text)
		if key == "_meta" {
			if err == nil {
				f.Created = member.Get("date_created")
			}
			continue
		}
		if err != nil || !member.Has("required_fields") {
			return nil, fmt.Errorf("%s: %w", key, errNoSchema)
		}
		text = bytes.Clone(text)
		if name := member.Get("file_name"); name != "" {
			key = name
		}
		f.files[key] = text
		f.feeds[member.Get("feed_name")] = text
	}
	if len(f.files) == 0 {
		return nil, errNoSchema
	}
	return f, nil
}

// Check reads the definitions of all types, and says what is wrong with them.
func (f *File) Check() error {
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if _, err := f.ByFile(name); err != nil {
			return err
		}
	}
	return nil
}

// ByFile returns the type that files are named after.
func (f *File) ByFile(name string) (*Type, error) { return read(f.files[name]) }

// ByFeed returns the type of a feed.
func (f *File) ByFeed(name string) (*Type, error) { return read(f.feeds[name]) }

// definition is one type as a schema file has it.
type definition struct {
	FeedName       string                     `json:"feed_name"`
	FileName       string                     `json:"file_name"`
	URL            string                     `json:"url"`
	ConstantFields map[string]json.RawMessage `json:"constant_fields"`
	RequiredFields [][]any                    `json:"required_fields"`
	OptionalFields [][]any                    `json:"optional_fields"`
}

func read(text []byte) (*Type, error) {
	if text == nil {
		return nil, nil
	}
	var d definition
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	t := &Type{File: d.FileName, Feed: d.FeedName, URL: d.URL}
	for i, list := range [][][]any{d.RequiredFields, d.OptionalFields} {
		for _, item := range list {
			c, err := column(item)
			if err != nil {
				return nil, fmt.Errorf("the schema: %s: %w", t.File, err)
			}
			c.Required = i == 0
			t.Columns = append(t.Columns, c)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(d.ConstantFields)) {
		v, err := event.ParseValue(string(d.ConstantFields[field]))
		if err != nil {
			return nil, fmt.Errorf("the schema: %s: %w", t.File, err)
		}
		t.Constants = append(t.Constants, Constant{field, v})
	}
	return t, nil
}

// column reads [field, column, function, true]. The last two may be absent, and
// the last one only matters to IntelMQ. A column that is left out has false for
// its field.
func column(item []any) (c Column, err error) {
	if len(item) < 2 {
		return c, fmt.Errorf("%v: field and column are expected", item)
	}
	var ok bool
	if c.From, ok = item[1].(string); !ok {
		return c, fmt.Errorf("%v: the name of a column is expected", item[1])
	}
	c.To, _ = item[0].(string)
	if len(item) > 2 {
		if c.Function, ok = item[2].(string); !ok {
			c.Function = fmt.Sprint(item[2]) // which is not known
		}
	}
	return c, nil
}
