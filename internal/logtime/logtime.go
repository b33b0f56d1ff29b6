// Package logtime reads the times that devices write into their logs: numbers of any
// unit, dates without a year, and the header of a syslog message.
package logtime

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
)

// Parse reads a time: seconds, milliseconds, microseconds or nanoseconds since 1970, by
// the number of digits, or a date in any form that the data format takes. Of a date
// without a year it is the last such day, or tomorrow, seen from now. Zone is that of a
// date that names none, or ""; then the reading says it, which may be nil.
func Parse(text, zone string, now time.Time, r *harmonization.Reading) (harmonization.Value, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
		if f, err := strconv.ParseFloat("0."+fraction+"0", 64); err == nil {
			return epoch(n, len(whole), f), nil
		}
	}
	// The part behind the first colon shows whether there is a zone.
	if _, clock, ok := strings.Cut(text, ":"); ok && zone != "" && strings.Trim(clock, "0123456789:.,") == "" {
		text += " " + zone
	}
	rule, _ := harmonization.Type("DateTime")
	words := strings.Fields(text)
	if !yearless(words) {
		return rule.SanitiseAs(harmonization.Text(text), r)
	}
	tomorrow := harmonization.FormatTime(now.AddDate(0, 0, 1))
	for year := now.Year() + 1; year > now.Year()-9; year-- { // 29 February may be 8 years ago
		dated := fmt.Sprintf("%s %s %d %s", words[0], words[1], year, strings.Join(words[2:], " "))
		if v, err := rule.SanitiseAs(harmonization.Text(dated), r); err == nil && v.Text <= tomorrow {
			return v, nil
		}
	}
	return harmonization.Value{}, fmt.Errorf("not a time: %.60q", text)
}

// epoch is a number of digits and its fraction since 1970.
func epoch(n int64, digits int, fraction float64) harmonization.Value {
	var t time.Time
	switch {
	case digits < 12:
		t = time.Unix(n, int64(math.Round(fraction*1e6))*1000)
	case digits < 15:
		t = time.UnixMilli(n)
	case digits < 18:
		t = time.UnixMicro(n)
	default:
		t = time.Unix(0, n)
	}
	return harmonization.Text(harmonization.FormatTime(t))
}

// yearless reports whether words begin like Jan 31 10:20:30.
func yearless(words []string) bool {
	if len(words) < 3 || len(words[0]) != 3 || !strings.Contains(words[2], ":") {
		return false
	}
	_, err := strconv.Atoi(words[1])
	return err == nil && strings.Contains(" jan feb mar apr may jun jul aug sep oct nov dec ", " "+strings.ToLower(words[0])+" ")
}

// Header is the time in the header of a syslog message, of RFC 3164 and RFC 5424, or
// "". What follows it, the host and more, does not count.
func Header(text string) string {
	if rest, ok := strings.CutPrefix(text, "<"); ok {
		_, text, _ = strings.Cut(rest, ">")
	}
	words := strings.Fields(text)
	if len(words) > 1 && words[0] == "1" { // the version of RFC 5424
		words = words[1:]
	}
	switch {
	case yearless(words):
		return strings.Join(words[:3], " ")
	case len(words) > 3 && yearless([]string{words[0], words[1], words[3]}):
		return strings.Join(words[:4], " ") // with a year, as some devices have it
	case len(words) > 0 && strings.Count(words[0], "-") >= 2 && strings.Contains(words[0], "T"):
		return words[0]
	}
	return ""
}
