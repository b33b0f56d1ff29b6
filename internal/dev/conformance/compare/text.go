package compare

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// Canonical writes JSON so that equal values are equal texts. What is no JSON stays
// as it is.
func Canonical(text []byte) string {
	v, err := vector.Decode(text)
	if err != nil {
		return string(text)
	}
	return canonical(v)
}

// canonical writes a decoded JSON value so that equal values are equal texts:
// keys sorted, numbers by value.
func canonical(v any) string {
	switch v := v.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = canonical(v[i])
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for key, item := range v {
			parts = append(parts, strconv.Quote(key)+":"+canonical(item))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	s, err := vector.Encode(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return s
}

// number writes a number's value. Where the exponent is huge it stays as it is.
func number(literal string) string {
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		if n, err := strconv.Atoi(literal[i+1:]); err != nil || n > 400 || n < -400 {
			return literal
		}
	}
	if r, ok := new(big.Rat).SetString(literal); ok {
		return r.RatString()
	}
	return literal
}

// SameText compares texts outside messages: as JSON if both are, else as they
// are. Times that stand in given count; others are the time of the run and
// need only be times.
func SameText(want, got, given string) bool {
	if want == got {
		return true
	}
	a, err1 := vector.Decode([]byte(want))
	b, err2 := vector.Decode([]byte(got))
	if err1 == nil && err2 == nil && canonical(a) == canonical(b) {
		return true
	}
	return isTime(want) && isTime(got) && !strings.Contains(given, want)
}

func isTime(s string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

var (
	uuidText  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	hexText   = regexp.MustCompile(`\b[0-9a-f]{16,}\b`)
	digitText = regexp.MustCompile(`[0-9]+`)
)

// shape is what is left of a text without times and random ids. Of JSON the
// keys and types count, and the texts without digits.
func shape(text string) string {
	if v, err := vector.Decode([]byte(text)); err == nil {
		if _, ok := v.(map[string]any); ok {
			return shapeOf(v)
		}
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = mask(lines[i])
	}
	return strings.Join(lines, "\n")
}

func mask(s string) string {
	s = uuidText.ReplaceAllString(s, "<uuid>")
	s = hexText.ReplaceAllString(s, "<hex>")
	return digitText.ReplaceAllString(s, "0")
}

func shapeOf(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(mask(v))
	case json.Number:
		return "0"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = shapeOf(v[i])
		}
		sort.Strings(parts)
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for key, item := range v {
			parts = append(parts, strconv.Quote(mask(key))+":"+shapeOf(item))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprint(v)
}
