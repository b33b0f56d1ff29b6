package htmltable

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// all returns the elements of a name below a node, in the order of the page.
func all(n *html.Node, name string) (list []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			list = append(list, d)
		}
	}
	return list
}

// text is all the text below a node.
func text(n *html.Node) string {
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

// render writes a row as IntelMQ has it in raw: with attributes in the order of
// their names.
func render(n *html.Node) string {
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
		b.WriteString("<" + n.Data)
		attributes := slices.Clone(n.Attr)
		slices.SortStableFunc(attributes, func(x, y html.Attribute) int { return strings.Compare(x.Key, y.Key) })
		for _, a := range attributes {
			b.WriteString(" " + a.Key + "=" + quoted(escape.Replace(a.Val)))
		}
		if isVoid(n.Data) {
			b.WriteString("/>")
			return
		}
		b.WriteString(">")
		for c := range n.ChildNodes() {
			write(b, c)
		}
		b.WriteString("</" + n.Data + ">")
	}
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
