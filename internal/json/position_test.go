package json

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPosition(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":}`:                  "invalid JSON at column 6: ",
		`{"ä":}`:                  "invalid JSON at column 6: ",
		"{\n  \"a\": 1,\n  b\n}":  "invalid JSON at line 3, column 3: ",
		`{"a":1`:                  "invalid JSON at column 7: the end is missing",
		``:                        "invalid JSON at column 1: there is no value",
		" \n":                     "invalid JSON at line 2, column 1: there is no value",
		`{"a":1} x`:               "invalid JSON at column 9: there is more behind the value",
		`[1,]`:                    "invalid JSON at column 4: ",
		`"a`:                      "invalid JSON at column 3: ",
		`01`:                      "invalid JSON at column ",
		strings.Repeat("[", 2000): "invalid JSON at column 1001: arrays and objects are nested more than 1000 levels deep",
	} {
		var v any
		err := Unmarshal([]byte(text), &v)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
		if syntax != nil && (strings.Contains(syntax.Reason, "jsontext") || syntax.Reason != strings.ToLower(syntax.Reason[:1])+syntax.Reason[1:]) {
			t.Errorf("%.20q: the reason is %s", text, syntax.Reason)
		}
	}
	err := InFile("a.json", Check("{\n]"))
	if err == nil || !strings.HasPrefix(err.Error(), "a.json:2:1: invalid JSON: ") {
		t.Errorf("%v", err)
	}
	if err := Check(` {"a":[1,2.5e3,null]} `); err != nil {
		t.Error(err)
	}
}

func FuzzPosition(f *testing.F) {
	f.Add(`{"a":[1,"x"]}`)
	f.Add("[1,\n2")
	f.Fuzz(func(t *testing.T, text string) {
		err := Check(text)
		if (err == nil) != ValidString(text) {
			t.Errorf("%q: %v", text, err)
		}
		var syntax *SyntaxError
		if errors.As(err, &syntax) && (syntax.Line < 1 || syntax.Column < 1 || syntax.Column > len(text)+1) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestCheckOnce(t *testing.T) {
	for text, want := range map[string]string{
		`[{"a": 1, "b": {"a": 2}}, {"a": "\ud800"}]`: "",
		"[{\"é\": 1,\n \"b\": 2, \"b\": 3}]":         "invalid JSON at line 2, column 10: the key is there twice in one object",
		`{"a": 1, "\u0061": 2}`:                      "invalid JSON at column 10: the key is there twice in one object",
		`{"a": 1,}`:                                  "invalid JSON at column 9: a key in double quotes is expected",
	} {
		err := CheckOnce(text)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
