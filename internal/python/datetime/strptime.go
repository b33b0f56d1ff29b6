package datetime

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// Layout is a format of strptime that was parsed. It reads what Python's strptime reads:
// names in English and in any case, numbers with or without leading zeros, and any
// amount of white space where the format has some.
//
// %Z is different. Python knows the names of the zone that the machine is in; Layout
// knows those of [Abbreviation] and [Zone].
type Layout struct {
	format string
	steps  []step
}

// step is a directive, or if that is 0 a character that the text must have.
type step struct {
	directive byte
	literal   rune
}

// space is a directive of our own, for white space.
const space = ' '

// ParseLayout parses a format. The error says which directive is wrong.
func ParseLayout(format string) (*Layout, error) {
	l := &Layout{format: format}
	if err := l.add(format); err != nil {
		return nil, err
	}
	seen := map[byte]bool{}
	for _, s := range l.steps {
		if s.directive != 0 && s.directive != space && seen[s.directive] {
			return nil, fmt.Errorf("%%%c is used twice", s.directive)
		}
		seen[s.directive] = true
	}
	return l, nil
}

func (l *Layout) add(format string) error {
	runes := []rune(format)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		if str.IsSpace(r) {
			if n := len(l.steps); n == 0 || l.steps[n-1].directive != space {
				l.steps = append(l.steps, step{directive: space})
			}
			continue
		}
		if r != '%' {
			l.steps = append(l.steps, step{literal: r})
			continue
		}
		if i++; i == len(runes) {
			return fmt.Errorf("stray %% at the end")
		}
		switch r = runes[i]; r {
		case '%':
			l.steps = append(l.steps, step{literal: '%'})
		case 'Y', 'y', 'm', 'd', 'H', 'I', 'M', 'S', 'f', 'p', 'z', 'Z', 'b', 'B', 'a', 'A', 'j':
			l.steps = append(l.steps, step{directive: byte(r)})
		case 'c', 'x', 'X':
			long := map[rune]string{'c': "%a %b %d %H:%M:%S %Y", 'x': "%m/%d/%y", 'X': "%H:%M:%S"}
			if err := l.add(long[r]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown directive %%%c", r)
		}
	}
	return nil
}

// readings are the parts of a time that were read so far.
type readings struct {
	year, month, day, hour, minute, second, micro int
	yearDay, hour12, half, offset                 int
	named, zoned                                  bool           // offset is from %Z, or from %z, which outranks it
	place                                         *time.Location // from %Z
}

// Parse reads all of s. What the format does not have is taken from the beginning of
// 1900. The error is an *[Error].
func (l *Layout) Parse(s string) (Moment, error) {
	r := readings{year: 1900, month: 1, day: 1, yearDay: -1, hour12: -1}
	end, ok := match(l.steps, s, &r)
	if !ok {
		return Moment{}, &Error{Why: "it does not fit " + l.format}
	}
	if end != "" {
		return Moment{}, &Error{end, "is left over by " + l.format}
	}
	if r.hour12 >= 0 {
		r.hour = Hour24(r.hour12, r.half)
	}
	if r.yearDay > 0 {
		t := time.Date(r.year, 1, r.yearDay, 0, 0, 0, 0, time.UTC)
		r.year, r.month, r.day = t.Year(), int(t.Month()), t.Day()
	}
	m := Moment{r.year, r.month, r.day, r.hour, r.minute, r.second, r.micro, r.offset, r.named || r.zoned}
	if r.place != nil && !r.zoned && m.Exists() {
		m.Offset = m.OffsetIn(r.place)
	}
	return m, nil
}

// match reads the beginning of s by the steps and returns the rest. If a directive can
// take several lengths it tries the longest first, and a shorter one if the next steps
// then fail: %d%m reads 111 as 11 and 1.
func match(steps []step, s string, r *readings) (string, bool) {
	for len(steps) > 0 && steps[0].directive == 0 {
		c, n := utf8.DecodeRuneInString(s)
		if n == 0 || c != steps[0].literal && !strings.EqualFold(string(c), string(steps[0].literal)) {
			return s, false
		}
		steps, s = steps[1:], s[n:]
	}
	if len(steps) == 0 {
		return s, true
	}
	for n := longest(steps[0].directive, s); n > 0; n-- {
		before := *r
		if read(steps[0].directive, s[:n], r) {
			if rest, ok := match(steps[1:], s[n:], r); ok {
				return rest, true
			}
		}
		*r = before
	}
	return s, false
}

// longest returns the largest number of bytes that a directive takes.
func longest(directive byte, s string) int {
	n := 2
	switch directive {
	case 'Y':
		n = 4
	case 'j':
		n = 3
	case 'f':
		n = 6
	case 'z':
		n = len("+00:00:00")
	case 'Z':
		n = 5
		if strings.IndexByte(s, '/') > 0 {
			n = len("America/Argentina/ComodRivadavia")
		}
	case 'a', 'A', 'b', 'B':
		n = len("wednesday")
	case space:
		n = len(s) - len(strings.TrimLeftFunc(s, str.IsSpace))
	}
	return min(n, len(s))
}

// read reads all of s as the directive.
func read(directive byte, s string, r *readings) bool {
	number := func(to *int, low, high int) bool {
		n, ok := digits(s)
		*to = n
		return ok && low <= n && n <= high
	}
	switch directive {
	case 'Y':
		return len(s) == 4 && number(&r.year, 0, 9999)
	case 'y':
		if len(s) != 2 || !number(&r.year, 0, 99) {
			return false
		}
		if r.year += 1900; r.year < 1969 {
			r.year += 100
		}
		return true
	case 'm':
		return number(&r.month, 1, 12)
	case 'd':
		if len(s) == 2 && s[0] == ' ' {
			s = s[1:]
		}
		return number(&r.day, 1, 31)
	case 'H':
		r.hour12 = -1 // the later one of %H and %I counts
		return number(&r.hour, 0, 23)
	case 'I':
		return number(&r.hour12, 1, 12)
	case 'M':
		return number(&r.minute, 0, 59)
	case 'S':
		return number(&r.second, 0, 61)
	case 'j':
		return number(&r.yearDay, 1, 366)
	case 'f':
		s = (s + "000000")[:max(6, len(s))]
		return number(&r.micro, 0, 999999)
	case 'p':
		if r.half = Meridiem(s); len(s) != 2 {
			return false
		}
		return r.half >= 0
	case 'a':
		return len(s) == 3 && Weekday(s) >= 0
	case 'A':
		return (len(s) > 3) && Weekday(s) >= 0
	case 'b', 'B':
		if (len(s) == 3) != (directive == 'b') && !strings.EqualFold(s, "may") || strings.EqualFold(s, "sept") {
			return false
		}
		r.month = Month(s)
		return r.month > 0
	case 'z':
		return readOffset(s, r)
	case 'Z':
		if strings.IndexByte(s, '/') > 0 {
			place, err := Zone(s)
			r.place = place
			return err == nil
		}
		offset, ok := Abbreviation(strings.ToUpper(s))
		r.named = true
		if !r.zoned {
			r.offset = offset
		}
		return ok
	}
	return strings.TrimLeftFunc(s, str.IsSpace) == "" // white space
}

// readOffset reads Z, ±HHMM and ±HH:MM, with or without seconds. Python also takes
// fractions of a second, which no zone has.
func readOffset(s string, r *readings) bool {
	r.zoned = true
	if s == "Z" {
		r.offset = 0
		return true
	}
	if len(s) < 5 || s[0] != '+' && s[0] != '-' {
		return false
	}
	colon := s[3] == ':'
	switch {
	case !colon && (len(s) == 5 || len(s) == 7):
	case colon && (len(s) == 6 || len(s) == 9 && s[6] == ':'):
	default:
		return false
	}
	parts := s[1:]
	if colon {
		parts = strings.ReplaceAll(parts, ":", "")
	}
	if !number.IsDigits(parts) || len(parts) != 4 && len(parts) != 6 {
		return false
	}
	hours, minutes, seconds := two(parts, 0), two(parts, 2), 0
	if len(parts) == 6 {
		seconds = two(parts, 4)
	}
	if r.offset = hours*3600 + minutes*60 + seconds; s[0] == '-' {
		r.offset = -r.offset
	}
	return minutes < 60 && seconds < 60
}

func digits(s string) (int, bool) {
	if !number.IsDigits(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
