package table

import (
	"iter"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Format says how a report is written.
type Format interface {
	Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*Input, error]
}

// Input is one row, before a table has looked at it.
type Input struct {
	Piece
	Names  []string // of the columns, if they have some
	Fields []string
	Object *event.Object
}

// Piece makes the event for a row, since it knows where that comes from.
type Piece interface{ Event() *event.Message }

// Recoverer is a Piece that puts something else into the dump than into raw: it is
// shown events that have failed.
type Recoverer interface{ Recover(e *event.Message) }
