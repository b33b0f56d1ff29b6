// Package filter implements expert-filter.
//
// expert-filter: pass or drop events by a field's value or by their time
//
// With --filter-key, --filter-value and --filter-action an event whose field
// has that value is kept (and all others are dropped) or dropped (and all
// others are kept). Values are compared with their type: the text 80 is not
// the number 80, which is written json:80. With --filter-regex the value is a
// regular expression that is searched for in the field's text. A field that is
// missing never matches.
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
//	echo '{"feed.name":"Example","source.port":80}' | expert-filter --filter-key source.port --filter-value json:80 --filter-action keep
//	echo '{"feed.name":"Example"}' | expert-filter --filter-key feed.name --filter-value '^Exa' --filter-regex search --filter-action drop
//	echo '{"feed.name":"Example"}' | expert-filter --filter-key feed.name --filter-value Example --filter-action drop --to action_other=dropped/ && collect-spool dropped
package filter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/pyformat"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is kept.
type Command struct {
	FilterKey    string              `help:"The field to look at." placeholder:"FIELD"`
	FilterValue  harmonization.Value `help:"The value it must have." placeholder:"VALUE|json:…"`
	FilterAction string              `help:"What to do with events that match: keep or drop." placeholder:"keep|drop"`
	FilterRegex  harmonization.Value `help:"With any word here, such as search, the value is a regular expression." placeholder:"search"`
	NotBefore    string              `help:"Drop what happened before this time." placeholder:"TIME|SPAN"`
	NotAfter     string              `help:"Drop what happened after this time." placeholder:"TIME|SPAN"`

	regex                  *regexp.Regexp
	before, after          limit
	match, noMatch, others stage.Emit
}

// Paths names the side paths.
func (*Command) Paths() []string { return []string{"action_other", "filter_match", "filter_no_match"} }

// Start reads the conditions.
func (c *Command) Start(ctx context.Context) error {
	var err error
	if c.before, err = parseLimit(c.NotBefore); err != nil {
		return fmt.Errorf("--not-before %q: %w", c.NotBefore, err)
	}
	if c.after, err = parseLimit(c.NotAfter); err != nil {
		return fmt.Errorf("--not-after %q: %w", c.NotAfter, err)
	}
	if err := c.complete(); err != nil {
		return err
	}
	if c.FilterKey != "" && isTrue(c.FilterRegex) {
		if c.regex, err = harmonization.Regexp(c.FilterValue.Python()); err != nil {
			return fmt.Errorf("--filter-value: %w", err)
		}
	}
	env := stage.From(ctx)
	c.match, c.noMatch, c.others = env.Path("filter_match"), env.Path("filter_no_match"), env.Path("action_other")
	return nil
}

// complete refuses a filter that says only half of what it takes.
func (c *Command) complete() error {
	given := 0
	for _, ok := range []bool{c.FilterKey != "", hasValue(c.FilterValue), c.FilterAction != ""} {
		if ok {
			given++
		}
	}
	switch {
	case given == 0 && (c.before.set || c.after.set):
		return nil
	case given == 0:
		return errors.New("nothing to filter by: give --filter-key, --filter-value and --filter-action, or --not-before or --not-after")
	case given < 3:
		return errors.New("--filter-key, --filter-value and --filter-action belong together: one of them is missing")
	case c.FilterAction != "keep" && c.FilterAction != "drop":
		return fmt.Errorf("--filter-action %q: keep or drop is expected", c.FilterAction)
	}
	return nil
}

// Process decides about one event.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if (c.before.set || c.after.set) && c.untimely(ctx, m) {
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
	if err := send(to, m); err != nil {
		return err
	}
	if match == (c.FilterAction == "keep") {
		return emit(m)
	}
	return send(c.others, m)
}

func (c *Command) matches(v harmonization.Value) bool {
	if c.regex != nil {
		return c.regex.MatchString(v.Python())
	}
	return pyformat.Equal(v, c.FilterValue)
}

// untimely reports whether the event is too old or too young.
func (c *Command) untimely(ctx context.Context, m *event.Message) bool {
	text := m.Get("time.source")
	if text == "" {
		return false
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		if t, err = harmonization.ParseTime(text); err != nil {
			stage.From(ctx).Warn("%s: time.source: %v, its time is not looked at", m.Place(), err)
			return false
		}
	}
	return c.before.set && t.Before(c.before.at()) || c.after.set && t.After(c.after.at())
}

// send gives a path a copy, if the path leads anywhere.
func send(to stage.Emit, m *event.Message) error {
	if to == nil {
		return nil
	}
	return to(m.Clone())
}

// limit is a point in time, or a distance from now.
type limit struct {
	set  bool
	time time.Time
	back time.Duration
}

func parseLimit(text string) (limit, error) {
	if text == "" {
		return limit{}, nil
	}
	if d, err := harmonization.ParseRelative(text); err == nil {
		return limit{set: true, back: d}, nil
	}
	t, err := harmonization.ParseTime(text)
	if err != nil {
		return limit{}, fmt.Errorf(`neither a time such as 2024-05-01 nor a span such as "3 days": %w`, err)
	}
	return limit{set: true, time: t}, nil
}

func (l limit) at() time.Time {
	if l.time.IsZero() {
		return time.Now().Add(-l.back)
	}
	return l.time
}

func hasValue(v harmonization.Value) bool {
	return v.Kind != harmonization.Null && (v.Kind != harmonization.String || v.Text != "")
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
