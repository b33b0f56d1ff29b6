// Package formatfield implements expert-format-field.
//
// expert-format-field: strip, replace and split the texts of fields
//
// The steps are done in this order, each if its field is named: characters at both
// ends are stripped, a text is replaced, and a text becomes a list of its parts.
// Only fields below extra can hold a list. What is empty in the end is removed. A
// value that is no text fails.
//
// # Examples
//
//	echo '{"malware.name":" zeus; "}' |
//	  expert-format-field --strip-columns malware.name --strip-chars ' ;'
//	echo '{"extra.tags":"ddos|elf"}' |
//	  expert-format-field --split-column extra.tags --split-separator '|'
//	echo '{"comment":"a_b_c"}' | expert-format-field \
//	  --replace-column comment --old-value _ --new-value . --replace-count -1
package formatfield

import (
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/fieldtext"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is done to which field.
type Command struct {
	StripColumns   []string `help:"Fields to strip." placeholder:"FIELD,…" field:"event"`
	StripChars     string   `help:"The characters that are stripped at both ends." default:" " placeholder:"CHARS"`
	ReplaceColumn  string   `help:"The field to replace a text in." placeholder:"FIELD" field:"event"`
	OldValue       string   `help:"The text that is replaced; the empty text is before, between and behind all characters." placeholder:"TEXT" empty:"every place between characters"`
	NewValue       string   `help:"What takes its place." placeholder:"TEXT" empty:"nothing"`
	ReplaceCount   int      `help:"Replace so many, from the left; a negative number is all." default:"1" placeholder:"N"`
	SplitColumn    string   `help:"The field to split." placeholder:"FIELD" field:"event"`
	SplitSeparator string   `help:"What stands between its parts." default:"," placeholder:"TEXT"`
}

// Start refuses a field that no list fits into.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	if c.SplitColumn == "" {
		return nil
	}
	field, err := env.Dictionary.Field(harmonization.Event, c.SplitColumn)
	if err == nil {
		_, err = field.Sanitise(harmonization.JSON(`["a","b"]`))
	}
	if err != nil {
		return fmt.Errorf("--split-column %s: the field cannot hold a list, only those below extra can: %w", c.SplitColumn, err)
	}
	return nil
}

// Process strips, replaces and splits.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for _, key := range c.StripColumns {
		if err := fieldtext.Change(m, key, func(text string) string { return strings.Trim(text, c.StripChars) }); err != nil {
			return err
		}
	}
	if c.ReplaceColumn != "" {
		if err := fieldtext.Change(m, c.ReplaceColumn, c.replace); err != nil {
			return err
		}
	}
	if c.SplitColumn != "" {
		if err := c.split(m); err != nil {
			return err
		}
	}
	return emit(m)
}

func (c *Command) replace(text string) string {
	return strings.Replace(text, c.OldValue, c.NewValue, c.ReplaceCount)
}

// split makes a list of a text, also one of a single part.
func (c *Command) split(m *event.Message) error {
	var parts []string
	err := fieldtext.Change(m, c.SplitColumn, func(text string) string {
		parts = strings.Split(text, c.SplitSeparator)
		return text
	})
	if err != nil || parts == nil {
		return err
	}
	list, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	m.SetValue(c.SplitColumn, harmonization.JSON(string(list)))
	return m.Err()
}
