package timeformat

import (
	"fmt"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/python/dateutil"
)

// Limit is a point in time, or a distance from now.
type Limit struct {
	given bool
	time  time.Time
	back  time.Duration
}

// long is a span such as 3d or 3 d, written out. Any other text is as it was.
func long(text string) string {
	number := strings.TrimRight(text, "smhdw")
	if len(text) != len(number)+1 {
		return text
	}
	unit := text[len(number)]
	number = strings.TrimRight(number, " ")
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return text
	}
	for _, word := range [...]string{"second", "minute", "hour", "day", "week"} {
		if word[0] == unit {
			return number + " " + word
		}
	}
	return text
}

// ParseLimit reads a time in any form, or a span such as "3 days", 3d or "3 d". Nothing is no
// limit.
func ParseLimit(text string) (Limit, error) {
	if text == "" {
		return Limit{}, nil
	}
	if d, err := ParseRelative(long(text)); err == nil {
		return Limit{given: true, back: d}, nil
	}
	t, err := dateutil.Parse(text, nil)
	if err != nil {
		return Limit{}, fmt.Errorf(`neither a time such as 2024-05-01 nor a span such as "3 days": %w`, err)
	}
	return Limit{given: true, time: t}, nil
}

// Given reports whether there is a limit.
func (l Limit) Given() bool { return l.given }

// At is the point in time, where it is now.
func (l Limit) At(now time.Time) time.Time {
	if l.time.IsZero() {
		return now.Add(-l.back)
	}
	return l.time
}
