package condition

import (
	"net/netip"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// Test is a compiled condition, as it is carried out.
type Test func(*state.Run) (bool, error)

// Condition is a test, and what it costs. One that is pure neither fails nor warns, so
// that it can be tried before others.
type Condition struct {
	Test   Test
	Guards []Guard

	cost int
	pure bool
}

// Guard is a field and a value that it has to have. Where none of the guards of a
// condition holds the condition is false, and neither fails nor warns.
type Guard struct {
	Field  *state.Field
	By     By
	Text   string
	Number state.Number
	Prefix netip.Prefix
}

// By says what a guard compares.
type By uint8

const (
	ByText By = iota
	ByNumber
	ByPrefix
)

// What tests cost, roughly.
const (
	cheap  = 1
	dear   = 10  // texts are searched
	dearer = 100 // with expressions
)

// comparing is a comparison while it is compiled.
type comparing struct {
	*Compiler
	*grammar.Comparison
	key   Key
	name  string
	value Operand   // if there is no list
	list  []Operand // if there is one

	absent   bool // what it says of an event without the field
	asks     bool // it is asked then, too
	fallible bool // it can fail, or warn
	cost     int
	guards   []Guard
}

// check is what a comparison does with a field that is there.
type check func(*state.Run, *state.Field) (bool, error)

// reading reads the field before it is checked.
func (o *comparing) reading(check check) Test {
	absent, asks := o.absent, o.asks
	if f := o.key.Field; f != nil {
		return func(r *state.Run) (bool, error) {
			if !r.Read(f) && !asks {
				return absent, nil
			}
			return check(r, f)
		}
	}
	key := o.key
	return func(r *state.Run) (bool, error) {
		f, err := key.Of(r)
		if err != nil || !r.Read(f) && !asks {
			return absent, err
		}
		return check(r, f)
	}
}

// guard notes a value for which the comparison is true; of all of them it is told.
func (o *comparing) guard(g Guard) {
	if g.Field = o.key.Field; g.Field != nil {
		o.guards = append(o.guards, g)
	}
}

// is reports whether the value is of a kind, and not in a variable.
func (o *comparing) is(kind harmonization.Kind) bool {
	return o.value.Constant() && o.value.Value.Kind == kind
}

// may is is, but a variable may be of any kind.
func (o *comparing) may(kind harmonization.Kind) bool { return !o.value.Constant() || o.is(kind) }

// positions are the places of the values.
func (o *comparing) positions() []grammar.Position {
	if o.List == nil {
		return []grammar.Position{o.Value.Pos}
	}
	all := make([]grammar.Position, len(o.List.Values))
	for i, v := range o.List.Values {
		all[i] = v.Pos
	}
	return all
}
