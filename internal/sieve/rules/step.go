package rules

import (
	"github.com/intelpipe/intelpipe/internal/sieve/condition"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// compiler makes steps of statements.
type compiler struct {
	*condition.Compiler
	paths []state.Path
}

// step is a compiled statement. It says whether the event goes on to the next one.
type step func(*state.Run) (Ending, error)

// Ending says what becomes of an event.
type Ending uint8

// An event that comes to the end of the rules is kept as well.
const (
	goOn Ending = iota
	Keep
	Drop
)
