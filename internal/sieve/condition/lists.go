package condition

import (
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/python/value"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// lists compiles the operators that compare two lists.
func (o *comparing) lists() check {
	if f := o.key.Field; f != nil && f.Kind != nil && f.Kind.Name != "" {
		o.Doubt(o.Operator.Pos, "%s compares lists, and %s is of type %s; only fields below extra are lists", o.name, f.Key, f.Kind.Type)
	}
	o.cost = dear
	compare, list := relation(o.name), o.list
	fixed := make([]element, len(list))
	for i, v := range list {
		o.fallible = o.fallible || !v.Constant()
		fixed[i] = elementOf(v.Value)
	}
	return func(r *state.Run, f *state.Field) (bool, error) {
		theirs, ok := elements(f.Value)
		if !ok {
			return false, nil
		}
		ours := fixed
		if o.fallible {
			ours = make([]element, len(list))
			for i := range list {
				v, err := list[i].Of(r)
				if err != nil {
					return false, err
				}
				ours[i] = elementOf(v)
			}
		}
		return compare(theirs, ours), nil
	}
}

// element is a member of a list. Numbers and booleans are equal by their value, as 1, 1.0
// and true are; lists and objects equal nothing.
type element struct {
	kind   harmonization.Kind
	text   string
	number state.Number
}

func elementOf(v harmonization.Value) element {
	switch v.Kind {
	case harmonization.Boolean:
		digit := "0"
		if v.Text == "true" {
			digit = "1"
		}
		n, _ := state.ParseNumber(digit)
		return element{kind: harmonization.Number, number: n}
	case harmonization.Number:
		if n, ok := state.ParseNumber(v.Text); ok {
			return element{kind: v.Kind, number: n}
		}
	case harmonization.Compound:
		return element{kind: v.Kind}
	}
	return element{kind: v.Kind, text: v.Text}
}

// elements are those of a list; ok is false for any other value.
func elements(v harmonization.Value) (list []element, ok bool) {
	if v.Kind != harmonization.Compound || v.Text[0] != '[' {
		return nil, false
	}
	n, ok := value.Parse(v.Text)
	list = make([]element, len(n.Items))
	for i := range n.Items {
		list[i] = elementOf(n.Items[i].Value)
	}
	return list, ok
}

// relation is what an operator says of the field's list and the rule's.
func relation(operator string) func(theirs, ours []element) bool {
	switch operator {
	case ":equals":
		return equal
	case ":setequals":
		return func(theirs, ours []element) bool { return within(theirs, ours) && within(ours, theirs) }
	case ":subsetof":
		return within
	case ":supersetof":
		return func(theirs, ours []element) bool { return within(ours, theirs) }
	}
	return func(theirs, ours []element) bool {
		set := setOf(ours)
		return slices.ContainsFunc(theirs, func(e element) bool { return set[e] })
	}
}

func equal(theirs, ours []element) bool {
	return slices.EqualFunc(theirs, ours, func(a, b element) bool { return a == b && a.kind != harmonization.Compound })
}

// within reports whether all elements of a list are in another one.
func within(small, large []element) bool {
	set := setOf(large)
	return !slices.ContainsFunc(small, func(e element) bool { return !set[e] })
}

// setOf has what may be equal to something.
func setOf(list []element) map[element]bool {
	set := make(map[element]bool, len(list))
	for _, e := range list {
		if e.kind != harmonization.Compound {
			set[e] = true
		}
	}
	return set
}
