package harmonization

import (
	"time"

	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/python/dateutil"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// DateTime has one canonical form, 2020-01-02T03:04:05+00:00, with one to six digits of a
// fraction if there is one. Most feeds write times in a similar form, which is read
// without the parser of dateutil.

func validTime(v Value) bool {
	if v.Kind != String {
		return false
	}
	return datetime.Canonical(v.Text)
}

func sanitiseTime(v Value) (Value, bool) { return sanitiseTimeAs(v, nil) }

// sanitiseTimeAs also takes numbers: 20200102 is a date. The reading may be nil.
func sanitiseTimeAs(v Value, r *Reading) (Value, bool) {
	s := v.Text
	switch v.Kind {
	case String:
		if datetime.Canonical(s) {
			return v, true
		}
		s = str.Clean(s)
		if datetime.Canonical(s) {
			return Text(s), true
		}
	case Number:
	default:
		return v, false
	}
	if m, ok := datetime.ParseISO(s); ok && m.Offset == 0 && (m.Zoned || r.Place() == nil) && m.Exists() {
		return Text(m.Format()), true
	}
	t, err := dateutil.Parse(s, r)
	if err != nil {
		return v, false
	}
	return Text(FormatTime(t)), true
}

// Reading says how to read the text of a time that is ambiguous: its Location, and
// whether the day comes first. Nil is UTC and the month first.
type Reading = dateutil.Reading

// FormatTime returns the canonical form of t: UTC, with microseconds unless they are 0.
func FormatTime(t time.Time) string { return datetime.Format(t) }
