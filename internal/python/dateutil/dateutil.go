// Package dateutil reads dates as people and programs write them: it is the parser
// of python-dateutil in its fuzzy mode, with which IntelMQ reads times. What is in
// existing event stores was read by its rules: the month first where a date is
// ambiguous, and numbers sorted into year, month and day by their size.
//
// Three rules are not followed, since the result would be wrong without a word:
//
//   - Words, numbers and signs that mean nothing here are an error, not skipped;
//     neither is what was read already replaced by what comes later.
//   - A name of a zone must be known; that of a place (Europe/Vienna) is, too.
//   - UTC+2 and GMT+0200 are two hours ahead of UTC, as everybody writes them,
//     not behind.
package dateutil

import (
	"time"

	"github.com/intelpipe/intelpipe/internal/python/datetime"
)

// Parse reads a time in any of the many ways people write them, by the
// rules of python-dateutil's fuzzy mode, and returns it in UTC. A time without
// zone is taken as UTC.
//
// Where that mode guesses at what is not there, Parse fails: a date needs
// year, month and day, and a zone must be one that is known. The years of two
// digits are those from 1969 to 2068.
//
// The reading, which may be nil, says what the text leaves open. An error is a
// *[datetime.Error].
func Parse(s string, r *Reading) (time.Time, error) {
	if m, ok := datetime.ParseISO(s); ok {
		if t, ok := m.In(r.Place()); ok {
			return t, nil
		}
	}
	return parseFuzzy(s, r)
}

// Reading says how to read what the text of a time leaves open. Nil and the
// zero value read it as the data format does: in UTC, the month first.
type Reading struct {
	// Location is where times without a zone are from. A time that its clocks
	// showed twice is the first of the two; one that they skipped is counted
	// from the hour before.
	Location *time.Location
	// DayFirst says that the day comes before the month in dates that are all
	// numbers: 11/12/2026 is in December. Dates that begin with the year, such
	// as 2026-11-12, are not affected.
	DayFirst bool
}

// Place returns the Location, or nil for UTC.
func (r *Reading) Place() *time.Location {
	if r == nil || r.Location == time.UTC {
		return nil
	}
	return r.Location
}

func (r *Reading) dayFirst() bool { return r != nil && r.DayFirst }
