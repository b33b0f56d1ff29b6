package scrape

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestPieces(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for page, want := range map[string]string{
		"":     "",
		"a\nb": "(a|a) (b|b)",
		" <P>\r\n one &amp; two <b>3</b>\n\n</p>": "(p:|<P>) (one & two|one &amp; two <b>3</b>) (b:|one &amp; two <b>3</b>) (3|one &amp; two <b>3</b>) (/b:|one &amp; two <b>3</b>) (/p:|</p>)",
		"<input\n value='a&lt;' x=y> b\nc":        "(input:a<|<input\n value='a&lt;' x=y> b) (b|value='a&lt;' x=y> b) (c|c)",
		"<!-- c --><br/><img value=1 value=2>":    "(br:|<!-- c --><br/><img value=1 value=2>) (img:1|<!-- c --><br/><img value=1 value=2>)",
		"<i>" + long + "</i>":                     "(i:|<i>) (" + long + "|<i>" + long + "</i>) (/i:|</i>)",
		"<input value='a":                         "",
	} {
		var got []string
		for p := range Pieces(page) {
			tag := p.Tag
			if tag != "" {
				tag += ":"
			}
			got = append(got, fmt.Sprintf("(%s%s|%s)", tag, p.Value, p.Line))
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%.40q:\n%s\nwant\n%s", page, got, want)
		}
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("<p>\n<input value=a>b\r\n<!--")
	f.Fuzz(func(t *testing.T, page string) {
		for p := range Pieces(page) {
			if p.Tag == "" && p.Value == "" || len(p.Line) > len(page) {
				t.Errorf("%q: %+v", page, p)
			}
		}
	})
}

func TestTree(t *testing.T) {
	root, err := html.Parse(strings.NewReader("<table id=a><tr title='x\"y' class=\"a&amp;b\"><td>1 &lt; 2<br> \n<!--c--> <b>3</b></table>"))
	if err != nil {
		t.Fatal(err)
	}
	rows := Elements(root, "tr")
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	if got, want := Text(rows[0]), "1 < 2\n 3"; got != want {
		t.Errorf("got text %q, want %q", got, want)
	}
	if got, want := Source(rows[0]), "<tr class=\"a&amp;b\" title='x\"y'><td>1 &lt; 2<br/>\n<!--c--> <b>3</b></td></tr>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := Tag("table", html.Attribute{Key: "id", Val: `'"`}), `<table id="'&quot;">`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
