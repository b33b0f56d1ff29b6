package datetime

import "strings"

// Meridiem returns 0 for am or a, 1 for pm or p, in any case, else -1.
func Meridiem(token string) int {
	switch strings.ToLower(token) {
	case "am", "a":
		return 0
	case "pm", "p":
		return 1
	}
	return -1
}

// Hour24 returns the hour of the day, 0 to 23, for one of the 12-hour clock. Half is what
// [Meridiem] returns.
func Hour24(hour, half int) int {
	switch {
	case hour < 12 && half == 1:
		return hour + 12
	case hour == 12 && half == 0:
		return 0
	}
	return hour
}

var monthNames = [...]string{
	"january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december",
}

var weekdayNames = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// Month returns 1 to 12 for the English name of a month, its first three letters or
// sept, in any case, else 0.
func Month(token string) int {
	if strings.EqualFold(token, "sept") {
		return 9
	}
	return nameIndex(monthNames[:], token) + 1
}

// Weekday returns 0 for Monday to 6 for Sunday, for the English name of a day or its
// first three letters in any case, else -1.
func Weekday(token string) int { return nameIndex(weekdayNames[:], token) }

func nameIndex(names []string, token string) int {
	if len(token) < 3 {
		return -1
	}
	for i, name := range names {
		if strings.EqualFold(token, name) || strings.EqualFold(token, name[:3]) {
			return i
		}
	}
	return -1
}
