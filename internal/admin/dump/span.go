package dump

import (
	"fmt"
	"strconv"
	"strings"
)

// span is a number or a range of numbers on the command line.
type span string

// choice is what the spans choose; nothing chooses everything.
type choice [][2]int

func choose(spans []span) (choice, error) {
	var c choice
	for _, s := range spans {
		first, last, isRange := strings.Cut(string(s), "-")
		if !isRange {
			last = first
		}
		a, err1 := strconv.Atoi(first)
		b, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || a < 1 || b < a {
			return nil, fmt.Errorf("%q: the number of an entry is expected, or a range such as 3-7", s)
		}
		c = append(c, [2]int{a, b})
	}
	return c, nil
}

func (c choice) has(n int) bool {
	for _, s := range c {
		if n >= s[0] && n <= s[1] {
			return true
		}
	}
	return len(c) == 0
}

// missing is an error if a number is chosen beyond the last one.
func (c choice) missing(path string, last int) error {
	for _, s := range c {
		if s[1] > last {
			return fmt.Errorf("%s: there is no entry %d, the last is %d", path, s[1], last)
		}
	}
	return nil
}
