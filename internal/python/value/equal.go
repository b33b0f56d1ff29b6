package value

import (
	"math/big"
	"strings"
)

// Equal is ==: a text never equals a number, 1 equals 1.0 and true, and the order of an
// object's members does not count.
func (v Value) Equal(w Value) bool {
	if v.Kind == w.Kind && v.Text == w.Text {
		return true
	}
	switch {
	case v.Kind == Compound && w.Kind == Compound:
		return v.Dumps() == w.Dumps()
	case v.Kind != Number && v.Kind != Boolean,
		w.Kind != Number && w.Kind != Boolean:
		return false
	}
	x, ok := rational(v)
	y, ok2 := rational(w)
	return ok && ok2 && x.Cmp(y) == 0
}

// rational returns the exact value of an integer, and of the float64 that a float is
// read as: Python compares the two without rounding.
func rational(v Value) (*big.Rat, bool) {
	switch {
	case v.Text == "true":
		return big.NewRat(1, 1), true
	case v.Text == "false":
		return new(big.Rat), true
	case strings.ContainsAny(v.Text, ".eE"):
		f, _, err := big.ParseFloat(v.Text, 10, 53, big.ToNearestEven)
		if err != nil || f.IsInf() || f.MantExp(nil) > 1024 {
			return nil, false
		}
		r, _ := f.Rat(nil)
		return r, r != nil
	}
	return new(big.Rat).SetString(v.Text)
}
