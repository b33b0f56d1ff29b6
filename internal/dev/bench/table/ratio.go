package table

import (
	"math"
	"slices"
)

// Median returns the middle of the values, or of an even number the mean of
// the two in the middle. What is not a number is left out; of none it is NaN.
func Median(values []float64) float64 {
	v := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// ratios divides a by b round by round, after taking base off both where it is
// given. The two of a round ran next to each other, so that what slowed one
// down has slowed the other; a quotient of two medians would not have that. A
// round whose divisor drowned in noise is not a number.
func ratios(a, b, base []float64) []float64 {
	q := make([]float64, len(a))
	for i := range a {
		x, y := a[i], b[i]
		if base != nil {
			x, y = x-base[i], y-base[i]
		}
		if q[i] = x / y; y <= 0 {
			q[i] = math.NaN()
		}
	}
	return q
}
