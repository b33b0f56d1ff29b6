package harmonization

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

// node is a parsed JSON value that remembers the order of an object's keys,
// which Python's dicts do and Go's maps do not.
type node struct {
	value Value // for what is neither array nor object, whose Kind is Compound
	at    int   // where it begins in the text
	keys  []string
	items []node // values of an object (as many as keys) or elements of an array
	list  bool
}

// parseNode parses one JSON document.
func parseNode(text string) (node, bool) {
	if !json.ValidString(text) {
		return node{}, false
	}
	p := nodeParser{text, 0}
	return p.parse(), true
}

// nodeParser walks text that is known to be valid.
type nodeParser struct {
	text string
	i    int
}

// next skips white space and returns the byte after it.
func (p *nodeParser) next() byte {
	for strings.IndexByte(" \t\r\n", p.text[p.i]) >= 0 {
		p.i++
	}
	return p.text[p.i]
}

func (p *nodeParser) parse() node {
	open := p.next()
	if open != '{' && open != '[' {
		at := p.i
		return node{value: JSON(p.scalar()), at: at}
	}
	n := node{value: Value{Kind: Compound}, at: p.i, list: open == '['}
	p.i++
	var index map[string]int // of keys, once there are many
	for {
		switch p.next() {
		case '}', ']':
			p.i++
			return n
		case ',':
			p.i++
			continue
		}
		if n.list {
			n.items = append(n.items, p.parse())
			continue
		}
		key, _ := json.Unquote(p.scalar())
		p.next()
		p.i++ // the colon
		item := p.parse()
		// A repeated key keeps its place and takes the last value.
		at := -1
		if len(n.keys) < 32 {
			at = slices.Index(n.keys, key)
		} else {
			if index == nil {
				index = map[string]int{}
				for i, k := range n.keys {
					index[k] = i
				}
			}
			if i, ok := index[key]; ok {
				at = i
			}
		}
		if at >= 0 {
			n.items[at] = item
			continue
		}
		if index != nil {
			index[key] = len(n.keys)
		}
		n.keys = append(n.keys, key)
		n.items = append(n.items, item)
	}
}

func (p *nodeParser) scalar() string {
	start := p.i
	p.i = json.Skip(p.text, start)
	return p.text[start:p.i]
}

func (n *node) appendRepr(dst []byte) []byte {
	if n.value.Kind != Compound {
		return n.value.AppendRepr(dst)
	}
	open, end := byte('{'), byte('}')
	if n.list {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for i := range n.items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if !n.list {
			dst = append(appendReprString(dst, n.keys[i]), ": "...)
		}
		dst = n.items[i].appendRepr(dst)
	}
	return append(dst, end)
}

// appendJSON appends n as Python's json.dumps does with sorted keys: a space
// after colon and comma, ASCII only, numbers as Python prints them.
func (n *node) appendJSON(dst []byte) []byte {
	switch {
	case n.value.Kind == String:
		return appendASCII(dst, n.value.Text)
	case n.value.Kind == Number:
		return appendNumber(dst, n.value.Text)
	case n.value.Kind != Compound:
		return n.value.AppendJSON(dst)
	case n.list:
		dst = append(dst, '[')
		for i := range n.items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = n.items[i].appendJSON(dst)
		}
		return append(dst, ']')
	}
	order := make([]int, len(n.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(n.keys[a], n.keys[b]) })
	dst = append(dst, '{')
	for i, at := range order {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendASCII(dst, n.keys[at]), ": "...)
		dst = n.items[at].appendJSON(dst)
	}
	return append(dst, '}')
}

// appendASCII appends s as a JSON string that is ASCII only.
func appendASCII(dst []byte, s string) []byte {
	start := len(dst)
	dst = json.AppendString(dst, s)
	for _, c := range dst[start:] {
		if c >= utf8.RuneSelf {
			quoted := string(dst[start:])
			dst = dst[:start]
			for _, r := range quoted {
				dst = appendUnicode(dst, r)
			}
			return dst
		}
	}
	return dst
}

func appendUnicode(dst []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return append(dst, byte(r))
	case r < 0x10000:
		return appendHex(append(dst, `\u`...), r, 4)
	}
	r -= 0x10000
	dst = appendHex(append(dst, `\u`...), 0xd800+r>>10, 4)
	return appendHex(append(dst, `\u`...), 0xdc00+r&0x3ff, 4)
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}

// appendReprString appends s as Python's repr: in single quotes, unless it has
// some and no double quote.
func appendReprString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '\'')
		return append(append(dst, s...), '\'')
	}
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	dst = append(dst, quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r < 0x100:
			dst = appendHex(append(dst, `\x`...), r, 2)
		case r < 0x10000:
			dst = appendHex(append(dst, `\u`...), r, 4)
		default:
			dst = appendHex(append(dst, `\U`...), r, 8)
		}
	}
	return append(dst, quote)
}
