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
