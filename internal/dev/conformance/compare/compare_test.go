package compare

import (
	"strings"
	"testing"
)

func parse(t *testing.T, text string) []message {
	t.Helper()
	messages, bad := parseMessages(lines([]byte(text)), []string{"time.observation"})
	if bad != nil {
		t.Fatal(bad)
	}
	return messages
}

func TestCompareMessages(t *testing.T) {
	const a, b, c = `{"a":1}`, `{"b":2}`, `{"c":3}`
	for _, test := range []struct{ name, want, got, parts string }{
		{"equal", a + "\n" + b, a + "\n" + b, ""},
		{"order", a + "\n" + b, b + "\n" + a, "a b a b"},
		{"missing", a + "\n" + b + "\n" + c, a + "\n" + c, "count"},
		{"surplus", a, a + "\n" + b, "count"},
		{"missing and changed", a + "\n" + b, `{"a":2}`, "a count"},
		{"numbers", `{"x":100}`, `{"x":100.0}`, ""},
		{"large numbers", `{"x":9007199254740993}`, `{"x":9007199254740992}`, "x"},
		{"number and text", `{"x":1}`, `{"x":"1"}`, "x"},
		{"true and 1", `{"x":true}`, `{"x":1}`, "x"},
		{"null and absent", `{"x":null}`, `{}`, "x"},
		{"order of keys", `{"x":1,"y":[{"a":1,"b":2}]}`, `{"y":[{"b":2,"a":1}],"x":1}`, ""},
		{"ignored", `{"time.observation":"1"}`, `{"time.observation":"2"}`, ""},
		{"output", `{"output":"{\"a\": 1, \"b\": 2}"}`, `{"output":"{\"b\":2,\"a\":1.0}"}`, ""},
		{"output differs", `{"output":"{\"a\": 1}"}`, `{"output":"{\"a\": 2}"}`, "output"},
		{"text like JSON", `{"comment":"{\"a\": 1}"}`, `{"comment":"{\"a\":1}"}`, "comment"},
		{"escapes", `{"x":"\u00e9"}`, `{"x":"é"}`, ""},
		{"nothing", "", a, "count"},
	} {
		var parts []string
		for _, d := range compareMessages(parse(t, test.want), parse(t, test.got), "", "count", "") {
			parts = append(parts, d.Part)
		}
		if got := strings.Join(parts, " "); got != test.parts {
			t.Errorf("%s: %q, want %q", test.name, got, test.parts)
		}
	}
}

func TestShape(t *testing.T) {
	same := [][2]string{
		{"serial 2611231247, 12:47:03\nx", "serial 2701010000, 09:01:59\nx"},
		{`{"b79aaa69-4d1b-48d0-b0d0-88cf1cc4528e":{"t":"12"}}`, `{"00000000-4d1b-48d0-b0d0-88cf1cc4528e":{"t":"99"}}`},
	}
	for _, p := range same {
		if shape(p[0]) != shape(p[1]) {
			t.Errorf("%q and %q: %q, %q", p[0], p[1], shape(p[0]), shape(p[1]))
		}
	}
	for _, p := range [][2]string{{"a 1", "b 1"}, {`{"a":1}`, `{"a":"1"}`}, {`{"a":1}`, `{"a":1,"b":1}`}, {"a\n", "a"}} {
		if shape(p[0]) == shape(p[1]) {
			t.Errorf("%q and %q have the same shape", p[0], p[1])
		}
	}
}

func TestSameText(t *testing.T) {
	const t1, t2 = "2026-01-01T10:00:00.5", "2027-01-01T10:00:00.5"
	for _, test := range []struct {
		want, got, given string
		same             bool
	}{
		{"a", "a", "", true}, {"a", "b", "", false},
		{`{"a": 1}`, `{"a":1.0}`, "", true}, {`{"a": 1}`, `{"a":2}`, "", false},
		{t1, t2, "", true}, {t1, t2, "x " + t1, false}, {t1, "soon", "", false},
	} {
		if got := SameText(test.want, test.got, test.given); got != test.same {
			t.Errorf("%s, %s, %s: %v", test.want, test.got, test.given, got)
		}
	}
}
