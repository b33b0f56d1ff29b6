package table

import "fmt"

// Bar is what a ratio is held against.
type Bar struct {
	limit float64
	least bool // the ratio is reference / ours, and at least the limit
}

// AtMost is a bar for ours / reference.
func AtMost(limit float64) Bar { return Bar{limit, false} }

// AtLeast is a bar for reference / ours.
func AtLeast(limit float64) Bar { return Bar{limit, true} }

// Ratio is the ratio of two figures that the bar is for, each taken round by round; base
// is taken off both, if there is one.
func (b Bar) Ratio(ours, reference, base []float64) float64 {
	if b.least {
		ours, reference = reference, ours
	}
	return Median(ratios(ours, reference, base))
}

// Met says whether the ratio clears the bar; one that is not a number does not.
func (b Bar) Met(ratio float64) bool {
	if b.least {
		return ratio >= b.limit
	}
	return ratio <= b.limit
}

func (b Bar) String() string {
	if b.least {
		return fmt.Sprintf("≥ %.4g", b.limit)
	}
	return fmt.Sprintf("≤ %.4g", b.limit)
}
