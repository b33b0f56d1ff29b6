package csv

import (
	"slices"

	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// planFor returns the plan for rows below a header.
func (c *Command) planFor(header []string) (*feed.Plan, error) {
	if !c.byName || c.header != nil && slices.Equal(c.header, header) {
		return c.plan, nil
	}
	list, names, err := c.columns.Find(header, c.dictionary)
	if err != nil {
		return nil, err
	}
	plan, err := c.compile(list, names)
	if err != nil {
		return nil, err
	}
	c.header, c.plan = header, plan
	return plan, nil
}

// compile makes a plan of columns and flags. Without names columns go by number.
func (c *Command) compile(list columns.List, names []string) (*feed.Plan, error) {
	table, err := c.table(c.dictionary, list)
	if err != nil {
		return nil, err
	}
	return table.Compile(c.dictionary, names)
}
