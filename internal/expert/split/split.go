// Package split implements expert-split.
//
// expert-split: make one event of each value of a list
//
// An event with several values in --field becomes several events, each with one of them,
// in the order of the list. The values are the elements of a list such as extra.tags, or
// the parts of a text between --separator, without the blanks around them. Empty values,
// those that the data format ignores (-, N/A), and those that were there before in the
// same list make no event. Everything else is
// in each of the events.
//
// With --into a value goes into another field, whose value it replaces, and the list
// stays as it is. An event without the field, or without a value in it, passes as it is.
// One with a value that the field does not take goes into the dump as a whole: none of
// its events passes.
//
// # Examples
//
//	echo '{"source.abuse_contact":"abuse@example.org, noc@example.org"}' |
//	  expert-split --field source.abuse_contact
//	echo '{"extra.addresses":["192.0.2.1","2001:db8::1"]}' |
//	  expert-split --field extra.addresses --into source.ip
package split

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which list is split.
type Command struct {
	Field     string `help:"The field with the list." placeholder:"FIELD" required:"" field:"event"`
	Separator string `help:"What stands between the values of a text." default:"," placeholder:"TEXT"`
	Into      string `help:"Put each value into FIELD." placeholder:"FIELD" field:"event"`
}

// Process emits an event for each value.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	values, err := c.values(m)
	if err != nil {
		return err
	}
	into := cmp.Or(c.Into, c.Field)
	var events []*event.Message
	for i, v := range values {
		e := m.Clone()
		if old, ok := m.Value(into); !ok || old != v {
			e.SetValue(into, v)
		}
		if err := e.Err(); err != nil {
			return fmt.Errorf("value %d of %s: %w", i+1, c.Field, err)
		}
		if e.Has(into) { // it is none of the texts that the data format ignores
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return emit(m)
	}
	for _, e := range events {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// values are those of the list, each once.
func (c *Command) values(m *event.Message) (values []harmonization.Value, err error) {
	all, err := c.all(m)
	known := map[harmonization.Value]bool{}
	for _, v := range all {
		if v.Text != "" && !known[v] {
			known[v] = true
			values = append(values, v)
		}
	}
	return values, err
}

func (c *Command) all(m *event.Message) (all []harmonization.Value, err error) {
	v, ok := m.Value(c.Field)
	switch {
	case !ok:
		return nil, nil
	case v.Kind == harmonization.String:
		for part := range strings.SplitSeq(v.Text, c.Separator) {
			all = append(all, harmonization.Text(strings.TrimSpace(part)))
		}
		return all, nil
	case v.Kind != harmonization.Compound || v.Text[0] != '[':
		return []harmonization.Value{v}, nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(v.Text), &elements); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Field, err)
	}
	for _, element := range elements {
		v, err := event.ParseValue(string(element))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Field, err)
		}
		all = append(all, v)
	}
	return all, nil
}
