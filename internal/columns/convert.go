package columns

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/feed/table/convert"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Step is one of --convert.
type Step struct {
	read convert.Func
	time bool // it reads times, where nothing is no answer
}

// times are the converters whose values are times.
var times = []string{"utc", "time", "date", "epoch", "millis", "windows"}

// Do carries out the step on a value for a field that is not empty.
func (s *Step) Do(field string, v harmonization.Value, r *feed.Record) (harmonization.Value, error) {
	w, err := s.read(v, r.Event().Times())
	if err == nil && s.time && w.Empty() {
		err = fmt.Errorf("not a time: %s", plain.Quote(v.Text))
	}
	switch {
	case err == nil:
		return w, nil
	case s.time:
		return w, feed.Must(fmt.Errorf("%s: %w", field, err))
	}
	return w, fmt.Errorf("%s: %w", field, err)
}

// Conversions reads --convert: the steps by names of columns and by fields. Those of all
// columns that the list does not have are left out, since a header may lack them.
func (l List) Conversions(flags []string, all List) (map[string][]Step, error) {
	known := l.keys()
	steps := map[string][]Step{}
	for _, text := range flags {
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
		case slices.Contains(all.keys(), key):
			continue
		case near != "":
			return nil, fmt.Errorf("--convert: there is no column %s; did you mean %s?", plain.Quote(key), plain.Quote(near))
		default:
			return nil, fmt.Errorf("--convert: there is no column %s", plain.Quote(key))
		}
		for words := range strings.SplitSeq(list, "|") {
			read, err := convert.Named(words)
			if err == nil && read == nil {
				err = errors.New("a converter is expected behind the =")
			}
			if err != nil {
				return nil, fmt.Errorf("--convert: %s: %w", key, err)
			}
			name, _, _ := strings.Cut(strings.TrimSpace(words), " ")
			steps[key] = append(steps[key], Step{read[0], slices.Contains(times, name)})
		}
	}
	return steps, nil
}

// keys are what --convert knows columns by.
func (l List) keys() (keys []string) {
	for _, column := range l {
		keys = append(append(keys, column.Name), column.fields()...)
	}
	return keys
}

// Usual is how values for a field are read that no other flag is about: times as
// --time-format says, and URLs with what --default-url-protocol says before them. It
// is nil where they are taken as they are.
func Usual(field string, times timeformat.Converter, protocol string) feed.Converter {
	switch {
	case times != nil && (field == "time.source" || field == "time.destination"):
		return func(v harmonization.Value, r *feed.Record) (harmonization.Value, error) {
			if v.Empty() {
				return v, nil
			}
			v, err := times(v, r.Event().Times())
			if err != nil {
				err = feed.Must(fmt.Errorf("%s: %w", field, err))
			}
			return v, err
		}
	case strings.HasSuffix(field, ".url"):
		return func(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
			if v.Empty() || strings.Contains(v.Text, "://") {
				return v, nil
			}
			return harmonization.Text(protocol + v.Text), nil
		}
	}
	return nil
}
