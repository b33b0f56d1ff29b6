package datetime

import "strings"

// Meridiem returns 0 for am, 1 for pm, else -1.
func Meridiem(token string) int {
	switch strings.ToLower(token) {
	case "am", "a":
		return 0
	case "pm", "p":
		return 1
	}
	return -1
}

// Hour24 turns an hour of the 12-hour clock into one of the day.
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

// Month returns 1 to 12 for the name of a month or its first three letters,
// else 0.
func Month(token string) int {
	if strings.EqualFold(token, "sept") {
		return 9
	}
	return nameIndex(monthNames[:], token) + 1
}

// Weekday returns 0 for Monday and so on, else -1.
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
