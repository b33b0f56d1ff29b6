package state

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Number is a number of an event or of a rule. Equal numbers are equal as structs,
// however they are written: 100, 100.0 and 1e2.
type Number struct {
	whole  int64
	float  float64 // where it is not whole, or does not fit
	digits string  // where it is whole and fits neither
}

// maxDigits is the length of the longest integer that Python reads.
const maxDigits = 4300

// ParseNumber reads a number as JSON writes it, and with a plus sign.
func ParseNumber(text string) (n Number, ok bool) {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Number{whole: whole}, true
	}
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		return fromFloat(f), err == nil || math.IsInf(f, 0)
	}
	if len(text) > maxDigits {
		return Number{}, false
	}
	i, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return Number{}, false
	}
	if f, exact := new(big.Float).SetInt(i).Float64(); exact == big.Exact {
		return fromFloat(f), true
	}
	return Number{digits: i.String()}, true
}

func fromFloat(f float64) Number {
	if -1<<63 <= f && f < 1<<63 && f == math.Trunc(f) {
		return Number{whole: int64(f)}
	}
	return Number{float: f}
}

// compare orders two numbers by their exact values.
func (n Number) Compare(m Number) int {
	switch {
	case n.isWhole() && m.isWhole():
		return cmp.Compare(n.whole, m.whole)
	case n.whole|m.whole == 0 && n.digits+m.digits == "":
		return cmp.Compare(n.float, m.float)
	}
	return n.exact().Cmp(m.exact())
}

func (n Number) isWhole() bool { return n.float == 0 && n.digits == "" }

func (n Number) exact() *big.Float {
	switch {
	case n.digits != "":
		i, _ := new(big.Int).SetString(n.digits, 10)
		return new(big.Float).SetInt(i)
	case n.float != 0:
		return big.NewFloat(n.float)
	}
	return new(big.Float).SetInt64(n.whole)
}
