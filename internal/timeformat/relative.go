package timeformat

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// ParseRelative reads a span of time: a number and one of second, minute, hour, day,
// week, month and year, with or without s, as in "3 days". A month has 30 days and a year
// 365. The error says what is expected.
func ParseRelative(s string) (time.Duration, error) {
	text := str.Strip(s)
	word := strings.TrimLeft(text, "0123456789")
	count, name := text[:len(text)-len(word)], str.Strip(word)
	if count == "" || len(name) == len(word) {
		return 0, fmt.Errorf("not a span of time such as \"3 days\": %s", plain.Quote(s))
	}
	const day = 24 * time.Hour
	var unit time.Duration
	switch strings.TrimSuffix(name, "s") {
	case "second":
		unit = time.Second
	case "minute":
		unit = time.Minute
	case "hour":
		unit = time.Hour
	case "day":
		unit = day
	case "week":
		unit = 7 * day
	case "month":
		unit = 30 * day
	case "year":
		unit = 365 * day
	}
	if unit == 0 {
		return 0, fmt.Errorf("not a span of time such as \"3 days\": %s; %s is none of second, minute, hour, day, week, month and year", plain.Quote(s), plain.Quote(name))
	}
	n, ok := new(big.Int).SetString(count, 10)
	if n.Mul(n, big.NewInt(int64(unit))); !ok || !n.IsInt64() {
		return 0, fmt.Errorf("span of time too long: %s", plain.Quote(s))
	}
	return time.Duration(n.Int64()), nil
}
