package htmltable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

const typeField = "classification.type"

var errSplit = errors.New("--split-index: a number from 0 on is expected")

// Start makes a table of the flags.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	d := env.Dictionary
	if n := len(c.IgnoreValues); n > 0 && n != len(c.Columns) {
		return fmt.Errorf("--ignore-values: %d values for %d columns", n, len(c.Columns))
	}
	if c.TableIndex < 0 {
		return errors.New("--table-index: a number from 0 on is expected")
	}
	if c.SplitIndex < 0 {
		return errSplit
	}
	if c.Type != "" {
		if _, err := d.CheckValue(harmonization.Event, typeField, harmonization.Text(c.Type)); err != nil {
			return fmt.Errorf("--type: %w", err)
		}
	}
	times, err := timeformat.Parse(c.TimeFormat)
	if err != nil {
		return fmt.Errorf("--time-format: %w", err)
	}
	table := &feed.Table{SkipBlank: true}
	for i, names := range c.Columns {
		var ways []feed.Column
		for name := range strings.SplitSeq(names, "|") {
			if name == "" || name == "__IGNORE__" {
				ways = append(ways, feed.Column{To: "|"})
				break
			}
			ways = append(ways, feed.Column{To: name, With: c.converter(name, i, times)})
		}
		if ways[0].To == "|" {
			continue
		}
		table.Rows = append(table.Rows, feed.Column{From: strconv.Itoa(i + 1), To: ways[0].To, With: ways[0].With, Or: ways[1:]})
	}
	if c.SplitColumn != "" && !slices.ContainsFunc(c.Columns, func(names string) bool { return slices.Contains(strings.Split(names, "|"), c.SplitColumn) }) {
		return fmt.Errorf("--split-column: %s is not in --columns", c.SplitColumn)
	}
	if c.Type != "" {
		table.Rows = append(table.Rows, feed.Column{To: typeField, Default: c.Type})
	}
	if c.plan, err = table.Compile(d, nil); err != nil {
		return fmt.Errorf("--columns: %w", err)
	}
	return nil
}

// converter makes a value of the text of a cell.
func (c *Command) converter(name string, column int, times timeformat.Converter) feed.Converter {
	ignored := ""
	if len(c.IgnoreValues) > 0 {
		ignored = c.IgnoreValues[column]
	}
	return func(v harmonization.Value, r *feed.Record) (harmonization.Value, error) {
		if v.Text == ignored {
			return harmonization.Value{}, nil
		}
		if name == c.SplitColumn {
			part, err := c.part(v.Text)
			if err != nil {
				return v, err
			}
			v = harmonization.Text(part)
		}
		switch {
		case v.Empty():
		case name == "time.source" || name == "time.destination":
			if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil && c.TimeFormat != "" {
				v = harmonization.Int(n)
			}
			v, err := times(v, r.Event().Times())
			if err != nil {
				err = feed.Must(fmt.Errorf("%s: %w", name, err))
			}
			return v, err
		case strings.HasSuffix(name, ".url") && !strings.Contains(v.Text, "://"):
			return harmonization.Text(c.DefaultUrlProtocol + v.Text), nil
		}
		return v, nil
	}
}

// part is one part of a cell.
func (c *Command) part(text string) (string, error) {
	parts := strings.Fields(text)
	if c.SplitSeparator != "" {
		parts = strings.Split(text, c.SplitSeparator)
	}
	if c.SplitIndex >= len(parts) {
		return "", feed.Must(fmt.Errorf("%q has no part %d, see --split-index", text, c.SplitIndex))
	}
	return strings.TrimSpace(parts[c.SplitIndex]), nil
}
