package dateutil

import "time"

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
