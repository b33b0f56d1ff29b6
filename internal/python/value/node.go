package value

import (
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
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
