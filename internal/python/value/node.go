package value

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/number"
)

// Node is a parsed JSON value. It remembers the order of an object's keys, as a dict of
// Python does and a map of Go does not.
type Node struct {
	Value Value    // of an array or an object only the Kind is set
	At    int      // offset in the text that was parsed, in bytes
	Keys  []string // of an object, in the order of the text; a repeated key counts once
	Items []Node   // values of an object, as many as keys, or elements of an array
	List  bool     // it is an array
}

// Parse parses one JSON document. It returns false if the text is not one.
func Parse(text string) (Node, bool) {
	if !json.ValidString(text) {
		return Node{}, false
	}
	p := parser{text, 0}
	return p.parse(), true
}

// parser walks text that is known to be valid.
type parser struct {
	text string
	i    int
}

// next skips white space and returns the byte after it.
func (p *parser) next() byte {
	for strings.IndexByte(" \t\r\n", p.text[p.i]) >= 0 {
		p.i++
	}
	return p.text[p.i]
}

func (p *parser) parse() Node {
	open := p.next()
	if open != '{' && open != '[' {
		at := p.i
		return Node{Value: JSON(p.scalar()), At: at}
	}
	n := Node{Value: Value{Kind: Compound}, At: p.i, List: open == '['}
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
		if n.List {
			n.Items = append(n.Items, p.parse())
			continue
		}
		key, _ := json.Unquote(p.scalar())
		p.next()
		p.i++ // the colon
		item := p.parse()
		// A repeated key keeps its place and takes the last value.
		at := -1
		if len(n.Keys) < 32 {
			at = slices.Index(n.Keys, key)
		} else {
			if index == nil {
				index = map[string]int{}
				for i, k := range n.Keys {
					index[k] = i
				}
			}
			if i, ok := index[key]; ok {
				at = i
			}
		}
		if at >= 0 {
			n.Items[at] = item
			continue
		}
		if index != nil {
			index[key] = len(n.Keys)
		}
		n.Keys = append(n.Keys, key)
		n.Items = append(n.Items, item)
	}
}

func (p *parser) scalar() string {
	start := p.i
	p.i = json.Skip(p.text, start)
	return p.text[start:p.i]
}

func (n *Node) appendRepr(dst []byte) []byte {
	if n.Value.Kind != Compound {
		return n.Value.AppendRepr(dst)
	}
	open, end := byte('{'), byte('}')
	if n.List {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for i := range n.Items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if !n.List {
			dst = append(appendRepr(dst, n.Keys[i]), ": "...)
		}
		dst = n.Items[i].appendRepr(dst)
	}
	return append(dst, end)
}

// AppendDumps appends json.dumps(n, sort_keys=True): only ASCII, a blank after colon
// and comma, numbers in the form of repr.
func (n *Node) AppendDumps(dst []byte) []byte {
	switch {
	case n.Value.Kind == String:
		return appendString(dst, n.Value.Text)
	case n.Value.Kind == Number:
		return number.Append(dst, n.Value.Text)
	case n.Value.Kind != Compound:
		return n.Value.AppendJSON(dst)
	case n.List:
		dst = append(dst, '[')
		for i := range n.Items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = n.Items[i].AppendDumps(dst)
		}
		return append(dst, ']')
	}
	order := make([]int, len(n.Keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(n.Keys[a], n.Keys[b]) })
	dst = append(dst, '{')
	for i, at := range order {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendString(dst, n.Keys[at]), ": "...)
		dst = n.Items[at].AppendDumps(dst)
	}
	return append(dst, '}')
}

// appendString appends s as a JSON string of printable ASCII.
func appendString(dst []byte, s string) []byte {
	start := len(dst)
	dst = json.AppendString(dst, s)
	for _, c := range dst[start:] {
		if c > '~' {
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
	case r <= '~':
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

// appendRepr appends repr(s): in single quotes, or in double quotes if s has single
// ones and no double ones.
func appendRepr(dst []byte, s string) []byte {
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
