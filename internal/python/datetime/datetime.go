// Package datetime is equal to Python's datetime where it reads and writes text:
// isoformat of a time in UTC, and strptime. IntelMQ writes all times with the first,
// and operators of IntelMQ write formats of feeds for the second.
//
// It is also where times in ISO 8601 are read, and the names of zones.
package datetime

import "time"

// Format returns t.isoformat() in UTC: 2020-01-02T03:04:05+00:00, with six digits of
// microseconds unless they are 0. The rest of the nanoseconds is cut off.
func Format(t time.Time) string {
	t = t.UTC()
	var m Moment
	var month time.Month
	m.Year, month, m.Day = t.Date()
	m.Month = int(month)
	m.Hour, m.Minute, m.Second = t.Clock()
	m.Micro = t.Nanosecond() / 1000
	return m.Format()
}

// Format is the function Format for a moment that exists and is in UTC.
func (m *Moment) Format() string {
	var buf [40]byte
	b := append(buf[:0], byte('0'+m.Year/1000%10), byte('0'+m.Year/100%10))
	b = append2(b, m.Year%100, '-')
	b = append2(b, m.Month, '-')
	b = append2(b, m.Day, 'T')
	b = append2(b, m.Hour, ':')
	b = append2(b, m.Minute, ':')
	b = append2(b, m.Second, '.')
	if m.Micro == 0 {
		b = b[:len(b)-1]
	} else {
		b = append2(b, m.Micro/10000, byte('0'+m.Micro/1000%10))
		b = append2(b, m.Micro/10%100, byte('0'+m.Micro%10))
	}
	return string(append(b, "+00:00"...))
}

func append2(b []byte, n int, next byte) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10), next)
}

// Canonical reports whether s is a time that exists, in the form of Format but with one
// to six digits of microseconds.
func Canonical(s string) bool {
	n := len(s)
	if n < 25 || n > 32 || n == 26 || s[n-6:] != "+00:00" || s[10] != 'T' {
		return false
	}
	t, rest, ok := clock(s[:n-6])
	return ok && rest == "" && t.Exists()
}

// Moment is a date and time as a text has them: 30 February is one.
type Moment struct {
	Year, Month, Day, Hour, Minute, Second, Micro int

	Offset int  // seconds east of UTC
	Zoned  bool // the text has a zone; without one Offset is 0
}

// Exists reports whether there is such a day, in the years 1 to 9999, and such a time
// of day. There are no leap seconds.
func (m *Moment) Exists() bool {
	return 1 <= m.Year && m.Year <= 9999 && 1 <= m.Month && m.Month <= 12 &&
		1 <= m.Day && m.Day <= DaysIn(m.Year, m.Month) &&
		0 <= m.Hour && m.Hour < 24 && 0 <= m.Minute && m.Minute < 60 && 0 <= m.Second && m.Second < 60
}

// UTC returns the moment in UTC. It returns false if it does not exist, if the offset is
// a day or more, or if it is not in the years 1 to 9999, which are all that Python has.
func (m *Moment) UTC() (time.Time, bool) {
	if !m.Exists() || m.Offset <= -maxOffset || m.Offset >= maxOffset {
		return time.Time{}, false
	}
	t := time.Date(m.Year, time.Month(m.Month), m.Day, m.Hour, m.Minute, m.Second-m.Offset, m.Micro*1000, time.UTC)
	return t, 1 <= t.Year() && t.Year() <= 9999
}

// In is UTC for a moment that is local to a place if it has no zone. It then sets the
// Offset. A nil place is UTC.
func (m *Moment) In(place *time.Location) (time.Time, bool) {
	if !m.Zoned && place != nil && m.Exists() {
		m.Offset = m.OffsetIn(place)
	}
	return m.UTC()
}

// OffsetIn returns the offset of a place, in seconds, when its clocks showed m. If they
// showed m twice because they were put back, or never because they were put forward, it
// is the offset from before the change.
func (m *Moment) OffsetIn(place *time.Location) int {
	at := func(t time.Time) int { _, offset := t.In(place).Zone(); return offset }
	shown := time.Date(m.Year, time.Month(m.Month), m.Day, m.Hour, m.Minute, m.Second, 0, time.UTC)
	before, after := at(shown.AddDate(0, 0, -1)), at(shown.AddDate(0, 0, 1))
	fits := func(offset int) bool { return at(shown.Add(-time.Duration(offset)*time.Second)) == offset }
	if !fits(before) && fits(after) {
		return after
	}
	return before
}

// DaysIn returns how many days a month has.
func DaysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// ParseISO reads the forms of ISO 8601 that nearly all feeds use: a date, alone or with
// T or a blank and a time, with or without seconds, fraction and zone. Digits of the
// fraction beyond microseconds are cut off.
func ParseISO(s string) (Moment, bool) {
	m, rest, ok := clock(s)
	if ok && rest != "" {
		if rest[0] == ' ' {
			rest = rest[1:]
		}
		m.Offset, ok = commonZone(rest)
		m.Zoned = true
	}
	return m, ok
}

// clock reads YYYY-MM-DD, alone or followed by HH:MM, HH:MM:SS or HH:MM:SS.ffffff. It
// returns the rest of s.
func clock(s string) (m Moment, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return m, s, false
	}
	a, b := two(s, 0), two(s, 2)
	m.Month, m.Day = two(s, 5), two(s, 8)
	if a|b|m.Month|m.Day < 0 {
		return m, s, false
	}
	m.Year = a*100 + b
	if len(s) == 10 {
		return m, "", true
	}
	if len(s) < 16 || s[10] != 'T' && s[10] != ' ' || s[13] != ':' {
		return m, s, false
	}
	m.Hour, m.Minute = two(s, 11), two(s, 14)
	if m.Hour|m.Minute < 0 {
		return m, s, false
	}
	if len(s) < 19 || s[16] != ':' {
		return m, s[16:], true
	}
	if m.Second = two(s, 17); m.Second < 0 {
		return m, s, false
	}
	s = s[19:]
	if len(s) < 2 || s[0] != '.' {
		return m, s, true
	}
	i, scale := 1, 100000
	for ; i < len(s) && isDigit(s[i]); i++ {
		m.Micro += int(s[i]-'0') * scale
		scale /= 10
	}
	return m, s[i:], i > 1
}

// two reads the two digits at s[i], or returns -1.
func two(s string, i int) int {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

// commonZone reads Z, UTC, GMT, ±HH:MM, ±HHMM or ±HH.
func commonZone(s string) (int, bool) {
	switch s {
	case "Z", "UTC", "GMT", "+00:00":
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, minutes := two(s, 1), 0
	switch {
	case len(s) == 6 && s[3] == ':':
		minutes = two(s, 4)
	case len(s) == 5:
		minutes = two(s, 3)
	case len(s) != 3:
		return 0, false
	}
	if hours|minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := hours*3600 + minutes*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// maxOffset is one second more than the largest offset of a zone, in seconds.
const maxOffset = 24 * 3600
