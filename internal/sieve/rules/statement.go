package rules

import (
	"github.com/intelpipe/intelpipe/internal/sieve/condition"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// block compiles statements, which are carried out one after the other.
func (c *compiler) block(b *grammar.Block) step {
	steps := make([]step, 0, len(b.Statements))
	x := newIndex(len(b.Statements))
	for i, s := range b.Statements {
		switch {
		case s.Chain != nil:
			next, guards := c.chain(s.Chain)
			steps = append(steps, next)
			x.add(i, guards)
		case s.Variable != nil:
			steps = append(steps, c.assign(s.Variable))
		default:
			steps = append(steps, c.action(s.Action))
		}
	}
	if x.guarded >= worthwhile {
		return x.block(steps)
	}
	if len(steps) == 1 {
		return steps[0]
	}
	return func(r *state.Run) (Ending, error) {
		for _, s := range steps {
			if end, err := s(r); err != nil || end != goOn {
				return end, err
			}
		}
		return goOn, nil
	}
}

// chain compiles if, elif and else. Where none of the guards holds it does nothing.
func (c *compiler) chain(g *grammar.Chain) (_ step, guards []condition.Guard) {
	type branch struct {
		when condition.Test
		then step
	}
	branches := make([]branch, len(g.Branches))
	conditions := make([]condition.Condition, len(g.Branches))
	for i, b := range g.Branches {
		conditions[i] = c.Expression(b.If)
		branches[i].when = conditions[i].Test
		branches[i].then = c.block(b.Then)
	}
	if g.Else == nil {
		guards = condition.GuardsOfAny(conditions)
	}
	otherwise := func(*state.Run) (Ending, error) { return goOn, nil }
	if g.Else != nil {
		otherwise = c.block(g.Else)
	}
	if only := branches[0]; len(branches) == 1 && g.Else == nil {
		return func(r *state.Run) (Ending, error) {
			if holds, err := only.when(r); err != nil || !holds {
				return goOn, err
			}
			return only.then(r)
		}, guards
	}
	return func(r *state.Run) (Ending, error) {
		for i := range branches {
			if holds, err := branches[i].when(r); err != nil {
				return goOn, err
			} else if holds {
				return branches[i].then(r)
			}
		}
		return otherwise(r)
	}, guards
}
