package dateutil

import (
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/python/number"
)

// parseFuzzy reads a time that is not in one of the usual forms.
func parseFuzzy(s string, r *Reading) (time.Time, error) {
	if len(s) > 1000 {
		return time.Time{}, &datetime.Error{Why: "the text is too long"}
	}
	p := parser{tokens: lexTime(s), reading: r}
	if p.parse() {
		if t, ok := p.result(); ok {
			return t, nil
		}
	}
	err := p.err
	return time.Time{}, &err
}

// The reasons why a text is not a time, each the Why of a datetime.Error.
const (
	notUnderstood = "is not understood"
	notZone       = "is no time zone that is known"
	contradicts   = "contradicts the other zone"
	noDate        = "year, month and day are needed"
)

type parser struct {
	tokens  []string
	reading *Reading
	date    dateParts

	hour, minute, second, micro part
	ampm                        bool   // an am or pm was used
	zone                        string // CET
	offset                      part   // seconds east of UTC
	place                       *time.Location
	err                         datetime.Error
}

// parse reads the tokens and reports whether all are understood. A token is a number, a
// word that means something, or one that is known to mean nothing.
func (p *parser) parse() bool {
	for i := 0; i < len(p.tokens); i++ {
		token := p.tokens[i]
		start, ok := i, true
		switch {
		case isNumeric(token):
			i, ok = p.number(i)
		case datetime.Weekday(token) >= 0:
		case datetime.Month(token) > 0:
			i, ok = p.month(i)
		case datetime.Meridiem(token) >= 0:
			ok = p.meridiem(datetime.Meridiem(token))
		case p.startsOffset(i):
			i, ok = p.zoneOffset(i)
		case token == "(" && p.offset.set:
			i = p.comment(i)
		case p.harmless(i):
		case isASCIILetter(token[0]):
			i, ok = p.zoneName(i)
		default:
			ok = false
		}
		if !ok {
			if p.err.Why == "" {
				p.err = datetime.Error{Word: p.tokens[start], Why: notUnderstood}
			}
			return false
		}
	}
	return true
}

// refuse notes why the text is not a time. It returns false.
func (p *parser) refuse(word, why string) bool {
	p.err = datetime.Error{Word: word, Why: why}
	return false
}

// result returns the time that the parts make.
func (p *parser) result() (t time.Time, ok bool) {
	year, month, day, ok := p.date.resolve(p.reading.dayFirst())
	if !ok || !year.set || !month.set || !day.set {
		return t, p.refuse("", noDate)
	}
	if year.n < 100 && !p.date.century {
		if year.n += 1900; year.n < 1969 {
			year.n += 100
		}
	}
	m := datetime.Moment{
		Year: year.n, Month: month.n, Day: day.n,
		Hour: p.hour.n, Minute: p.minute.n, Second: p.second.n, Micro: p.micro.n,
		Offset: p.offset.n, Zoned: p.offset.set,
	}
	if !m.Exists() {
		return t, p.refuse("", datetime.NoSuchTime)
	}
	if p.zone != "" {
		// An offset from UTC may name UTC, too: +02:00 UTC.
		offset, ok := p.zoneOf(&m)
		switch {
		case !ok:
			return t, p.refuse(p.zone, notZone)
		case !m.Zoned:
			m.Offset, m.Zoned = offset, true
		case offset != m.Offset && (p.zone == "Z" || !isUTC(p.zone)):
			return t, p.refuse(p.zone, contradicts)
		}
	}
	if p.place != nil {
		offset := m.OffsetIn(p.place)
		if m.Zoned && offset != m.Offset {
			// The second of two times that the clocks showed, or a contradiction.
			t, _ = m.UTC()
			if _, offset = t.In(p.place).Zone(); offset != m.Offset {
				return t, p.refuse(p.place.String(), contradicts)
			}
		}
		m.Offset, m.Zoned = offset, true
	}
	if t, ok = m.In(p.reading.Place()); !ok {
		p.refuse("", datetime.NoSuchTime)
	}
	return t, ok
}

// zoneOf returns the offset of the zone that was named by its abbreviation. Some
// abbreviations have several meanings; the one of the Reading's Location goes first.
func (p *parser) zoneOf(m *datetime.Moment) (seconds int, ok bool) {
	if place := p.reading.Place(); place != nil {
		offset := m.OffsetIn(place)
		local := *m
		local.Offset = offset
		if t, ok := local.UTC(); ok {
			if name, _ := t.In(place).Zone(); name == p.zone {
				return offset, true
			}
		}
	}
	return datetime.Abbreviation(p.zone)
}

// at returns the token at i, or "" beyond the end.
func (p *parser) at(i int) string {
	if i < len(p.tokens) {
		return p.tokens[i]
	}
	return ""
}

// number reads the number at i and the tokens that belong to it. It returns the position
// of the last one.
func (p *parser) number(i int) (int, bool) {
	token := p.tokens[i]
	whole, fraction, ok := decimal(token)
	if !ok {
		return i, false
	}
	n, next := len(token), p.at(i+1)
	last, hour := i+1 >= len(p.tokens), p.hour.set
	switch {
	case p.date.n == 3 && (n == 2 || n == 4) && !p.hour.set && (last || next != ":" && unit(next) < 0):
		// 19990101T23[59]
		if p.hour, ok = digits(token[:2]); ok && n == 4 {
			p.minute, ok = digits(token[2:])
		}
		return i, ok

	case n == 6 || n > 6 && strings.IndexByte(token, '.') == 6:
		if p.date.n == 0 && fraction == "" { // YYMMDD
			return i, p.date.addText(token[:2]) && p.date.addText(token[2:4]) && p.date.addText(token[4:])
		}
		if p.hour.set {
			return i, false
		}
		// HHMMSS[.ss]
		var ok2, ok3 bool
		p.hour, ok = digits(token[:2])
		p.minute, ok2 = digits(token[2:4])
		ok3 = p.setSeconds(token[4:])
		return i, ok && ok2 && ok3

	case n == 8 || n == 12 || n == 14: // YYYYMMDD[hhmm[ss]]
		if !p.date.addLabelled(token[:4], labelYear) || !p.date.addText(token[4:6]) || !p.date.addText(token[6:8]) {
			return i, false
		}
		if n > 8 {
			if p.hour.set {
				return i, false
			}
			var ok2 bool
			p.hour, ok = digits(token[8:10])
			p.minute, ok2 = digits(token[10:12])
			ok = ok && ok2
		}
		if n > 12 && ok {
			p.second, ok = digits(token[12:])
		}
		return i, ok
	}

	if at := p.findUnit(i); at >= 0 { // 10h, 10 hours, h 10
		u := unit(p.tokens[at])
		if at > i {
			i = at
		} else {
			u++ // the number after a unit is of the next smaller one
		}
		if u == 3 || [...]part{p.hour, p.minute, p.second}[u].set {
			return i, false
		}
		switch u {
		case 0:
			p.hour = some(whole)
			if sixty := sixtieths(fraction); strings.Trim(fraction, "0") != "" {
				p.minute = some(sixty)
			}
		case 1:
			p.setMinutes(whole, fraction)
		case 2:
			ok = p.setSeconds(token)
		}
		return i, ok
	}

	switch {
	case i+2 < len(p.tokens) && next == ":": // HH:MM[:SS[.ss]]
		if p.hour.set || fraction != "" {
			return i, false
		}
		p.hour = some(whole)
		if !isNumeric(p.tokens[i+2]) {
			return i, p.refuse(p.tokens[i+2], notUnderstood)
		}
		whole, fraction, ok = decimal(p.tokens[i+2])
		if !ok {
			return i, false
		}
		p.setMinutes(whole, fraction)
		if i+4 < len(p.tokens) && p.tokens[i+3] == ":" {
			return i + 4, p.setSeconds(p.tokens[i+4])
		}
		return i + 2, true

	case next == "-" || next == "/" || next == ".":
		return p.separated(i, next)

	case fraction != "":
		return i, false

	case datetime.Meridiem(next) >= 0 && whole < 24: // 12am
		p.hour = some(whole)
		return i + 1, !hour && p.meridiem(datetime.Meridiem(next))

	case last || endsNumber(next):
		if half := datetime.Meridiem(p.at(i + 2)); half >= 0 && next == " " { // 12 am
			p.hour = some(whole)
			return i + 2, !hour && p.meridiem(half)
		}
		return i, p.date.addNumber(whole)

	case p.date.mayBeDay(whole):
		return i, p.date.addNumber(whole)
	}
	return i, false // a number in the text around the date
}

// meridiem applies an am or pm to the hour before it.
func (p *parser) meridiem(half int) bool {
	switch {
	case !p.hour.set || p.ampm:
		return false
	case p.hour.n > 12:
		return half == 1 // 22:00 pm
	}
	p.hour.n = datetime.Hour24(p.hour.n, half)
	p.ampm = true
	return true
}

// separated reads a date whose parts are joined by a separator: 2020-01-02,
// 1/2/2020, 2-Jan-2020.
func (p *parser) separated(i int, separator string) (int, bool) {
	if !p.date.addText(p.tokens[i]) {
		return i, false
	}
	if i+2 >= len(p.tokens) || isJump(p.tokens[i+2]) {
		return i + 1, true
	}
	second := p.tokens[i+2]
	if m := datetime.Month(second); number.IsDigits(second) {
		if !p.date.addText(second) {
			return i, false
		}
	} else if m == 0 || !p.date.addLabelledNumber(m, labelMonth) {
		return i, p.refuse(second, notUnderstood)
	}
	if i+3 >= len(p.tokens) || p.tokens[i+3] != separator {
		return i + 2, true
	}
	if i+4 >= len(p.tokens) {
		return i, false
	}
	if m := datetime.Month(p.tokens[i+4]); m > 0 {
		return i + 4, p.date.addLabelledNumber(m, labelMonth)
	}
	return i + 4, p.date.addText(p.tokens[i+4])
}

// month reads the name of a month at i and the numbers that are joined to it: Jan-02,
// Jan/02/2020, Jan of 20.
func (p *parser) month(i int) (int, bool) {
	if !p.date.addLabelledNumber(datetime.Month(p.tokens[i]), labelMonth) {
		return i, false
	}
	switch next := p.at(i + 1); {
	case next == "-" || next == "/":
		if i+2 >= len(p.tokens) || !p.date.addText(p.tokens[i+2]) {
			return i, false
		}
		if i+3 < len(p.tokens) && p.tokens[i+3] == next {
			return i + 4, i+4 < len(p.tokens) && p.date.addText(p.tokens[i+4])
		}
		return i + 2, true
	case i+4 < len(p.tokens) && next == " " && p.tokens[i+3] == " " && strings.EqualFold(p.tokens[i+2], "of"):
		if year := p.tokens[i+4]; number.IsDigits(year) {
			n, ok := digits(year)
			if n.n < 100 {
				if n.n += 1900; n.n < 1969 {
					n.n += 100
				}
			}
			return i + 4, ok && p.date.addLabelledNumber(n.n, labelYear)
		}
	}
	return i, true
}

// zoneName reads the name of a zone at i: CET, or Europe/Vienna.
func (p *parser) zoneName(i int) (int, bool) {
	token := p.tokens[i]
	if next := p.at(i + 2); p.at(i+1) == "/" && next != "" && isASCIILetter(next[0]) {
		end := i + 1
		for end < len(p.tokens) && zoneToken(p.tokens[end]) {
			end++
		}
		name := strings.Join(p.tokens[i:end], "")
		place, err := datetime.Zone(name)
		switch {
		case err != nil:
			return i, p.refuse(name, notZone)
		case p.place != nil && p.place != place:
			return i, p.refuse(name, contradicts)
		}
		p.place = place
		return end - 1, true
	}
	name := strings.ToUpper(token)
	_, known := datetime.Abbreviation(name)
	after := p.hour.set || p.date.n == 3
	switch {
	case known && (after || name == token || isUTC(token)):
	case after && len(token) <= 5 && name == token && p.reading.Place() == nil:
		return i, p.refuse(token, notZone)
	case !after || len(token) > 5 || name != token:
		return i, p.refuse(token, notUnderstood)
	}
	if p.zone != "" && p.zone != name && !(isUTC(p.zone) && isUTC(name)) {
		return i, p.refuse(token, contradicts)
	}
	p.zone = name
	return i, true
}

// zoneToken reports whether a token can be inside the name of a place.
func zoneToken(token string) bool {
	return alnum(token[0]) || token == "/" || token == "_" || token == "-" || token == "+"
}

// startsOffset reports whether the offset of a zone begins at i. A minus belongs to the
// date as long as there is no time of day.
func (p *parser) startsOffset(i int) bool {
	if !number.IsDigits(p.at(i + 1)) {
		return false
	}
	switch p.tokens[i] {
	case "+":
		return p.hour.set || p.date.n == 3 || isUTC(p.zone)
	case "-":
		return p.hour.set || isUTC(p.zone)
	}
	return false
}

// zoneOffset reads the offset with its sign at i: +02, +0200 or +02:00.
func (p *parser) zoneOffset(i int) (int, bool) {
	sign, end, token := 1, i+1, p.tokens[i+1]
	if p.tokens[i] == "-" {
		sign = -1
	}
	var hours, minutes part
	ok, ok2 := false, true
	switch {
	case len(token) == 4:
		hours, ok = digits(token[:2])
		minutes, ok2 = digits(token[2:])
	case p.at(i+2) == ":":
		hours, ok = digits(token)
		minutes, ok2 = digits(p.at(i + 3))
		end = i + 3
	case len(token) <= 2:
		hours, ok = digits(token)
	}
	if !ok || !ok2 || minutes.n > 59 {
		return i, p.refuse(p.tokens[i]+token, notZone)
	}
	seconds := sign * (hours.n*3600 + minutes.n*60)
	if p.offset.set && p.offset.n != seconds {
		return i, p.refuse(p.tokens[i]+token, contradicts)
	}
	p.offset = some(seconds)
	return end, true
}

// comment returns the position of the closing bracket for the opening one at i, if there
// are only words between them, else i. Mail programs and browsers write the name of an
// offset there: +0100 (Central European Time).
func (p *parser) comment(i int) int {
	for end := i + 1; end < len(p.tokens); end++ {
		switch token := p.tokens[end]; {
		case token == ")":
			return end
		case token != " " && token != "." && token != "-" && !startsWithLetter(token):
			return i
		}
	}
	return i
}

// harmless reports whether the token at i only joins or labels the parts of a time.
func (p *parser) harmless(i int) bool {
	token := p.tokens[i]
	if len(token) == 1 {
		switch token[0] {
		case ' ', '.', ',', ';', ':', '/', '\'', '"', '(', ')', '[', ']', '_', '|', '@', '=':
			return true
		case '-': // not the sign of a year
			return p.date.n > 0 || p.hour.set || !number.IsDigits(p.at(i+1))
		case 'T', 't':
			return number.IsDigits(p.at(i + 1))
		case 'M', 'm':
			return p.ampm // a.m.
		case 'H', 'h':
			return p.hour.set
		}
		return false
	}
	for _, word := range [...]string{"at", "on", "and", "ad", "of", "the", "date", "time", "datetime", "timestamp"} {
		if strings.EqualFold(token, word) {
			return true
		}
	}
	for _, word := range [...]string{"uhr", "hrs", "hour", "hours"} {
		if strings.EqualFold(token, word) {
			return p.hour.set
		}
	}
	for _, word := range [...]string{"st", "nd", "rd", "th"} {
		if strings.EqualFold(token, word) {
			return i > 0 && number.IsDigits(p.tokens[i-1])
		}
	}
	return false
}

// findUnit returns the position of the h, m or s that belongs to the number at i, or -1.
func (p *parser) findUnit(i int) int {
	t := p.tokens
	switch {
	case i+1 < len(t) && unit(t[i+1]) >= 0:
		return i + 1
	case i+2 < len(t) && t[i+1] == " " && unit(t[i+2]) >= 0:
		return i + 2
	case i > 0 && unit(t[i-1]) >= 0:
		return i - 1
	case i > 1 && i == len(t)-1 && t[i-1] == " " && unit(t[i-2]) >= 0:
		return i - 2
	}
	return -1
}

func (p *parser) setMinutes(whole int, fraction string) {
	p.minute = some(whole)
	p.second = part{}
	if strings.Trim(fraction, "0") != "" {
		p.second = some(sixtieths(fraction))
	}
}

// setSeconds reads S[.F]. It cuts off digits beyond microseconds.
func (p *parser) setSeconds(s string) (ok bool) {
	whole, fraction, dot := strings.Cut(s, ".")
	p.micro = some(0)
	if dot {
		if p.micro, ok = digits((fraction + "000000")[:6]); !ok || !number.IsDigits(fraction) {
			return false
		}
	}
	p.second, ok = digits(whole)
	return ok
}
