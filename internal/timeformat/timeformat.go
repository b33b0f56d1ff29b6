// Package timeformat reads two kinds of parameters of IntelMQ: the names of time_format,
// each of which is a way to convert values of a feed to times, and spans of time such as
// "3 days".
package timeformat

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/python/number"
)

// A Converter converts a value of a feed to a time of the data format. It returns null
// without an error for a value to ignore. The reading says in which zone times without
// one are, and whether the day comes first where no format decides it; it may be nil.
// The error is a [*harmonization.ValueError].
type Converter func(harmonization.Value, *harmonization.Reading) (harmonization.Value, error)

// Parse returns the converter for a value of time_format:
//
//	timestamp                  seconds since 1970, with or without a fraction
//	windows_nt                 units of 100 ns since 1601
//	epoch_millis               seconds or milliseconds since 1970, by the number of digits
//	from_format|FORMAT         strptime
//	from_format_midnight|...   strptime, of which only the date counts
//	utc_isoformat              the canonical form and nothing else
//	fuzzy, or nothing          whatever the DateTime type takes
//
// The error says what is wrong with the spec, and what was probably meant.
func Parse(spec string) (Converter, error) {
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
		return Epoch, nil
	case "windows_nt":
		return Windows, nil
	case "epoch_millis":
		return converter(fromMillis, "seconds or milliseconds since 1970 are expected"), nil
	case "utc_isoformat":
		canonical := func(v harmonization.Value) (harmonization.Value, bool) {
			return v, v.Kind == harmonization.String && datetime.Canonical(v.Text)
		}
		return converter(canonical, "a time such as 2020-01-02T03:04:05+00:00 is expected"), nil
	case "fuzzy", "":
		rule, _ := harmonization.Type("DateTime")
		return rule.SanitiseAs, nil
	}
	near := plain.Nearest(name, slices.Values(converters[:]))
	if near != "" {
		near = "; did you mean " + near + "?"
	}
	return nil, fmt.Errorf("time format %s: unknown conversion%s", plain.Quote(spec), near)
}

var converters = [...]string{"timestamp", "windows_nt", "epoch_millis", "from_format", "from_format_midnight", "utc_isoformat", "fuzzy"}

// converter makes a Converter of a function for values that are not ambiguous.
func converter(f func(harmonization.Value) (harmonization.Value, bool), expected string) Converter {
	return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
		return checked(f, v, expected)
	}
}

func checked(f func(harmonization.Value) (harmonization.Value, bool), v harmonization.Value, expected string) (harmonization.Value, error) {
	if w, ok := f(v); ok {
		return w, nil
	}
	return harmonization.Value{}, &harmonization.ValueError{Type: "time", Value: v, Reason: expected}
}

// Epoch is the Converter timestamp.
func Epoch(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
	return checked(fromTimestamp, v, "seconds since 1970 are expected")
}

// Windows is the Converter windows_nt.
func Windows(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
	return checked(fromWindows, v, "units of 100 ns since 1601 are expected")
}

// byLayout makes a Converter of a format. With midnight only the date counts.
func byLayout(layout *datetime.Layout, midnight bool) Converter {
	return func(v harmonization.Value, r *harmonization.Reading) (harmonization.Value, error) {
		m, err := layout.Parse(v.Python())
		if err == nil {
			if midnight {
				m = datetime.Moment{Year: m.Year, Month: m.Month, Day: m.Day}
			}
			if t, ok := m.In(r.Place()); ok {
				return harmonization.Text(harmonization.FormatTime(t)), nil
			}
			err = &datetime.Error{Why: datetime.NoSuchTime}
		}
		return harmonization.Value{}, &harmonization.ValueError{Type: "time", Value: v, Reason: err.Error()}
	}
}

// unixTime returns the canonical form of seconds and microseconds since 1970. It is false
// outside of the years 1 to 9999.
func unixTime(seconds, micro int64) (harmonization.Value, bool) {
	const first, last = -62135596800, 253402300799 // the years 1 to 9999
	if seconds < first || seconds > last {
		return harmonization.Value{}, false
	}
	return harmonization.Text(harmonization.FormatTime(time.Unix(seconds, micro*1000))), true
}

// fromTimestamp reads seconds since 1970, and rounds a fraction to microseconds.
func fromTimestamp(v harmonization.Value) (harmonization.Value, bool) {
	if v.Kind != harmonization.Number && v.Kind != harmonization.String {
		return v, false
	}
	if s, ok := number.ParseInt(v.Text); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return v, false
		}
		return unixTime(n, 0)
	}
	f, ok := number.ParseFloat(v.Text)
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

// integer reads a value as the type Integer does.
func integer(v harmonization.Value) (harmonization.Value, error) {
	rule, _ := harmonization.Type("Integer")
	return rule.Sanitise(v)
}

// fromWindows reads ticks of Windows: units of 100 ns since 1601. It cuts off what is
// below a microsecond.
func fromWindows(v harmonization.Value) (harmonization.Value, bool) {
	w, err := integer(v)
	if err != nil {
		return v, false
	}
	ticks, err := strconv.ParseInt(w.Text, 10, 64)
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

// fromMillis reads seconds, hundredths of a second or milliseconds since 1970: those of
// our time have 10, 12 and 13 digits. It cuts off the part below a second, and returns
// null for any other number of digits.
func fromMillis(v harmonization.Value) (harmonization.Value, bool) {
	w, err := integer(v)
	if err != nil {
		return v, false
	}
	n, err := strconv.ParseInt(w.Text, 10, 64)
	if err != nil {
		return harmonization.Value{}, true
	}
	switch len(w.Text) {
	case 10:
	case 12:
		n = floorDiv(n, 100)
	case 13:
		n = floorDiv(n, 1000)
	default:
		return harmonization.Value{}, true
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
