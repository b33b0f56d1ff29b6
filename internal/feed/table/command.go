package table

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is a parser that is a table and nothing else, so that it has no flags of
// its own.
type Command struct {
	Parser
	table *Table
}

// NewCommand returns the parser that a table is.
func NewCommand(t *Table) *Command { return &Command{table: t} }

// Tables returns the table.
func (c *Command) Tables() []*Table { return []*Table{c.table} }

// Process makes an event of each row.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(c.table, report, emit)
}
