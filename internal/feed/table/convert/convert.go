// Package convert has the converters that a table's columns name. What they are
// called and what they do is in the comment of package feed.
package convert

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/refang"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Func makes one value of another. Null is no value, which is no error. Times
// says how to read those that leave something open; it may be nil.
type Func func(v harmonization.Value, times *harmonization.Reading) (harmonization.Value, error)

// Named finds what Column.Convert names.
func Named(names string) (list []Func, err error) {
	if names == "" {
		return nil, nil
	}
	for step := range strings.SplitSeq(names, "|") {
		name, argument, _ := strings.Cut(strings.TrimSpace(step), " ")
		f, err := named(name, argument)
		if err != nil {
			return nil, err
		}
		if f == nil {
			return nil, fmt.Errorf("there is no converter %q", name)
		}
		list = append(list, f)
	}
	return list, nil
}

func named(name, argument string) (Func, error) {
	if c := timeConverter(name, argument); c != nil {
		return c.converter, c.err
	}
	switch name {
	case "utc":
		return typed("DateTime"), nil
	case "int":
		return typed("Integer"), nil
	case "float":
		return typed("Float"), nil
	case "list":
		return list(argument), nil
	case "json":
		return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
			return event.ParseValue(v.Text)
		}, nil
	case "ip":
		return only("IPAddress", func(s string) bool { return !strings.Contains(s, "/") }), nil
	case "network":
		return only("IPNetwork", func(s string) bool { return strings.Contains(s, "/") }), nil
	case "fqdn":
		return only("FQDN", func(string) bool { return true }), nil
	case "bool":
		return boolean, nil
	case "nonzero":
		return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
			if strings.Trim(v.Text, "0") == "" {
				return harmonization.Value{}, nil
			}
			return v, nil
		}, nil
	case "port":
		return port, nil
	case "hex":
		return hexadecimal, nil
	case "not":
		return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
			if v.Kind != harmonization.Compound && v.Text == argument {
				return harmonization.Value{}, nil
			}
			return v, nil
		}, nil
	}
	if f := textConverter(name, argument); f != nil {
		return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
			if v.Kind == harmonization.Compound {
				return v, errNoText
			}
			switch text := f(v.Text); {
			case text == "":
				return harmonization.Value{}, nil
			case text != v.Text:
				return harmonization.Text(text), nil
			}
			return v, nil
		}, nil
	}
	return nil, nil
}

var errNoText = errors.New("text or a number is expected")

type timeStep struct {
	converter Func
	err       error
}

// timeConverter returns nil for what is none.
func timeConverter(name, format string) *timeStep {
	spec := ""
	var place *harmonization.Reading
	if before, zone, ok := cutZone(format); ok && (name == "time" || name == "date") {
		location, err := datetime.Zone(zone)
		if err != nil {
			return &timeStep{err: err}
		}
		format, place = before, &harmonization.Reading{Location: location}
	}
	switch {
	case name == "time" && format == "":
		spec = "fuzzy"
	case name == "time":
		spec = "from_format|" + format
	case name == "date":
		spec = "from_format_midnight|" + format
	case name == "epoch":
		spec = "timestamp"
	case name == "millis":
		spec = "epoch_millis"
	case name == "windows":
		spec = "windows_nt"
	default:
		return nil
	}
	read, err := timeformat.Parse(spec)
	local := name == "time" || name == "date"
	return &timeStep{func(v harmonization.Value, times *harmonization.Reading) (harmonization.Value, error) {
		switch {
		case place != nil && times != nil && times.DayFirst:
			return read(v, &harmonization.Reading{Location: place.Location, DayFirst: true})
		case place != nil || !local:
			return read(v, place)
		}
		return read(v, times)
	}, err}
}

// cutZone takes the zone off what stands behind time or date.
func cutZone(format string) (before, zone string, ok bool) {
	if zone, ok = strings.CutPrefix(format, "in "); ok {
		return "", strings.TrimSpace(zone), true
	}
	i := strings.LastIndex(format, " in ")
	if i < 0 {
		return format, "", false
	}
	return strings.TrimSpace(format[:i]), strings.TrimSpace(format[i+len(" in "):]), true
}

// typed brings a value into the form of a type.
func typed(name string) Func {
	rule, _ := harmonization.Type(name)
	return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
		return rule.Sanitise(v)
	}
}

// only drops what is not of a type, or not what is also asked for.
func only(name string, also func(string) bool) Func {
	rule, _ := harmonization.Type(name)
	return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
		if _, err := rule.Sanitise(v); err != nil || !also(v.Text) {
			return harmonization.Value{}, nil
		}
		return v, nil
	}
}

func boolean(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
	switch strings.ToLower(v.Text) {
	case "y", "yes", "true", "enabled", "1":
		return harmonization.Bool(true), nil
	case "n", "no", "false", "disabled", "0":
		return harmonization.Bool(false), nil
	}
	return harmonization.Value{}, nil
}

func list(separator string) Func {
	if separator == "" {
		separator = ","
	}
	return func(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
		if v.Kind == harmonization.Compound {
			return v, nil // it is one already
		}
		text := []byte{'['}
		for part := range strings.SplitSeq(v.Text, separator) {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			if len(text) > 1 {
				text = append(text, ", "...)
			}
			text = harmonization.Text(part).AppendJSON(text)
		}
		return harmonization.Value{Kind: harmonization.Compound, Text: string(append(text, ']'))}, nil
	}
}

// textConverter returns nil for what is none.
func textConverter(name, argument string) func(string) string {
	switch name {
	case "lower":
		return strings.ToLower
	case "upper":
		return strings.ToUpper
	case "trim":
		if argument == "" {
			return strings.TrimSpace
		}
		return func(s string) string { return strings.Trim(s, argument) }
	case "before":
		return func(s string) string {
			before, _, _ := strings.Cut(s, argument)
			return before
		}
	case "after":
		return func(s string) string {
			_, after, _ := strings.Cut(s, argument)
			return after
		}
	case "last":
		return func(s string) string {
			if i := strings.LastIndex(s, argument); i >= 0 {
				return s[i+len(argument):]
			}
			return s
		}
	case "word":
		return func(s string) string {
			words := strings.Fields(s)
			return append(words, "")[0]
		}
	case "add":
		return func(s string) string { return s + argument }
	case "refang":
		return func(s string) string {
			plain, _ := refang.Word(s)
			return plain
		}
	case "url":
		if argument == "" {
			argument = "http://"
		}
		return func(s string) string {
			if strings.Contains(s, "://") {
				return s
			}
			return argument + s
		}
	case "scheme":
		return func(s string) string {
			scheme, _, ok := strings.Cut(s, "://")
			if !ok {
				return ""
			}
			return strings.ToLower(scheme)
		}
	case "host":
		return func(s string) string {
			host, _ := hostPort(s)
			return host
		}
	case "query":
		return func(s string) string {
			u, err := url.Parse(s)
			if err != nil {
				return ""
			}
			return u.Query().Get(argument)
		}
	case "comma":
		return DecimalComma
	case "asn":
		return func(s string) string {
			if len(s) > 2 && strings.EqualFold(s[:2], "AS") {
				return strings.TrimSpace(s[2:])
			}
			return s
		}
	}
	return nil
}

// hostPort takes a URL, or host and port, apart.
func hostPort(s string) (host, port string) {
	if strings.ContainsAny(s, " \t") {
		return "", "" // neither
	}
	if strings.Contains(s, "://") {
		u, err := url.Parse(s)
		if err != nil {
			return "", ""
		}
		return u.Hostname(), u.Port()
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().String(), strconv.Itoa(int(a.Port()))
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Count(s, ":") == 1 {
		return s[:i], s[i+1:]
	}
	return strings.Trim(s, "[]"), ""
}

func port(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
	_, port := hostPort(v.Text)
	return harmonization.Text(port), nil
}

// hexadecimal reads 0x1f, or 1f, as 31.
func hexadecimal(v harmonization.Value, _ *harmonization.Reading) (harmonization.Value, error) {
	digits := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(v.Text)), "0x")
	n, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return v, fmt.Errorf("a hexadecimal number such as 0x1f is expected: %s", plain.Quote(v.Text))
	}
	return harmonization.JSON(strconv.FormatUint(n, 10)), nil
}

// DecimalComma reads -1.234.567,89 as -1234567.89. What is no such number stays.
func DecimalComma(s string) string {
	whole, fraction, _ := strings.Cut(strings.TrimLeft(s, "+-"), ",")
	groups := strings.Split(whole, ".")
	for i, group := range append(groups, fraction) {
		inner := i > 0 && i < len(groups)
		if strings.Trim(group, "0123456789") != "" || inner && len(group) != 3 || i == 0 && (group == "" || len(groups) > 1 && len(group) > 3) {
			return s
		}
	}
	if strings.HasSuffix(s, ",") || len(s)-len(strings.TrimLeft(s, "+-")) > 1 {
		return s
	}
	return strings.NewReplacer(".", "", ",", ".").Replace(s)
}
