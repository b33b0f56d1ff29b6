package dateutil

import "github.com/intelpipe/intelpipe/internal/python/datetime"

// dateParts holds the numbers of a date until it is clear which is year, month and day.
type dateParts struct {
	values      [3]int // in the order of the text
	n           int    // how many values there are
	year, month part   // where they are in values, if that is clear
	century     bool   // the year has four digits
}

// The label says which part of a date a number is.
const (
	labelNone = iota // not clear yet
	labelYear
	labelMonth
)

// The functions that add a number return false for a date with more than three
// numbers, two years or two months.

func (d *dateParts) addText(s string) bool { return d.addLabelled(s, labelNone) }

// addLabelled adds the number of a text. More than two digits are a year.
func (d *dateParts) addLabelled(s string, label int) bool {
	n, ok := digits(s)
	if !ok {
		return false
	}
	if len(s) > 2 {
		d.century = true
		label = labelYear
	}
	return d.put(n.n, label)
}

func (d *dateParts) addNumber(n int) bool { return d.addLabelledNumber(n, labelNone) }

// addLabelledNumber adds a number. One over 100 is a year.
func (d *dateParts) addLabelledNumber(n, label int) bool {
	if n > 100 {
		d.century = true
		label = labelYear
	}
	return d.put(n, label)
}

func (d *dateParts) put(n, label int) bool {
	if d.n == len(d.values) {
		return false
	}
	d.values[d.n] = n
	d.n++
	at := &d.year
	switch label {
	case labelNone:
		return true
	case labelMonth:
		at = &d.month
	}
	if at.set {
		return false
	}
	*at = some(d.n - 1)
	return true
}

// mayBeDay reports whether n can be the day of the year and month so far.
func (d *dateParts) mayBeDay(n int) bool {
	last := 31
	if d.month.set {
		year := 2000
		if d.year.set {
			year = d.values[d.year.n]
		}
		last = datetime.DaysIn(year, d.values[d.month.n])
	}
	return 1 <= n && n <= last
}

// resolve decides which number is year, month and day. A number over 31 is the year, and
// the first one of a date without a name of a month is the day if it is over 12.
func (d *dateParts) resolve(dayFirst bool) (year, month, day part, ok bool) {
	v := d.values
	if d.n != len(v) {
		return year, month, day, false
	}
	pick := func(y, m, dd int) (part, part, part, bool) { return some(v[y]), some(v[m]), some(v[dd]), true }
	if d.year.set && d.month.set {
		return pick(d.year.n, d.month.n, 3-d.year.n-d.month.n)
	}
	switch {
	case d.month.set && d.month.n == 0:
		if v[1] > 31 {
			return pick(1, 0, 2)
		}
		return pick(2, 0, 1)
	case d.month.set && d.month.n == 1:
		if v[0] > 31 {
			return pick(0, 1, 2)
		}
		return pick(2, 1, 0)
	case d.month.set:
		if v[1] > 31 {
			return pick(1, 2, 0)
		}
		return pick(0, 2, 1)
	case v[0] > 31 || d.year.set && d.year.n == 0:
		return pick(0, 1, 2)
	case v[0] > 12 || dayFirst:
		return pick(2, 1, 0)
	}
	return pick(2, 0, 1)
}
