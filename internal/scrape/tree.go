package scrape

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Elements returns the elements of these names below a node, in the order of the page.
func Elements(n *html.Node, names ...string) (list []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && slices.Contains(names, d.Data) {
			list = append(list, d)
		}
	}
	return list
}

// Text is all the text below a node.
func Text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(blank(d.Data))
		}
	}
	return b.String()
}

// blank makes one character of text that is nothing but white space: a line break
// if there is one in it. IntelMQ reads pages so, and raw shows it.
func blank(s string) string {
	switch {
	case strings.Trim(s, " \t\n\f\r\v") != "":
		return s
	case strings.Contains(s, "\n"):
		return "\n"
	case s != "":
		return " "
	}
	return s
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Source writes an element as IntelMQ has it in raw: with attributes in the order of
// their names.
func Source(n *html.Node) string {
	var b strings.Builder
	write(&b, n)
	return b.String()
}

func write(b *strings.Builder, n *html.Node) {
	switch n.Type {
	case html.TextNode:
		b.WriteString(escape.Replace(blank(n.Data)))
	case html.CommentNode:
		b.WriteString("<!--" + n.Data + "-->")
	case html.ElementNode:
		attributes := slices.Clone(n.Attr)
		slices.SortStableFunc(attributes, func(x, y html.Attribute) int { return strings.Compare(x.Key, y.Key) })
		tag := Tag(n.Data, attributes...)
		if isVoid(n.Data) {
			b.WriteString(strings.TrimSuffix(tag, ">") + "/>")
			return
		}
		b.WriteString(tag)
		for c := range n.ChildNodes() {
			write(b, c)
		}
		b.WriteString("</" + n.Data + ">")
	}
}

// Tag is a start tag with attributes.
func Tag(name string, attributes ...html.Attribute) string {
	var b strings.Builder
	b.WriteString("<" + name)
	for _, a := range attributes {
		b.WriteString(" " + a.Key + "=" + quoted(escape.Replace(a.Val)))
	}
	b.WriteString(">")
	return b.String()
}

// quoted puts a value in quotes that are not in it.
func quoted(s string) string {
	switch {
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	}
	return `"` + strings.ReplaceAll(s, `"`, "&quot;") + `"`
}

// isVoid tells elements without an end.
func isVoid(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr":
		return true
	}
	return false
}
