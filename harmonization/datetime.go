package harmonization

import "time"

// DateTime has one canonical form, 2020-01-02T03:04:05+00:00, with a fraction
// of one to six digits where there is one. What feeds write is usually close to
// it and is read by hand; the rest goes to the fuzzy parser.

func validTime(v Value) bool {
	if v.Kind != String {
		return false
	}
	return canonicalTime(v.Text)
}

func sanitiseTime(v Value) (Value, bool) { return sanitiseTimeAs(v, nil) }

// sanitiseTimeAs also takes numbers: 20200102 is a date.
func sanitiseTimeAs(v Value, r *Reading) (Value, bool) {
	s := v.Text
	switch v.Kind {
	case String:
		if canonicalTime(s) {
			return v, true
		}
		s = clean(s)
		if canonicalTime(s) {
			return Text(s), true
		}
	case Number:
	default:
		return v, false
	}
	if m, ok := common(s); ok && m.offset == 0 && (m.zoned || r.location() == nil) && m.exists() {
		return Text(m.format()), true
	}
	t, err := ParseTimeAs(s, r)
	if err != nil {
		return v, false
	}
	return Text(FormatTime(t)), true
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

// location returns nil for UTC.
func (r *Reading) location() *time.Location {
	if r == nil || r.Location == time.UTC {
		return nil
	}
	return r.Location
}

func (r *Reading) dayFirst() bool { return r != nil && r.DayFirst }

// FormatTime returns the canonical form of t: UTC, with microseconds where
// there are any.
func FormatTime(t time.Time) string {
	t = t.UTC()
	var m moment
	var month time.Month
	m.year, month, m.day = t.Date()
	m.month = int(month)
	m.hour, m.minute, m.second = t.Clock()
	m.micro = t.Nanosecond() / 1000
	return m.format()
}

// format returns the canonical form of a moment that exists and is in UTC.
func (m *moment) format() string {
	var buf [40]byte
	b := append(buf[:0], byte('0'+m.year/1000%10), byte('0'+m.year/100%10))
	b = append2(b, m.year%100, '-')
	b = append2(b, m.month, '-')
	b = append2(b, m.day, 'T')
	b = append2(b, m.hour, ':')
	b = append2(b, m.minute, ':')
	b = append2(b, m.second, '.')
	if m.micro == 0 {
		b = b[:len(b)-1]
	} else {
		b = append2(b, m.micro/10000, byte('0'+m.micro/1000%10))
		b = append2(b, m.micro/10%100, byte('0'+m.micro%10))
	}
	return string(append(b, "+00:00"...))
}

func append2(b []byte, n int, next byte) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10), next)
}

// canonicalTime reports whether s is the canonical form of a time that exists.
func canonicalTime(s string) bool {
	n := len(s)
	if n < 25 || n > 32 || n == 26 || s[n-6:] != "+00:00" || s[10] != 'T' {
		return false
	}
	t, rest, ok := clock(s[:n-6])
	return ok && rest == "" && t.exists()
}

// ParseTime reads a time in any of the many ways people write them, by the
// rules of python-dateutil's fuzzy mode, and returns it in UTC. A time without
// zone is taken as UTC.
//
// Where that mode guesses at what is not there, ParseTime fails: a date needs
// year, month and day, and a zone must be one that is known. The years of two
// digits are those from 1969 to 2068.
func ParseTime(s string) (time.Time, error) { return ParseTimeAs(s, nil) }

// ParseTimeAs is [ParseTime] where it is known how to read what the text
// leaves open.
func ParseTimeAs(s string, r *Reading) (time.Time, error) {
	if m, ok := common(s); ok {
		if t, ok := m.in(r.location()); ok {
			return t, nil
		}
	}
	return parseFuzzy(s, r)
}

// moment is a date and time that need not exist.
type moment struct {
	year, month, day, hour, minute, second, micro int
	offset                                        int // seconds east of UTC
	zoned                                         bool
}

// exists reports whether there is such a day and such a time of day.
func (m *moment) exists() bool {
	return 1 <= m.year && m.year <= 9999 && 1 <= m.month && m.month <= 12 &&
		1 <= m.day && m.day <= daysIn(m.year, m.month) &&
		0 <= m.hour && m.hour < 24 && 0 <= m.minute && m.minute < 60 && 0 <= m.second && m.second < 60
}

// time returns the moment in UTC. Python's years end at 1 and 9999, and so do
// the four digits of the canonical form.
func (m *moment) time() (time.Time, bool) {
	if !m.exists() || m.offset <= -maxOffset || m.offset >= maxOffset {
		return time.Time{}, false
	}
	t := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second-m.offset, m.micro*1000, time.UTC)
	return t, 1 <= t.Year() && t.Year() <= 9999
}

// in returns the moment in UTC. If it has no zone it is a time of that place.
func (m *moment) in(place *time.Location) (time.Time, bool) {
	if !m.zoned && place != nil && m.exists() {
		m.offset = m.offsetIn(place)
	}
	return m.time()
}

// offsetIn returns the offset of a place when its clocks showed m. Where they
// were put back and showed it twice, and where they were put forward and did
// not show it, that is the offset from before the change.
func (m *moment) offsetIn(place *time.Location) int {
	at := func(t time.Time) int { _, offset := t.In(place).Zone(); return offset }
	shown := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, 0, time.UTC)
	before, after := at(shown.AddDate(0, 0, -1)), at(shown.AddDate(0, 0, 1))
	fits := func(offset int) bool { return at(shown.Add(-time.Duration(offset)*time.Second)) == offset }
	if !fits(before) && fits(after) {
		return after
	}
	return before
}

func daysIn(year, month int) int {
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

// common reads the forms that nearly all feeds use: ISO 8601 with T or a
// space, with or without seconds, fraction and zone.
func common(s string) (moment, bool) {
	m, rest, ok := clock(s)
	if ok && rest != "" {
		if rest[0] == ' ' {
			rest = rest[1:]
		}
		m.offset, ok = commonZone(rest)
		m.zoned = true
	}
	return m, ok
}

// clock reads YYYY-MM-DD, alone or with HH:MM, HH:MM:SS or HH:MM:SS.ffffff
// behind it, and returns what follows.
func clock(s string) (m moment, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return m, s, false
	}
	a, b := two(s, 0), two(s, 2)
	m.month, m.day = two(s, 5), two(s, 8)
	if a|b|m.month|m.day < 0 {
		return m, s, false
	}
	m.year = a*100 + b
	if len(s) == 10 {
		return m, "", true
	}
	if len(s) < 16 || s[10] != 'T' && s[10] != ' ' || s[13] != ':' {
		return m, s, false
	}
	m.hour, m.minute = two(s, 11), two(s, 14)
	if m.hour|m.minute < 0 {
		return m, s, false
	}
	if len(s) < 19 || s[16] != ':' {
		return m, s[16:], true
	}
	if m.second = two(s, 17); m.second < 0 {
		return m, s, false
	}
	s = s[19:]
	if len(s) < 2 || s[0] != '.' {
		return m, s, true
	}
	i, scale := 1, 100000
	for ; i < len(s) && isDigit(s[i]); i++ {
		m.micro += int(s[i]-'0') * scale
		scale /= 10
	}
	return m, s[i:], i > 1
}

// two reads two digits, or returns -1.
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

// zoneOffset knows the abbreviations that mean one zone only, or nearly so.
// IST, BST and the like could be several and are not guessed at.
func zoneOffset(name string) (seconds int, ok bool) {
	const quarter = 15 * 60
	q := 0
	switch name {
	case "UTC", "GMT", "Z", "UT", "UCT", "WET":
	case "CET", "MEZ", "MET", "WEST", "WAT":
		q = 4
	case "CEST", "MESZ", "MEST", "EET", "SAST", "CAT":
		q = 8
	case "EEST", "MSK", "TRT", "EAT":
		q = 12
	case "IRST":
		q = 14
	case "SAMT":
		q = 16
	case "PKT", "YEKT", "UZT":
		q = 20
	case "NPT":
		q = 23
	case "OMST", "ALMT":
		q = 24
	case "ICT", "WIB", "KRAT", "NOVT":
		q = 28
	case "HKT", "SGT", "MYT", "PHT", "WITA", "AWST", "IRKT":
		q = 32
	case "JST", "KST", "YAKT", "WIT":
		q = 36
	case "ACST":
		q = 38
	case "AEST", "VLAT":
		q = 40
	case "ACDT":
		q = 42
	case "AEDT":
		q = 44
	case "NZST":
		q = 48
	case "NZDT":
		q = 52
	case "BRT", "ART", "ADT", "UYT":
		q = -12
	case "NST":
		q = -14
	case "NDT":
		q = -10
	case "EDT", "AST", "CLT":
		q = -16
	case "EST", "CDT", "PET":
		q = -20
	case "CST", "MDT":
		q = -24
	case "MST", "PDT":
		q = -28
	case "PST", "AKDT":
		q = -32
	case "AKST":
		q = -36
	case "HST":
		q = -40
	default:
		return 0, false
	}
	return q * quarter, true
}
