package harmonization

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// TimeConverter returns the function that turns values of a feed into times, by
// the name that IntelMQ's time_format parameters use:
//
//	timestamp                  seconds since 1970, with or without a fraction
//	windows_nt                 units of 100 ns since 1601
//	epoch_millis               seconds or milliseconds since 1970, by the number of digits
//	from_format|FORMAT         strptime
//	from_format_midnight|...   strptime, of which only the date counts
//	utc_isoformat              the canonical form and nothing else
//	fuzzy, or nothing          whatever the DateTime type takes
//
// A function that returns null has nothing to say about the value, which is no
// error. The reading, which may be nil, is for texts without a zone, and for
// the order of day and month where no format gives it. A bad spec is an error.
func TimeConverter(spec string) (func(Value, *Reading) (Value, error), error) {
	name, format, hasFormat := strings.Cut(spec, "|")
	switch name {
	case "from_format", "from_format_midnight":
		format, rest, more := strings.Cut(format, "|")
		if more {
			return nil, fmt.Errorf("time format %s: nothing may follow the format, but %s does", plain.Quote(spec), plain.Quote("|"+rest))
		}
		if format == "" {
			return nil, fmt.Errorf("time format %s: %s needs a format, as in %s|%%Y-%%m-%%d", plain.Quote(spec), name, name)
		}
		layout, err := datetime.ParseLayout(format)
		if err != nil {
			return nil, fmt.Errorf("time format %s: %w", plain.Quote(spec), err)
		}
		return byLayout(layout, name == "from_format_midnight"), nil
	}
	if hasFormat {
		return nil, fmt.Errorf("time format %s: %s takes no format", plain.Quote(spec), name)
	}
	switch name {
	case "timestamp":
		return converter(fromTimestamp, "seconds since 1970 are expected"), nil
	case "windows_nt":
		return converter(fromWindows, "units of 100 ns since 1601 are expected"), nil
	case "epoch_millis":
		return converter(fromMillis, "seconds or milliseconds since 1970 are expected"), nil
	case "utc_isoformat":
		canonical := func(v Value) (Value, bool) { return v, validTime(v) }
		return converter(canonical, "a time such as 2020-01-02T03:04:05+00:00 is expected"), nil
	case "fuzzy", "":
		return func(v Value, r *Reading) (Value, error) {
			if w, ok := sanitiseTimeAs(v, r); ok {
				return w, nil
			}
			return Value{}, &ValueError{Type: "DateTime", Value: v, reading: r}
		}, nil
	}
	near := plain.Nearest(name, slices.Values(converters[:]))
	if near != "" {
		near = "; did you mean " + near + "?"
	}
	return nil, fmt.Errorf("time format %s: unknown conversion%s", plain.Quote(spec), near)
}

var converters = [...]string{"timestamp", "windows_nt", "epoch_millis", "from_format", "from_format_midnight", "utc_isoformat", "fuzzy"}

// converter makes a converter of one that reads numbers, which leave nothing
// open.
func converter(f func(Value) (Value, bool), expected string) func(Value, *Reading) (Value, error) {
	return func(v Value, _ *Reading) (Value, error) {
		if w, ok := f(v); ok {
			return w, nil
		}
		return Value{}, &ValueError{Type: "time", Value: v, Reason: expected}
	}
}

// byLayout makes a converter of a format. For midnight only the day counts.
func byLayout(layout *datetime.Layout, midnight bool) func(Value, *Reading) (Value, error) {
	return func(v Value, r *Reading) (Value, error) {
		m, err := layout.Parse(v.Python())
		if err == nil {
			if midnight {
				m = datetime.Moment{Year: m.Year, Month: m.Month, Day: m.Day}
			}
			if t, ok := m.In(r.Place()); ok {
				return Text(FormatTime(t)), nil
			}
			err = &datetime.Error{Why: datetime.NoSuchTime}
		}
		return Value{}, &ValueError{Type: "time", Value: v, Reason: err.Error()}
	}
}

// unixTime is the canonical form of seconds and microseconds since 1970.
func unixTime(seconds, micro int64) (Value, bool) {
	const first, last = -62135596800, 253402300799 // the years 1 to 9999
	if seconds < first || seconds > last {
		return Value{}, false
	}
	return Text(FormatTime(time.Unix(seconds, micro*1000))), true
}

// fromTimestamp reads seconds since 1970. A fraction is rounded to
// microseconds.
func fromTimestamp(v Value) (Value, bool) {
	if v.Kind != Number && v.Kind != String {
		return v, false
	}
	if s, ok := number.ParseInt(v.Text); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return v, false
		}
		return unixTime(n, 0)
	}
	f, ok := parseFloat(v)
	if !ok || math.Abs(f) > 1e12 {
		return v, false
	}
	seconds, fraction := math.Modf(f)
	micro := int64(math.RoundToEven(fraction * 1e6))
	n := int64(seconds)
	switch {
	case micro < 0:
		n, micro = n-1, micro+1e6
	case micro >= 1e6:
		n, micro = n+1, micro-1e6
	}
	return unixTime(n, micro)
}

// fromWindows reads the ticks of Windows, exactly where they are an integer.
func fromWindows(v Value) (Value, bool) {
	v, ok := sanitiseInteger(v)
	if !ok {
		return v, false
	}
	ticks, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		return v, false
	}
	const perSecond, epoch = 10_000_000, 11_644_473_600
	seconds, rest := ticks/perSecond, ticks%perSecond
	if rest < 0 {
		seconds, rest = seconds-1, rest+perSecond
	}
	return unixTime(seconds-epoch, rest/10)
}

// fromMillis tells seconds from milliseconds by the number of digits. What has
// another number of digits is ignored, as is the part below a second.
func fromMillis(v Value) (Value, bool) {
	v, ok := sanitiseInteger(v)
	if !ok {
		return v, false
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		return Value{}, true
	}
	switch len(v.Text) {
	case 10:
	case 12:
		n = floorDiv(n, 100)
	case 13:
		n = floorDiv(n, 1000)
	default:
		return Value{}, true
	}
	return unixTime(n, 0)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// ParseRelative reads a span of time such as "3 days" or "6 months". A month
// has 30 days, a year 365.
func ParseRelative(s string) (time.Duration, error) {
	count, word := str.Strip(s), ""
	for i := range len(count) {
		if !isDigit(count[i]) {
			count, word = count[:i], count[i:]
			break
		}
	}
	name := str.Strip(word)
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
