// Package xmltree reads small XML documents as trees.
//
// Entities that a document defines are not expanded, and nothing outside of it is
// read. What a document may hold is bounded.
package xmltree

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Node is an element. Names are without their namespace.
type Node struct {
	Name     string
	Text     string // of the element itself, trimmed
	Children []*Node
	From, To int64 // where it stands in the text, in bytes

	attributes []xml.Attr
	parts      []string
}

const (
	maxDepth = 200
	maxNodes = 1 << 20
)

var (
	errDeep   = fmt.Errorf("elements are nested more than %d levels deep", maxDepth)
	errMany   = fmt.Errorf("more than %d elements", maxNodes)
	errEmpty  = errors.New("there is no element")
	errBehind = errors.New("another element begins behind the end of the document")
)

// Parse reads a document. Text is UTF-8, whatever the document says of itself.
func Parse(text string) (*Node, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	root := &Node{}
	open := []*Node{root}
	for n := 0; ; {
		at := d.InputOffset()
		token, err := d.Token()
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if n++; n > maxNodes {
				return nil, located(d, errMany)
			} else if len(open) > maxDepth {
				return nil, located(d, errDeep)
			} else if len(open) == 1 && len(root.Children) > 0 {
				return nil, located(d, errBehind)
			}
			node := &Node{Name: t.Name.Local, From: at, attributes: t.Attr}
			top.Children = append(top.Children, node)
			open = append(open, node)
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" {
				top.parts = append(top.parts, text)
			}
		case xml.EndElement:
			top.To, top.Text, top.parts = d.InputOffset(), strings.Join(top.parts, ""), nil
			open = open[:len(open)-1]
		}
		var syntax *xml.SyntaxError
		switch {
		case err == io.EOF && len(root.Children) == 0:
			return nil, errEmpty
		case err == io.EOF:
			return root.Children[0], nil
		case errors.As(err, &syntax):
			return nil, located(d, errors.New(syntax.Msg))
		case err != nil:
			return nil, located(d, err)
		}
	}
}

func located(d *xml.Decoder, err error) error {
	line, column := d.InputPos()
	return fmt.Errorf("invalid XML at line %d, column %d: %w", line, column, err)
}

var (
	escapeText  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	escapeValue = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;")
)

// Source writes the element of a text that Parse has read as Python's ElementTree
// does: CDATA as text, an element with nothing in it as <name />, no comments, and the
// white space that follows it.
func (n *Node) Source(text string) string {
	var b strings.Builder
	open := false // a start tag that lacks its end, since the element may be empty
	d := xml.NewDecoder(strings.NewReader(text[n.From:n.To]))
	for token, err := d.RawToken(); err == nil; token, err = d.RawToken() {
		switch t := token.(type) {
		case xml.StartElement:
			b.WriteString(end(&open) + "<" + qualified(t.Name))
			for _, a := range t.Attr {
				b.WriteString(" " + qualified(a.Name) + `="` + escapeValue.Replace(a.Value) + `"`)
			}
			open = true
		case xml.CharData:
			if len(t) > 0 {
				b.WriteString(end(&open) + escapeText.Replace(string(t)))
			}
		case xml.EndElement:
			if open {
				b.WriteString(" />")
			} else {
				b.WriteString("</" + qualified(t.Name) + ">")
			}
			open = false
		}
	}
	rest := text[n.To:]
	b.WriteString(rest[:len(rest)-len(strings.TrimLeft(rest, " \t\r\n"))])
	return b.String()
}

// end ends the start tag if it is open.
func end(open *bool) string {
	if !*open {
		return ""
	}
	*open = false
	return ">"
}

func qualified(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// Attribute returns the value of an attribute, or "".
func (n *Node) Attribute(name string) string {
	for _, a := range n.attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Child returns the first element of a name in n, or an empty one.
func (n *Node) Child(name string) *Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return &Node{}
}

// All yields n and all elements of its tree.
func (n *Node) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.walk(yield) }
}

func (n *Node) walk(yield func(*Node) bool) bool {
	if !yield(n) {
		return false
	}
	for _, c := range n.Children {
		if !c.walk(yield) {
			return false
		}
	}
	return true
}
