package filter

import (
	"time"

	"github.com/intelpipe/intelpipe/internal/python/dateutil"
)

// parseTime reads the canonical form at once, and any other by hand.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	return dateutil.Parse(text, nil)
}
