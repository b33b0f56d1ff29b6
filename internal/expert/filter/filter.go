// Package filter implements expert-filter.
//
// expert-filter: pass or drop events by a field's value or by their time
//
// With --filter-key, --filter-value and --filter-action an event whose field
// has that value is kept (and all others are dropped) or dropped (and all
// others are kept). The value is read as one of the field: for source.port 80 is
// a number, for time.source any spelling of a time will do, and for an address a
// network such as 198.51.100.0/24 matches all addresses in it. A value that the
// field cannot have is an error. Below extra, where values have no type of their
// own, 80 matches the number and the text. A value after json: has the type that
// it is written with: json:80 is the number, json:"80" the text.
//
// With --filter-regex the value is a regular expression that is searched for in
// the field's text. A field that is missing never matches.
//
// --not-before and --not-after drop events by their time.source. Either is a
// point in time, in UTC unless it says otherwise, or a span back from now such
// as "6 months". Events without time.source pass these two.
//
// Besides the standard output, which has the events that are kept, there are
// four paths for --to: filter_match and filter_no_match have the events that
// match or do not, action_other those that are dropped. What is dropped for
// its time takes no path. Each leads to a file, or to a spool for collect-spool
// if its name ends in a slash.
//
// # Examples
//
//	printf '{"source.ip":"198.51.100.7"}\n{"source.ip":"192.0.2.1"}\n' |
//	  expert-filter --filter-key source.ip --filter-value 198.51.100.0/24 \
//	  --filter-action keep
//	echo '{"feed.name":"Example"}' |
//	  expert-filter --filter-key feed.name --filter-value '^Exa' \
//	  --filter-regex search --filter-action drop
//	echo '{"feed.name":"Example"}' |
//	  expert-filter --filter-key feed.name --filter-value Example \
//	  --filter-action drop --to action_other=dropped/ && collect-spool dropped
package filter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command says what is kept.
type Command struct {
	FilterKey    string              `help:"The field to look at." placeholder:"FIELD" field:"event"`
	FilterValue  stage.Value         `help:"The value it must have, for addresses also a network." placeholder:"VALUE|json:…" empty:"the empty text"`
	FilterAction string              `help:"What to do with events that match." enum:",keep,drop" default:"" placeholder:"keep|drop"`
	FilterRegex  harmonization.Value `help:"With any word here, such as search, the value is a regular expression." placeholder:"search"`
	NotBefore    string              `help:"Drop what happened before this time." placeholder:"TIME|SPAN"`
	NotAfter     string              `help:"Drop what happened after this time." placeholder:"TIME|SPAN"`

	env                    *stage.Env
	matches                func(harmonization.Value) bool
	now                    func() time.Time
	before, after          timeformat.Limit
	match, noMatch, others stage.Route
}

// Paths names the side paths.
func (*Command) Paths() []string { return []string{"action_other", "filter_match", "filter_no_match"} }

// Start reads the conditions.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	var err error
	if c.before, err = timeformat.ParseLimit(c.NotBefore); err != nil {
		return fmt.Errorf("--not-before %q: %w", c.NotBefore, err)
	}
	if c.after, err = timeformat.ParseLimit(c.NotAfter); err != nil {
		return fmt.Errorf("--not-after %q: %w", c.NotAfter, err)
	}
	if err := c.complete(); err != nil {
		return err
	}
	if c.FilterKey != "" {
		if c.matches, err = matcher(env.Dictionary, c.FilterKey, c.FilterValue, isTrue(c.FilterRegex)); err != nil {
			return fmt.Errorf("--filter-value: %w", err)
		}
	}
	c.now = env.Now
	c.match, c.noMatch, c.others = env.Path("filter_match"), env.Path("filter_no_match"), env.Path("action_other")
	return nil
}

// complete refuses a filter that says only half of what it takes. The empty
// text is a value, but alone it says nothing.
func (c *Command) complete() error {
	value := c.FilterValue.Kind != harmonization.Null
	if c.FilterKey == "" && c.FilterAction == "" && c.FilterValue.Value == harmonization.Text("") {
		value = false
	}
	var missing []string
	for _, f := range []struct {
		given bool
		name  string
	}{{c.FilterKey != "", "--filter-key"}, {value, "--filter-value"}, {c.FilterAction != "", "--filter-action"}} {
		if !f.given {
			missing = append(missing, f.name)
		}
	}
	switch {
	case len(missing) == 0, len(missing) == 3 && (c.before.Given() || c.after.Given()):
		return nil
	case len(missing) == 3:
		return errors.New("nothing to filter by: give --filter-key, --filter-value and --filter-action, or --not-before or --not-after")
	}
	return fmt.Errorf("--filter-key, --filter-value and --filter-action belong together; missing: %s", strings.Join(missing, ", "))
}

// Process decides about one event.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if (c.before.Given() || c.after.Given()) && c.untimely(ctx, m) {
		return nil
	}
	if c.FilterKey == "" {
		return emit(m)
	}
	v, ok := m.Value(c.FilterKey)
	match := ok && c.matches(v)
	to := c.noMatch
	if match {
		to = c.match
	}
	if err := send(to, m, emit); err != nil {
		return err
	}
	if match == (c.FilterAction == "keep") {
		return emit(m)
	}
	return send(c.others, m, emit)
}

// untimely reports whether the event is too old or too young.
func (c *Command) untimely(ctx context.Context, m *event.Message) bool {
	text := m.Get("time.source")
	if text == "" {
		return false
	}
	t, err := parseTime(text)
	if err != nil {
		c.env.Warn("%s: time.source: %v, its time is not looked at", m.Place(), err)
		return false
	}
	return c.before.Given() && t.Before(c.before.At(c.now())) || c.after.Given() && t.After(c.after.At(c.now()))
}

// send gives a path a copy, if the path leads anywhere.
func send(to stage.Route, m *event.Message, emit stage.Emit) error {
	if to == nil {
		return nil
	}
	return to(m.Clone(), emit)
}

// isTrue is what Python takes for true, except that the word false is not.
func isTrue(v harmonization.Value) bool {
	switch v.Kind {
	case harmonization.Null:
		return false
	case harmonization.Compound:
		return v.Text != "[]" && v.Text != "{}"
	}
	return v.Text != "" && v.Text != "false" && v.Text != "0"
}
