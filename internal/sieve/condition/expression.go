package condition

import (
	"slices"

	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// Expression compiles an expression.
func (c *Compiler) Expression(e *grammar.Expression) Condition {
	return combine(e.Any, c.conjunction, true)
}

func (c *Compiler) conjunction(a *grammar.Conjunction) Condition {
	return combine(a.All, c.condition, false)
}

// combine compiles parts of which the first decides that is what decisive says. Parts that
// are cheap go first, except past one that is not pure: it must be reached by the same
// events as before.
func combine[T any](parts []T, compile func(T) Condition, decisive bool) Condition {
	all := make([]Condition, len(parts))
	whole := Condition{pure: true}
	for i, part := range parts {
		all[i] = compile(part)
		whole.cost += all[i].cost
		whole.pure = whole.pure && all[i].pure
	}
	if len(all) == 1 {
		return all[0]
	}
	for start := 0; start < len(all); {
		end := start
		for end < len(all) && all[end].pure {
			end++
		}
		slices.SortStableFunc(all[start:end], func(a, b Condition) int { return a.cost - b.cost })
		start = end + 1
	}
	whole.Guards = guardsOf(all, decisive)
	tests := make([]Test, len(all))
	for i := range all {
		tests[i] = all[i].Test
	}
	whole.Test = func(r *state.Run) (bool, error) {
		for _, t := range tests {
			if holds, err := t(r); err != nil || holds == decisive {
				return holds, err
			}
		}
		return !decisive, nil
	}
	return whole
}

// GuardsOfAny are the guards of conditions of which it is enough that one is true.
func GuardsOfAny(all []Condition) []Guard { return guardsOf(all, true) }

// guardsOf are the guards of conditions that are joined. Where one true condition decides
// all of them need guards; else those of one will do, if the ones before are pure.
func guardsOf(all []Condition, decisive bool) (guards []Guard) {
	for _, c := range all {
		switch {
		case decisive && c.Guards == nil:
			return nil
		case decisive:
			guards = append(guards, c.Guards...)
		case c.Guards != nil || !c.pure:
			return c.Guards
		}
	}
	return guards
}

func (c *Compiler) condition(p *grammar.Condition) Condition {
	var compiled Condition
	switch {
	case p.Group != nil:
		compiled = c.Expression(p.Group)
	case p.Exists != nil:
		compiled = c.existence(p.Exists)
	default:
		compiled = c.comparison(p.Compare)
	}
	if p.Not {
		inner := compiled.Test
		compiled.Guards = nil
		compiled.Test = func(r *state.Run) (bool, error) {
			holds, err := inner(r)
			return !holds, err
		}
	}
	return compiled
}

// existence compiles :exists and :notexists.
func (c *Compiler) existence(e *grammar.Existence) Condition {
	wanted := e.Operator.Name == ":exists"
	if !wanted && e.Operator.Name != ":notexists" {
		c.Refuse(e.Operator.Pos, "%s: only :exists and :notexists are written before the key; did you mean %s %s …?", e.Operator.Name, e.Key.Word, e.Operator.Name)
	}
	k := c.Seen(e.Key)
	if f := k.Field; f != nil {
		return Condition{func(r *state.Run) (bool, error) { return r.Read(f) == wanted, nil }, nil, cheap, true}
	}
	return Condition{func(r *state.Run) (bool, error) {
		name, err := k.name.Text(r)
		return r.Has(name) == wanted, err
	}, nil, cheap, false}
}
