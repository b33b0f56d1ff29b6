package json

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDocuments(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", " \n", ""},
		{"the only one", " \n{\"a\":\n1} \n", "2:1 {\"a\":\n1} | \n{\"a\":\n1} \n"},
		{"one after the other", "{\"a\":1} {\n\"b\":2}\n\n{}", "1:1 {\"a\":1}\n1:9 {\n\"b\":2}\n4:1 {}"},
		{"lines", "\n{\"a\":1}\r\n \n[] \n{\"b\n {}\n{\"c\":3}", "2:1 {\"a\":1}\n4:1 []\n5:1 {\"b\n6:2 {}\n7:1 {\"c\":3}"},
		{"an array", " [{\"a\":1},\n2]", "1:3 {\"a\":1}\n2:1 2"},
		{"an array and more", "[1] {}", "1:2 1\n1:5 ]{} there is more behind the array"},
		{"no object", " hello {}", "1:2  hello {} an object, or an array of objects, is expected"},
		{"not an object behind one", "{} 1 {}", "1:1 {}\n1:4 1 {} an object, or an array of objects, is expected"},
		{"the end is missing", "{\"a\":[1,2\n", "2:1 {\"a\":[1,2\n the text ends within an object"},
		{"wrong brackets", "{]} x", "1:2 {]} x a bracket is closed by one of another kind"},
	} {
		for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
			var got []string
			for e, err := range Documents(r) {
				s := fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Text)
				if (e.Whole == nil) != (err != nil || test.text[1] == '[' || test.text[0] == '[') {
					t.Errorf("%s: whole is %q", test.name, e.Whole)
				}
				if e.Whole != nil && string(e.Whole) != string(e.Text) {
					s += " |" + string(e.Whole)
				}
				if err != nil {
					s += " " + err.Error()
				}
				got = append(got, s)
			}
			if got := strings.Join(got, "\n"); got != test.want {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	text := "{\"a\":1}\n" + strings.Repeat("x", 2*maxElement) + "\n{}\n"
	n := 0
	for e, err := range Documents(strings.NewReader(text)) {
		n++
		if n == 2 && (err != errTooLarge || len(e.Text) < maxRest) {
			t.Errorf("got %v and %d bytes", err, len(e.Text))
		}
	}
	if n != 2 {
		t.Errorf("%d documents", n)
	}
}

// TestRestsFailAgain: what comes with an error is what fails by itself, with the same
// text, and has nothing in it that is read a second time.
func TestRestsFailAgain(t *testing.T) {
	for _, split := range []func(io.Reader) iter.Seq2[Element, error]{Elements, Documents} {
		last := func(text string) (rest string, before int, err error) {
			for e, wrong := range split(iotest.OneByteReader(strings.NewReader(text))) {
				if before++; wrong != nil {
					return string(e.Text), before - 1, wrong
				}
			}
			return "", before, nil
		}
		for _, text := range []string{
			"[{}{}", "[{} {\"a\":1}]", "[{}]\n{}", "[1][{}]", "[1 [{}]]", "[{},[{}", "[[{}", "[{},", "[{}", "[{},]", "[{},,{}]", "[\"a\"{}]", "{}{", "{]}",
		} {
			rest, _, err := last(text)
			if err == nil {
				continue // it is right for one of the two
			}
			again, n, wrong := last(rest)
			if wrong == nil || n > 0 || again != rest {
				t.Errorf("%s: the rest %s gives %d elements, %s and %v", text, rest, n, again, wrong)
			}
		}
	}
}

func TestMembers(t *testing.T) {
	for text, want := range map[string][]string{
		``:                                       nil,
		`{}`:                                     nil,
		`[1,{"a":2}]`:                            {"=1", `={"a":2}`},
		`{"1":[{"a":2},3],"\u0032":{"b":[]}}`:    {`1={"a":2}`, "1=3", `2={"b":[]}`},
		` {"s": "ok" , "d" : [ ] , "n":null } x`: {`s="ok"`, "n=null", "}x: " + errBehind.Error()},
		`{"d":[{"a":1},{"b"`:                     {`d={"a":1}`, `[{"b": ` + errEndOfList.Error()},
		`{"d":[1]`:                               {"d=1", "[: " + errEnd.Error()},
		`{"d" [1]}`:                              {`{"d" [1]}: ` + errColon.Error()},
		`{d:1}`:                                  {"{d:1}: " + errKey.Error()},
		`{"a":1 "b":2}`:                          {"a=1", `1"b":2}: ` + errComma.Error()},
		`{"a":1,}`:                               {"a=1", ",}: " + errKey.Error()},
		`"a"`:                                    {`"a": ` + errNoObject.Error()},
	} {
		var got []string
		for e, err := range Members(strings.NewReader(text)) {
			if err != nil {
				got = append(got, string(e.Text)+": "+err.Error())
				continue
			}
			got = append(got, e.Key+"="+string(e.Text))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
