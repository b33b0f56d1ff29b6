package csv

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/feed/table/convert"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// step is one of --convert.
type step struct {
	read convert.Func
	time bool // it reads times, where nothing is no answer
}

// times are the converters whose values are times.
var times = []string{"utc", "time", "date", "epoch", "millis", "windows"}

// do carries out the step on a value that is not empty.
func (c *step) do(s *steps, v harmonization.Value, r *feed.Record) (harmonization.Value, error) {
	w, err := c.read(v, r.Event().Times())
	if err == nil && c.time && w.Empty() {
		err = fmt.Errorf("not a time: %s", plain.Quote(v.Text))
	}
	switch {
	case err == nil:
		return w, nil
	case c.time:
		return w, feed.Must(fmt.Errorf("%s: %w", s.name, err))
	}
	return w, fmt.Errorf("%s: %w", s.name, err)
}

var errNoStep = errors.New("a converter is expected behind the =")

// conversions reads --convert: the steps for names of columns and for fields.
func (c *Command) conversions(columns []column) (map[string][]step, error) {
	known := c.keys(columns)
	all := map[string][]step{}
	for _, text := range c.Convert {
		key, list, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--convert: %s: COLUMN=STEPS is expected", plain.Quote(text))
		}
		for _, name := range known { // a name may have a = in it: the longest counts
			if rest, ok := strings.CutPrefix(text, name+"="); ok && len(name) > len(key) {
				key, list = name, rest
			}
		}
		switch near := plain.Nearest(key, slices.Values(known)); {
		case slices.Contains(known, key):
		case slices.Contains(c.keys(c.columns), key):
			continue // this report has no such column
		case near != "":
			return nil, fmt.Errorf("--convert: there is no column %s; did you mean %s?", plain.Quote(key), plain.Quote(near))
		default:
			return nil, fmt.Errorf("--convert: there is no column %s", plain.Quote(key))
		}
		for words := range strings.SplitSeq(list, "|") {
			read, err := convert.Named(words)
			if err == nil && read == nil {
				err = errNoStep
			}
			if err != nil {
				return nil, fmt.Errorf("--convert: %s: %w", key, err)
			}
			name, _, _ := strings.Cut(strings.TrimSpace(words), " ")
			all[key] = append(all[key], step{read[0], slices.Contains(times, name)})
		}
	}
	return all, nil
}

// keys are what --convert knows columns by.
func (c *Command) keys(columns []column) (keys []string) {
	for _, column := range columns {
		if c.byName {
			keys = append(keys, column.name)
		}
		keys = append(keys, slices.DeleteFunc(strings.Split(column.fields, "|"), ignored)...)
	}
	return keys
}
