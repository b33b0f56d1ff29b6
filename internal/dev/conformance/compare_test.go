package conformance

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
		if got := sameText(test.want, test.got, test.given); got != test.same {
			t.Errorf("%s, %s, %s: %v", test.want, test.got, test.given, got)
		}
	}
}

func TestExcuse(t *testing.T) {
	res := func(diffs ...Diff) *Result {
		return &Result{Command: "parse-csv", Diffs: diffs, parameters: map[string]any{"delimiter": ";"}}
	}
	meant := Diff{"raw", "#1", `"a,b\n"`, `"a;b\n"`}
	for _, test := range []struct {
		name          string
		res           *Result
		reasons, left int
	}{
		{"meant", res(meant), 1, 0},
		{"twice", res(meant, meant), 1, 0},
		{"another text", res(Diff{"raw", "#1", `"a,b\n"`, `"a;c\n"`}), 0, 1},
		{"another part", res(meant, Diff{"source.ip", "#1", "a", "b"}), 1, 1},
		{"another command", &Result{Command: "parse-json", Diffs: []Diff{meant}, parameters: map[string]any{"delimiter": ";"}}, 0, 1},
		{"comma", &Result{Command: "parse-csv", Diffs: []Diff{meant}, parameters: map[string]any{"delimiter": ","}}, 0, 1},
	} {
		reasons, left := judge(test.res)
		if len(reasons) != test.reasons || len(left) != test.left {
			t.Errorf("%s: %q, %v", test.name, reasons, left)
		}
	}
}

func TestFilledUp(t *testing.T) {
	d := Diff{Part: "ok", Want: "valid"}
	for _, test := range []struct {
		in, out string
		want    bool
	}{
		{"10:00", "2026-11-23T10:00:00+00:00", true},
		{"Sep 5", "2026-09-05T00:00:00+00:00", true},
		{"2020", "2020-11-23T00:00:00+00:00", true},
		{"13/02/2020", "2020-02-13T00:00:00+00:00", false},
		{"5 Sep 20", "2020-09-05T00:00:00+00:00", false},
	} {
		if got := filledUp(map[string]any{"type": "DateTime", "input": test.in, "output": test.out}, d); got != test.want {
			t.Errorf("%s: %v", test.in, got)
		}
	}
}
