// Package dateutil reads dates as people and programs write them. It follows the
// parser of python-dateutil in its fuzzy mode, with which IntelMQ reads times: the
// month comes first where a date is ambiguous, and the size of numbers decides which is
// the year, the month and the day. The times in existing event stores were read so.
//
// Three things are different, because python-dateutil returns a wrong time for them:
//
//   - A word, number or sign that means nothing is an error. python-dateutil skips it,
//     or lets it replace what it has read before.
//   - A zone must be known, by its abbreviation or as a place such as Europe/Vienna.
//   - UTC+2 and GMT+0200 are two hours ahead of UTC, as everybody means them. For
//     python-dateutil they are two hours behind.
package dateutil

import (
	"time"

	"github.com/intelpipe/intelpipe/internal/python/datetime"
)

// Parse reads a time and returns it in UTC. The text must have year, month and day; the
// time of day is 00:00 without one. Years of two digits are those from 1969 to 2068. A
// text of more than 1000 bytes is refused.
//
// The Reading says how to read a text that is ambiguous; it may be nil. The error is an
// *[datetime.Error] that names the part that was not understood.
func Parse(s string, r *Reading) (time.Time, error) {
	if m, ok := datetime.ParseISO(s); ok {
		if t, ok := m.In(r.Place()); ok {
			return t, nil
		}
	}
	return parseFuzzy(s, r)
}

// Reading says how to read the text of a time that is ambiguous. Nil and the zero value
// read it as the data format does: in UTC, the month first.
type Reading struct {
	// Location is the zone of times that do not name one; nil is UTC. A time that
	// its clocks showed twice is the first of the two, and one that they skipped
	// is counted on from the hour before.
	Location *time.Location
	// DayFirst puts the day before the month in dates that are all numbers:
	// 11/12/2026 is in December. Dates that begin with the year, such as
	// 2026-11-12, do not change.
	DayFirst bool
}

// Place returns the Location, and nil for UTC. It works on a nil Reading.
func (r *Reading) Place() *time.Location {
	if r == nil || r.Location == time.UTC {
		return nil
	}
	return r.Location
}

func (r *Reading) dayFirst() bool { return r != nil && r.DayFirst }
