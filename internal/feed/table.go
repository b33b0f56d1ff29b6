package feed

import (
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed/table"
)

// What tables are made of; see package table.
type (
	Table     = table.Table
	Column    = table.Column
	Words     = table.Words
	Cases     = table.Cases
	Split     = table.Split
	Need      = table.Need
	Rest      = table.Rest
	Format    = table.Format
	Input     = table.Input
	Record    = table.Record
	Converter = table.Converter
	Plan      = table.Plan
	Parser    = table.Parser
	Tabular   = table.Tabular
	Group     = table.Group
)

// Kinds of Need and of Rest.
const (
	Optional = table.Optional
	Soft     = table.Soft
	Noted    = table.Noted
	Present  = table.Present
	Required = table.Required

	Ignore = table.Ignore
	Extra  = table.Extra
	Refuse = table.Refuse
)

// NewParser returns the command that a table is, if there is nothing else to it: its
// package then has a variable Table, and no Command.
func NewParser(t *Table) *table.Command { return table.NewCommand(t) }

// List is the column that has the name of the list; see table.List.
const List = table.List

// ListName returns the name by which a parser of several lists tells them apart:
// feed.url, or else extra.file_name.
func ListName(report *event.Message) string { return table.ListName(report) }

// ErrSkip is what After returns for a row that shall make no event.
var ErrSkip = table.ErrSkip

// Must marks an error of a converter that makes the row fail even where the value
// may be left out.
func Must(err error) error { return table.Must(err) }

// ExtraKey is the key for a name below extra, with characters that a key may
// have.
func ExtraKey(name string) string { return table.ExtraKey(name) }

// NewRecord returns a row with columns of these names. With none they go by
// number.
func NewRecord(names []string, fields ...string) *Record { return table.NewRecord(names, fields...) }
