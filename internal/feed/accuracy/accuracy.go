// Package accuracy weighs the accuracy of a feed where its reports say how sure they are
// of one event.
package accuracy

import (
	"strconv"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Share returns a share of the feed.accuracy of e, which is 100 if it has none: that of
// a feed of 80 percent, times a confidence of 50 in 100, is 40.
func Share(e *event.Message, part, of float64) harmonization.Value {
	whole := 100.0
	if text := e.Get("feed.accuracy"); text != "" {
		whole, _ = strconv.ParseFloat(text, 64) // an event has no other value there
	}
	return harmonization.Float(whole * part / of)
}
