package strformat

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/value"
)

// format fills in a template as a command does.
func format(template string, v value.Value) (string, error) {
	t, err := Compile(template)
	if err != nil {
		return "", err
	}
	out, err := t.Execute(nil, func(name string, index []string) (value.Value, bool) {
		return v, name == "v" && len(index) == 1 && index[0] == "k"
	})
	return string(out), err
}

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	f, err := os.Open("testdata/format.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for in := bufio.NewScanner(f); in.Scan(); lines++ {
		row := elements(t, in.Bytes())
		v := value.JSON(row[1])
		if text, ok := strings.CutPrefix(row[1], `{"time": `); ok {
			v = value.JSON(strings.TrimSuffix(text, "}"))
		}
		template, want := value.JSON(row[0]).Text, value.JSON(row[2])
		got, err := format(template, v)
		switch {
		case want.Kind == value.Null && err == nil:
			t.Errorf("%s of %s: got %q, Python refuses it", template, row[1], got)
		case want.Kind != value.Null && err != nil:
			t.Errorf("%s of %s: %v, Python says %q", template, row[1], err, want.Text)
		case want.Kind != value.Null && got != want.Text:
			t.Errorf("%s of %s: got %q, want %q", template, row[1], got, want.Text)
		}
	}
	if lines < 1000 {
		t.Errorf("only %d lines in the table", lines)
	}
}

func elements(t *testing.T, line []byte) []string {
	var row []string
	for text, err := range json.Elements(bytes.NewReader(line)) {
		if err != nil {
			t.Fatal(err)
		}
		row = append(row, strings.TrimSpace(string(text.Text)))
	}
	return row
}

func TestCompileErrors(t *testing.T) {
	for template, want := range map[string]string{
		"{msg[a]:{msg[b]}}":               "inside a field",
		"{msg.a}":                         "not understood",
		"{foo[a]}":                        `unknown name "foo"; known are msg, matches`,
		"{msg[a]:99999999}":               "too large",
		"{msg[a]!a}":                      "only !s and !r",
		"{msg[a":                          "not closed",
		"{msg[a]:z}":                      "no format specification",
		"{[a]}":                           "needs a name",
		"{msg[a]:9999999999999999999999}": "too large",
	} {
		_, err := Compile(template, "msg", "matches")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", template, err, want)
		}
	}
}

func TestMissingValueLeavesTheBuffer(t *testing.T) {
	tmpl, err := Compile("text {msg[a]}")
	if err != nil {
		t.Fatal(err)
	}
	out, err := tmpl.Execute([]byte("before"), func(string, []string) (value.Value, bool) { return value.Value{}, false })
	if err == nil || err.Error() != "{msg[a]}: there is no such value" || string(out) != "before" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestIndexes(t *testing.T) {
	tmpl, err := Compile("{matches[a:b}.c][2]:>3}")
	if err != nil {
		t.Fatal(err)
	}
	out, err := tmpl.Execute(nil, func(name string, index []string) (value.Value, bool) {
		return value.Text("x"), name == "matches" && len(index) == 2 && index[0] == "a:b}.c" && index[1] == "2"
	})
	if err != nil || string(out) != "  x" {
		t.Errorf("got %q, %v", out, err)
	}
	for name, index := range tmpl.Fields {
		if name != "matches" || len(index) != 2 {
			t.Errorf("fields: %s %v", name, index)
		}
	}
}

func TestConstant(t *testing.T) {
	for template, want := range map[string]string{"": "", "a": "a", "{{a}}": "{a}"} {
		tmpl, err := Compile(template)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := tmpl.Constant(); !ok || text != want {
			t.Errorf("%s: got %q, %v", template, text, ok)
		}
	}
	if tmpl, _ := Compile("a{v[k]}"); tmpl != nil {
		if _, ok := tmpl.Constant(); ok {
			t.Error("a template with a field is no constant")
		}
	}
}

func TestNoTime(t *testing.T) {
	for _, v := range []value.Value{value.Text("x"), value.Int(5), value.Text("2015-01-01")} {
		if got, err := format("{v[k]:%Y}", v); err == nil {
			t.Errorf("%v: got %q", v, got)
		}
	}
}
