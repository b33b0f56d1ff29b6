package compare

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

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
		v, err := vector.Decode(raw)
		if err != nil {
			return nil, err
		}
		// A field named output holds JSON in a string.
		if s, ok := v.(string); ok && key == "output" {
			if inner, err := vector.Decode([]byte(s)); err == nil {
				v = inner
			}
		}
		m[key] = canonical(v)
	}
	return m, nil
}

// parseMessages returns the messages, and the lines that are none.
func parseMessages[L ~[]byte](lines []L, ignore []string) (messages []message, bad []string) {
	for _, line := range lines {
		m, err := parseMessage(line, ignore)
		if err != nil {
			bad = append(bad, string(line)+": "+err.Error())
			continue
		}
		messages = append(messages, m)
	}
	return messages, bad
}

// lines are those of a text, without their ends.
func lines(text []byte) [][]byte {
	var all [][]byte
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, len(text)+1)
	for in.Scan() {
		all = append(all, bytes.Clone(in.Bytes()))
	}
	return all
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
	all := maps.Clone(m)
	maps.Copy(all, got)
	for _, key := range slices.Sorted(maps.Keys(all)) {
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
		if decoded, err := base64.StdEncoding.DecodeString(s); err == nil {
			return strconv.Quote(string(decoded))
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
			diffs = append(diffs, want[i].diff(got[i], prefix, Place(where, i))...)
		}
		return diffs
	}
	missing, surplus := unpaired(want, got)
	var diffs []Diff
	n := min(len(missing), len(surplus))
	for i := range n {
		diffs = append(diffs, want[missing[i]].diff(got[surplus[i]], prefix, Place(where, missing[i]))...)
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
