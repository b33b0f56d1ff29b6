package strformat

import (
	"math/big"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// Equal compares values as Python's == does: a text never equals a number, 1
// equals 1.0 and true, and the order of an object's members does not count.
func Equal(a, b harmonization.Value) bool {
	if a.Kind == b.Kind && a.Text == b.Text {
		return true
	}
	switch {
	case a.Kind == harmonization.Compound && b.Kind == harmonization.Compound:
		return sorted(a) == sorted(b)
	case a.Kind != harmonization.Number && a.Kind != harmonization.Boolean,
		b.Kind != harmonization.Number && b.Kind != harmonization.Boolean:
		return false
	}
	x, ok := rational(a)
	y, ok2 := rational(b)
	return ok && ok2 && x.Cmp(y) == 0
}

// rational is the exact value of an integer, and of a float what a float64
// makes of it, since Python compares the two without rounding.
func rational(v harmonization.Value) (*big.Rat, bool) {
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

// sorted is the JSON text of a compound with its members in order.
func sorted(v harmonization.Value) string {
	rule, _ := harmonization.Type("JSON")
	w, err := rule.Sanitise(v)
	if err != nil {
		return v.Text
	}
	return w.Text
}
