package conformance

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Diff is one difference between what the reference did and what a command
// did. Part says what kind it is: the name of a field, or one of
//
//	count     messages are missing on a path, or there are more
//	stdout    a line that is no message
//	exit      another exit code
//	refuse    the command should refuse to start
//	dumped    another number of messages in the dump
//	dumped.F  field F of a message in the dump
//	files     the content of a file
//	cache     the content of the key-value store
//	http      a request that is missing or that there should not be
//	mail      a mail
//	sent      what went to a TCP peer
type Diff struct {
	Part, Where, Want, Got string
}

func (d Diff) String() string {
	s := d.Part
	if d.Where != "" {
		s += " (" + d.Where + ")"
	}
	return s + "\n      want " + clip(d.Want) + "\n      got  " + clip(d.Got)
}

func clip(s string) string {
	const most = 400
	if s == "" {
		return "nothing"
	}
	if len(s) > most {
		return s[:most/2] + " […] " + s[len(s)-most/2:]
	}
	return s
}

// message is a decoded message in comparable form: every value as canonical
// JSON text.
type message map[string]string

// parseMessage decodes a message without the fields to ignore.
func parseMessage(text []byte, ignore []string) (message, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	m := message{}
	for key, raw := range fields {
		if slices.Contains(ignore, key) {
			continue
		}
		v, err := decode(raw)
		if err != nil {
			return nil, err
		}
		// A field named output holds JSON in a string.
		if s, ok := v.(string); ok && key == "output" {
			if inner, err := decode([]byte(s)); err == nil {
				v = inner
			}
		}
		m[key] = canonical(v)
	}
	return m, nil
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
	s, err := marshal(v)
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

// String is the message in one line.
func (m message) String() string {
	parts := make([]string, 0, len(m))
	for key, text := range m {
		parts = append(parts, strconv.Quote(key)+":"+text)
	}
	sort.Strings(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

// diff compares two messages field by field. The part is prefix and field.
func (m message) diff(got message, prefix, where string) []Diff {
	var diffs []Diff
	keys := map[string]bool{}
	for key := range m {
		keys[key] = true
	}
	for key := range got {
		keys[key] = true
	}
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	sort.Strings(sorted)
	for _, key := range sorted {
		if m[key] != got[key] {
			diffs = append(diffs, Diff{prefix + key, where, readable(key, m[key]), readable(key, got[key])})
		}
	}
	return diffs
}

// readable shows raw decoded: that is what a person wants to see.
func readable(key, text string) string {
	var s string
	if key == "raw" && json.Unmarshal([]byte(text), &s) == nil {
		if decoded, ok := base64Text(s); ok {
			return strconv.Quote(decoded)
		}
	}
	return text
}

// compareMessages compares lists in order. If their lengths differ, what is
// equal is paired first, so that a message that is missing does not make all
// others differ.
func compareMessages(want, got []message, prefix, count, where string) []Diff {
	if len(want) == len(got) {
		var diffs []Diff
		for i := range want {
			diffs = append(diffs, want[i].diff(got[i], prefix, place(where, i))...)
		}
		return diffs
	}
	missing, surplus := unpaired(want, got)
	var diffs []Diff
	n := min(len(missing), len(surplus))
	for i := range n {
		diffs = append(diffs, want[missing[i]].diff(got[surplus[i]], prefix, place(where, missing[i]))...)
	}
	d := Diff{count, where, strconv.Itoa(len(want)), strconv.Itoa(len(got))}
	switch {
	case len(missing) > n:
		d.Want += ", such as " + want[missing[n]].String()
	case len(surplus) > n:
		d.Got += ", such as " + got[surplus[n]].String()
	}
	return append(diffs, d)
}

func place(where string, i int) string {
	return strings.TrimSpace(fmt.Sprintf("%s #%d", where, i+1))
}

// unpaired returns the indices that are in no longest common subsequence.
func unpaired(want, got []message) (missing, surplus []int) {
	a, b := make([]string, len(want)), make([]string, len(got))
	for i := range want {
		a[i] = want[i].String()
	}
	for i := range got {
		b[i] = got[i].String()
	}
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			missing = append(missing, i)
			i++
		default:
			surplus = append(surplus, j)
			j++
		}
	}
	return missing, surplus
}

// sameText compares texts outside messages: as JSON if both are, else as they
// are. Times that stand in given count; others are the time of the run and
// need only be times.
func sameText(want, got, given string) bool {
	if want == got {
		return true
	}
	a, err1 := decode([]byte(want))
	b, err2 := decode([]byte(got))
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
	if v, err := decode([]byte(text)); err == nil {
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
