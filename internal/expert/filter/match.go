package filter

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// matcher makes of a value the question whether a field has it, or of an expression the
// question whether it is found there. What has no type yet gets that of the field.
func matcher(d *harmonization.Dictionary, key string, wanted stage.Value, expression bool) (func(harmonization.Value) bool, error) {
	value := wanted.Value
	if expression {
		regex, err := regex.Compile(value.Python(), false)
		if err != nil {
			return nil, err
		}
		return func(v harmonization.Value) bool { return regex.MatchString(v.Python()) }, nil
	}
	f, err := d.Field(harmonization.Event, key)
	switch {
	case err != nil:
		return nil, err
	case wanted.Typed, value.Text == "":
		return equals(value), nil // the empty text is one to any field
	case f.Name == "":
		return free(value), nil
	case f.Type == "IPAddress" && strings.Contains(value.Text, "/"):
		return network(value)
	}
	if f.Valid(value) != nil {
		text := value.Text
		if value, err = f.Sanitise(value); err != nil {
			err = fmt.Errorf("%s: %w", key, err)
			if !strings.Contains(err.Error(), "did you mean") {
				err = fmt.Errorf("%w; json:%s compares with it all the same", err, plain.Quote(text))
			}
			return nil, err
		}
	}
	switch f.Type {
	case "IPAddress":
		return network(value)
	case "IPNetwork":
		return same(value, netip.ParsePrefix), nil
	case "DateTime":
		return moment(value)
	}
	return equals(value), nil
}

func equals(value harmonization.Value) func(harmonization.Value) bool {
	return func(v harmonization.Value) bool { return v.Equal(value) }
}

// free compares with a value that has no type: as the text that it is, and as
// the number, boolean, list or object that it can be read as.
func free(value harmonization.Value) func(harmonization.Value) bool {
	read, err := event.ParseValue(value.Text)
	if err != nil || read.Kind == harmonization.String || read.Kind == harmonization.Null {
		return equals(value)
	}
	return func(v harmonization.Value) bool { return v.Equal(value) || v.Equal(read) }
}

// network matches the addresses of a network, or one address, in any spelling.
func network(value harmonization.Value) (func(harmonization.Value) bool, error) {
	rule, _ := harmonization.Type("IPNetwork")
	canonical, err := rule.Sanitise(value)
	if err != nil {
		return nil, fmt.Errorf("%w; write an address, or a network such as 198.51.100.0/24", err)
	}
	prefix, err := netip.ParsePrefix(canonical.Text)
	if err != nil {
		return nil, err
	}
	prefix = prefix.Masked()
	return func(v harmonization.Value) bool {
		if v.Kind != harmonization.String {
			return false
		}
		a, err := netip.ParseAddr(v.Text)
		return err == nil && (prefix.Contains(a.WithZone("")) || prefix.Contains(a.WithZone("").Unmap()))
	}, nil
}

// same compares what two texts mean.
func same[T comparable](value harmonization.Value, parse func(string) (T, error)) func(harmonization.Value) bool {
	want, err := parse(value.Text)
	return func(v harmonization.Value) bool {
		if v == value {
			return true
		}
		got, err2 := parse(v.Text)
		return v.Kind == harmonization.String && err == nil && err2 == nil && got == want
	}
}

// moment matches the same time in any spelling.
func moment(value harmonization.Value) (func(harmonization.Value) bool, error) {
	want, err := parseTime(value.Text)
	if err != nil {
		return nil, err
	}
	return func(v harmonization.Value) bool {
		if v.Kind != harmonization.String || v.Text == value.Text {
			return v.Text == value.Text
		}
		got, err := parseTime(v.Text)
		return err == nil && got.Equal(want)
	}, nil
}
