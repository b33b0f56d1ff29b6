package xmltree

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	text := `<?xml version="1.0" encoding="ISO-8859-1"?><!-- c --><n:a xmlns:n="x" k="1&amp;2">t<b/> <b>ü<![CDATA[<&]]></b></n:a>`
	n, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b := n.Children[1]
	if n.Name != "a" || n.Attribute("k") != "1&2" || n.Text != "t" || b.Text != "ü<&" || text[b.From:b.To] != "<b>ü<![CDATA[<&]]></b>" {
		t.Errorf("got %+v and %+v", n, b)
	}
	if n.Child("c").Text != "" || n.Child("b") != n.Children[0] {
		t.Error("wrong child")
	}
	count := 0
	for range n.All() {
		count++
	}
	if count != 3 {
		t.Errorf("%d elements", count)
	}
}

func TestSource(t *testing.T) {
	for text, want := range map[string]string{
		"<a/>":                                 "<a />",
		"<a></a>\n \t<b/>":                     "<a />\n \t",
		"<a><!-- c --><![CDATA[]]></a>":        "<a />",
		"<a>\n <b>x<!-- c -->y</b>\n</a>\n":    "<a>\n <b>xy</b>\n</a>\n",
		"<a><![CDATA[<&>]]>&amp;</a>text":      "<a>&lt;&amp;&gt;&amp;</a>",
		"<n:a b='1\"&lt;' n:c=''>\"<b/></n:a>": `<n:a b="1&quot;&lt;" n:c="">"<b /></n:a>`,
	} {
		text = "<r xmlns:n='n'>" + text + "</r>"
		root, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := root.Children[0].Source(text); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

func TestHostile(t *testing.T) {
	for text, want := range map[string]string{
		"":            "there is no element",
		"text":        "there is no element",
		"<a>":         "unexpected EOF",
		"<a></b>":     "closed by",
		"<a>\xff</a>": "UTF-8",
		`<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>`:    "entity",
		`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`: "entity",
		strings.Repeat("<a>", 1000):                                        "levels deep",
		"<a>" + strings.Repeat("<b/>", maxNodes+1) + "</a>":                "more than",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %s", text, err, want)
		}
	}
}
