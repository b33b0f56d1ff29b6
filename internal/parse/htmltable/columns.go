package htmltable

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

var (
	errTable = errors.New("--table-index: a number from 0 on is expected")
	errSplit = errors.New("--split-index: a number from 0 on is expected")
	errHead  = errors.New("--columns: NAME=FIELD needs the names in the first row, which --no-skip-table-head makes one of the data")
)

// Start makes a table of the flags.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.dictionary = env.Dictionary
	if n := len(c.IgnoreValues); n > 0 && n != len(c.Columns) {
		return fmt.Errorf("--ignore-values: %d values for %d columns", n, len(c.Columns))
	}
	c.byName = columns.ByName(c.Columns)
	switch {
	case c.TableIndex < 0:
		return errTable
	case c.SplitIndex < 0:
		return errSplit
	case c.byName && !c.SkipTableHead:
		return errHead
	}
	if c.times, err = timeformat.Parse(c.TimeFormat); err != nil {
		return fmt.Errorf("--time-format: %w", err)
	}
	if c.columns, err = columns.Read(c.Columns, nil); err != nil {
		return err
	}
	if c.SplitColumn != "" {
		if err := c.columns.Has("split-column", c.SplitColumn); err != nil {
			return err
		}
	}
	var names []string
	if c.byName {
		names = c.columns.Names()
	}
	c.plan, err = c.compile(names)
	return err
}

// planFor returns the plan for rows below the names of their columns.
func (c *Command) planFor(head []string) (*feed.Plan, error) {
	if !c.byName {
		return c.plan, nil
	}
	_, names, err := c.columns.Find(head, c.dictionary)
	if err != nil {
		return nil, err
	}
	return c.compile(names)
}

// compile makes a plan of the flags. Without names columns go by number.
func (c *Command) compile(names []string) (*feed.Plan, error) {
	conversions, err := c.columns.Conversions(c.Convert, c.columns)
	if err != nil {
		return nil, err
	}
	table, err := c.columns.Table(func(i int, field string) (feed.Converter, error) {
		read := cell{command: c, field: field, named: append(conversions[c.columns[i].Name], conversions[field]...)}
		if len(c.IgnoreValues) > 0 {
			read.ignored = c.IgnoreValues[i]
		}
		if len(read.named) == 0 {
			read.usual = columns.Usual(field, c.times, c.DefaultUrlProtocol)
		}
		return read.convert, nil
	})
	if err != nil {
		return nil, err
	}
	if err := columns.SetType(table, c.dictionary, c.Type); err != nil {
		return nil, err
	}
	plan, err := table.Compile(c.dictionary, names)
	if err != nil {
		return nil, fmt.Errorf("--columns: %w", err)
	}
	return plan, nil
}

// cell is how the text of a cell is read for one field.
type cell struct {
	command *Command
	field   string
	ignored string // the text that is no value
	named   []columns.Step
	usual   feed.Converter
}

func (c *cell) convert(v harmonization.Value, r *feed.Record) (_ harmonization.Value, err error) {
	if v.Text == c.ignored {
		return harmonization.Value{}, nil
	}
	if c.field == c.command.SplitColumn {
		if v, err = c.command.part(v.Text); err != nil {
			return v, err
		}
	}
	for _, step := range c.named {
		if v.Empty() {
			break
		}
		if v, err = step.Do(c.field, v, r); err != nil {
			return v, err
		}
	}
	if c.usual == nil {
		return v, nil
	}
	if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil && c.command.TimeFormat != "" {
		v = harmonization.Int(n)
	}
	return c.usual(v, r)
}

// part is one part of a cell.
func (c *Command) part(text string) (harmonization.Value, error) {
	parts := strings.Fields(text)
	if c.SplitSeparator != "" {
		parts = strings.Split(text, c.SplitSeparator)
	}
	if c.SplitIndex >= len(parts) {
		return harmonization.Value{}, feed.Must(fmt.Errorf("%q has no part %d, see --split-index", text, c.SplitIndex))
	}
	return harmonization.Text(strings.TrimSpace(parts[c.SplitIndex])), nil
}
