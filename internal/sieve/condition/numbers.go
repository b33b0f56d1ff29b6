package condition

import (
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// order compiles the comparison with a number.
func (o *comparing) order() check {
	if !o.may(harmonization.Number) {
		return nil
	}
	o.mustBeNumber()
	holds := orders(o.name)
	if o.value.Constant() {
		wanted, _ := state.ParseNumber(o.value.Value.Text)
		if o.name == "==" {
			o.guard(Guard{Number: wanted, By: ByNumber})
			return func(_ *state.Run, f *state.Field) (bool, error) {
				n, ok := f.Number()
				return ok && n == wanted, nil
			}
		}
		return func(_ *state.Run, f *state.Field) (bool, error) {
			n, ok := f.Number()
			return ok && holds(n.Compare(wanted)), nil
		}
	}
	o.fallible = true
	value := o.value
	return func(r *state.Run, f *state.Field) (bool, error) {
		wanted, err := value.number(r)
		if err != nil {
			return false, err
		}
		n, ok := f.Number()
		return ok && holds(n.Compare(wanted)), nil
	}
}

// orders is what an operator says of the result of a comparison.
func orders(operator string) func(int) bool {
	switch operator {
	case "!=":
		return func(c int) bool { return c != 0 }
	case "<":
		return func(c int) bool { return c < 0 }
	case "<=":
		return func(c int) bool { return c <= 0 }
	case ">":
		return func(c int) bool { return c > 0 }
	case ">=":
		return func(c int) bool { return c >= 0 }
	}
	return func(c int) bool { return c == 0 }
}

// mustBeNumber refuses a field that never has numbers.
func (o *comparing) mustBeNumber() {
	f := o.key.Field
	switch {
	case f == nil, f.Kind != nil && f.Kind.Name == "": // below extra, where all types are
		return
	case f.Kind == nil:
		o.Refuse(o.Key.Pos, "%w", o.Dictionary.Check(harmonization.Event, f.Key))
		return
	}
	hint := ""
	switch f.Kind.Type {
	case "Integer", "Float", "Accuracy", "ASN":
		return
	case "DateTime":
		hint = "; use :before or :after"
	case "Boolean":
		hint = "; compare it with true or false"
	case "IPAddress":
		hint = "; use << with a network"
	default:
		if o.name == "==" || o.name == "!=" {
			hint = "; write the number in quotes to compare texts"
		}
	}
	o.Refuse(o.Operator.Pos, "%s compares numbers, and %s is of type %s%s", o.name, f.Key, f.Kind.Type, hint)
}

// oneNumber compiles :in for numbers, or returns nil if the list has something else.
func (o *comparing) oneNumber() check {
	set, variables := map[state.Number]bool{}, []Operand(nil)
	for _, v := range o.list {
		switch {
		case !v.Constant():
			variables = append(variables, v)
		case v.Value.Kind != harmonization.Number:
			return nil
		default:
			n, _ := state.ParseNumber(v.Value.Text)
			set[n] = true
			o.guard(Guard{Number: n, By: ByNumber})
		}
	}
	o.mustBeNumber()
	o.fallible = len(variables) > 0
	return func(r *state.Run, f *state.Field) (bool, error) {
		n, ok := f.Number()
		if !ok || set[n] {
			return ok, nil
		}
		var failed error
		found := slices.ContainsFunc(variables, func(v Operand) bool {
			wanted, err := v.number(r)
			failed = err
			return err != nil || wanted == n
		})
		return found && failed == nil, failed
	}
}
