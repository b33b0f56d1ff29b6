// Package indicator says which fields indicators belong to, and which events a
// pattern stands for: a formula of comparisons joined by AND and OR, as STIX and
// OpenIOC have it.
//
// What is joined by OR are several events. What is joined by AND is one event with
// all the fields, where an event can say that: an event has each field once.
package indicator

import "slices"

// Field is a field of an event and its value.
type Field struct{ Key, Value string }

// Set are the fields of one event.
type Set []Field

// maxSets bounds what a formula may stand for; one with more of it is not
// multiplied out.
const maxSets = 1000

// Or joins what formulas stand for.
func Or(formulas ...[]Set) []Set { return slices.Concat(formulas...) }

// And multiplies out what formulas stand for. Where that is not possible, because
// two of them say different things of one field or it would be too much, they
// stand side by side. A formula that stands for nothing is left out.
func And(formulas ...[]Set) (sets []Set) {
	for _, f := range formulas {
		switch {
		case len(f) == 0:
			continue
		case sets == nil:
			sets = slices.Clone(f)
			continue
		}
		var product []Set
		for _, s := range sets {
			for _, t := range f {
				u, ok := merge(s, t)
				if !ok || len(product) == maxSets {
					product = nil
					break
				}
				product = append(product, u)
			}
			if product == nil {
				break
			}
		}
		if product == nil {
			product = append(sets, f...)
		}
		sets = product
	}
	return sets
}

// merge is both sets. It is false if a field has two values.
func merge(s, t Set) (Set, bool) {
	u := slices.Clip(s)
	for _, f := range t {
		switch i := slices.IndexFunc(s, func(g Field) bool { return g.Key == f.Key }); {
		case i < 0:
			u = append(u, f)
		case s[i].Value != f.Value:
			return nil, false
		}
	}
	return u, true
}
