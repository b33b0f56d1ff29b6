package export

import (
	"bytes"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
)

// AppendValue appends valid JSON text as json.dumps would write it: sorted
// keys, a blank behind comma and colon, no escape that is not needed. Numbers
// stay as they are. Nearly all values can be copied.
func AppendValue(dst, text []byte) []byte {
	switch text[0] {
	case '"':
		if bytes.IndexByte(text, '\\') < 0 {
			return append(dst, text...)
		}
		s, _ := json.Unquote(string(text))
		return json.AppendString(dst, s)
	case '{', '[':
		n, _ := parse(text)
		return n.append(dst)
	}
	return append(dst, text...)
}

// node is a value: text, or an array or object of members.
type node struct {
	text    []byte
	open    byte // [ or {, 0 for text
	members []member
}

type member struct {
	key   string
	value node
}

// parse reads a value of text that is known to be valid, and returns what
// follows it.
func parse(text []byte) (node, []byte) {
	text = blank(text)
	switch text[0] {
	case '"':
		end := stringEnd(text)
		return node{text: text[:end]}, text[end:]
	case '{', '[':
		return parseMembers(text)
	}
	end := bytes.IndexAny(text, ",]} \t\r\n")
	if end < 0 {
		end = len(text)
	}
	return node{text: text[:end]}, text[end:]
}

func parseMembers(text []byte) (node, []byte) {
	n := node{open: text[0]}
	for text = blank(text[1:]); ; text = blank(text) {
		switch text[0] {
		case ']', '}':
			n.sort()
			return n, text[1:]
		case ',':
			text = blank(text[1:])
		}
		var m member
		if n.open == '{' {
			end := stringEnd(text)
			m.key, _ = json.Unquote(string(text[:end]))
			text = blank(text[end:])[1:]
		}
		m.value, text = parse(text)
		n.members = append(n.members, m)
	}
}

// sort puts the members of an object in order. Of a repeated key the last counts.
func (n *node) sort() {
	if n.open != '{' {
		return
	}
	slices.SortStableFunc(n.members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	kept := n.members[:0]
	for i, m := range n.members {
		if i+1 == len(n.members) || n.members[i+1].key != m.key {
			kept = append(kept, m)
		}
	}
	n.members = kept
}

func (n *node) append(dst []byte) []byte {
	if n.open == 0 {
		return AppendValue(dst, n.text)
	}
	dst = append(dst, n.open)
	for i := range n.members {
		m := &n.members[i]
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if n.open == '{' {
			dst = append(json.AppendString(dst, m.key), ": "...)
		}
		dst = m.value.append(dst)
	}
	return append(dst, n.open+2) // in ASCII the closing bracket stands two behind
}

func blank(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// stringEnd is the length of the string that text begins with.
func stringEnd(text []byte) int {
	for i := 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}
