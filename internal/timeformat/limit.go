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

// short are the units that may stand behind a number without a blank.
var short = map[string]string{"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

// ParseLimit reads a time in any form, or a span such as "3 days" or 3d. Nothing is no
// limit.
func ParseLimit(text string) (Limit, error) {
	if text == "" {
		return Limit{}, nil
	}
	span := text
	if number := strings.TrimRight(text, "smhdw"); number != "" && strings.Trim(number, "0123456789") == "" && len(text) == len(number)+1 {
		span = number + " " + short[text[len(number):]]
	}
	if d, err := ParseRelative(span); err == nil {
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
