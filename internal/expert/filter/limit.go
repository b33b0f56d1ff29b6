package filter

import (
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/internal/python/dateutil"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// limit is a point in time, or a distance from now.
type limit struct {
	set  bool
	time time.Time
	back time.Duration
}

func parseLimit(text string) (limit, error) {
	if text == "" {
		return limit{}, nil
	}
	if d, err := timeformat.ParseRelative(text); err == nil {
		return limit{set: true, back: d}, nil
	}
	t, err := dateutil.Parse(text, nil)
	if err != nil {
		return limit{}, fmt.Errorf(`neither a time such as 2024-05-01 nor a span such as "3 days": %w`, err)
	}
	return limit{set: true, time: t}, nil
}

func (l limit) at(now func() time.Time) time.Time {
	if l.time.IsZero() {
		return now().Add(-l.back)
	}
	return l.time
}

// parseTime reads the canonical form at once, and any other by hand.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	return dateutil.Parse(text, nil)
}
