// Package json implements parse-json.
//
// parse-json: parse events that are written as JSON
//
// The content of a report is one event, an object with the field names of the
// data format as keys, flat, as every command here writes it. With
// --splitlines each line is one event. A key that is no field makes the event
// invalid.
//
// A value that is valid stays as it is, others are brought into form. What the
// event says wins over what the report says, and an event without raw gets the
// text it was parsed from. An object whose __type is neither Event nor Report
// is refused.
//
// # Other JSON
//
// With --columns, objects may have members of any name: NAME=FIELD says which field a
// member becomes, and other members are left out. The objects stand in an array, in
// the member of an object that --rows names, or with --splitlines one a line. An
// object fails, and goes into the dump, if a value does not fit its field. --convert
// says how to read values, in the steps of parse-csv(1); --type is the type of all, or
// --type-translation has it for what the feed writes in the member that becomes
// classification.type.
//
// Bare input that begins like a report, with feed.name for instance, needs
// --input raw.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1","classification.type":"scanner"}' | parse-json
//	printf '{"source.ip":"192.0.2.1"}\n{"source.ip":"192.0.2.2"}\n' |
//	  parse-json --splitlines
//	echo '{"data":[{"ip":"192.0.2.1","seen":{"last":"2026-01-31"}}]}' |
//	  parse-json --rows data --type scanner \
//	  --columns ip=source.ip,seen.last=time.source
package json

import (
	"context"
	"errors"
	"fmt"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/parse/json/members"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where events end.
type Command struct {
	Splitlines bool `help:"Each line is one event, instead of the whole content."`
	members.Flags

	object event.Object
	parser feed.Parser
	mapped *feed.Table // or nil
}

// Start makes a table of the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	if c.mapped, err = c.Table(env.Dictionary, c.Splitlines); err != nil || c.mapped == nil {
		return err
	}
	if _, err := c.mapped.Compile(env.Dictionary, nil); err != nil {
		return fmt.Errorf("--columns, --convert: %w", err)
	}
	return c.parser.Start(ctx, env)
}

// maxEvent bounds an event that is a whole report, in bytes.
const maxEvent = 16 << 20

// Process makes an event of each object.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if c.mapped != nil {
		return c.parser.Parse(c.mapped, report, emit)
	}
	if !c.Splitlines {
		text, err := feed.Text(report, maxEvent)
		if errors.Is(err, feed.ErrTooLarge) {
			err = fmt.Errorf("%w cannot be one event, see --splitlines", err)
		}
		if err != nil || text == "" {
			return err
		}
		return emit(c.event(report, text))
	}
	for line := range feed.Views(report, emit) {
		if err := emit(c.event(report, line)); err != nil {
			return err
		}
	}
	return nil
}

// event makes an event of one object.
func (c *Command) event(report *event.Message, text string) *event.Message {
	e := feed.Event(report, text)
	e.Fail(c.object.ParseText(text)) // after an error there are no members
	for key, value := range c.object.Members {
		switch {
		case string(key) != "__type":
			e.LoadText(key, value)
		case string(value) != `"Event"` && string(value) != `"Report"`:
			e.Fail(fmt.Errorf("%w: %.60s", event.ErrKind, value))
		}
	}
	return e
}
