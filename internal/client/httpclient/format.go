package httpclient

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"
)

// FormatURL puts times into a URL or file name. It replaces {time[FORMAT]} by
// now, formatted as by strftime, and {{ and }} by a brace. Nothing else may
// stand in braces but the Placeholder of a secret, which stays. The time is moved by shift first, which maps units (days,
// hours, …) to numbers; as a calendar would, so that a day back is the same hour
// of the day before. If enabled is false the template is the result.
func FormatURL(template string, enabled bool, shift map[string]any, now time.Time) (string, error) {
	if !enabled {
		return template, nil
	}
	d, err := duration(shift)
	if err != nil {
		return "", err
	}
	clock := func(t time.Time, zone *time.Location) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	}
	now = clock(clock(now, time.UTC).Add(d), now.Location())

	var b strings.Builder
	for rest := template; ; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			b.WriteString(rest)
			return b.String(), nil
		}
		b.WriteString(rest[:i])
		brace := rest[i]
		rest = rest[i+1:]
		if strings.HasPrefix(rest, string(brace)) {
			b.WriteByte(brace)
			rest = rest[1:]
			continue
		}
		if brace == '}' {
			return "", errors.New("a single } in the template; a literal one is written }}")
		}
		if after, ok := strings.CutPrefix(rest, Placeholder[1:]); ok {
			b.WriteString(Placeholder) // the client puts the secret there
			rest = after
			continue
		}
		format, ok := strings.CutPrefix(rest, "time[")
		format, after, closed := strings.Cut(format, "]}")
		if !ok || !closed {
			name, _, _ := strings.Cut(rest, "}")
			return "", fmt.Errorf("unknown placeholder {%s}; known is {time[FORMAT]}", name)
		}
		b.WriteString(timefmt.Format(now, format))
		rest = after
	}
}

// duration adds up a shift, in whole microseconds each.
func duration(shift map[string]any) (time.Duration, error) {
	var sum float64
	for name, value := range shift {
		unit, err := unit(name)
		if err != nil {
			return 0, err
		}
		var n float64
		switch v := value.(type) {
		case float64:
			n = v
		case int:
			n = float64(v)
		case int64:
			n = float64(v)
		case interface{ Float64() (float64, error) }: // json.Number, whoever's
			if n, err = v.Float64(); err != nil {
				return 0, fmt.Errorf("%s: %v is not a number", name, v)
			}
		default:
			return 0, fmt.Errorf("%s: %v is not a number", name, value)
		}
		sum += math.RoundToEven(n * float64(unit/time.Microsecond))
	}
	// Also refuses what is not a number.
	if !(math.Abs(sum) < math.MaxInt64/1000) {
		return 0, errors.New("the time is shifted too far")
	}
	return time.Duration(sum) * time.Microsecond, nil
}

func unit(name string) (time.Duration, error) {
	switch name {
	case "microseconds":
		return time.Microsecond, nil
	case "milliseconds":
		return time.Millisecond, nil
	case "seconds":
		return time.Second, nil
	case "minutes":
		return time.Minute, nil
	case "hours":
		return time.Hour, nil
	case "days":
		return 24 * time.Hour, nil
	case "weeks":
		return 7 * 24 * time.Hour, nil
	}
	return 0, fmt.Errorf("%q is not a unit of time", name)
}
