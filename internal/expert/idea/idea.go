// Package idea implements expert-idea.
//
// expert-idea: write an event as IDEA into its field output
//
// IDEA is the Intrusion Detection Extensible Alert, which Warden exchanges. The
// alert has all of the event that IDEA has a place for: category, times, source,
// target, references, hashes, and the raw text as an attachment. What is missing is
// left out. With --test-mode it has the category Test as well, so that nobody acts on
// it. An event that has an output already fails.
//
// The ID of an alert is made of the event: that of an event which is sent once more
// after a crash is the same.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1","classification.type":"spam"}' | expert-idea
//	echo '{"source.ip":"192.0.2.1","classification.type":"scanner"}' |
//	  expert-idea --test-mode | output-file --single-key output --file idea.ndjson
package idea

import (
	"context"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what the alerts are for.
type Command struct {
	TestMode bool `help:"Add the category Test."`
}

// Process adds the alert.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	alert, err := convert(m, c.TestMode)
	if err != nil {
		return err
	}
	text, err := json.Marshal(alert)
	if err != nil {
		return err
	}
	if err := m.Add("output", harmonization.Text(string(export.AppendValue(nil, text)))); err != nil {
		return err
	}
	return emit(m)
}
