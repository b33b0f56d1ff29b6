package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
)

func TestJudge(t *testing.T) {
	res := func(diffs ...compare.Diff) *Result {
		return &Result{Command: "parse-csv", Diffs: diffs, Parameters: map[string]any{"delimiter": ";"}}
	}
	meant := compare.Diff{Part: "raw", Where: "#1", Want: `"a,b\n"`, Got: `"a;b\n"`}
	for _, test := range []struct {
		name          string
		res           *Result
		reasons, left int
	}{
		{"meant", res(meant), 1, 0},
		{"twice", res(meant, meant), 1, 0},
		{"another text", res(compare.Diff{Part: "raw", Where: "#1", Want: `"a,b\n"`, Got: `"a;c\n"`}), 0, 1},
		{"another part", res(meant, compare.Diff{Part: "source.ip", Where: "#1", Want: "a", Got: "b"}), 1, 1},
		{"another command", &Result{Command: "parse-json", Diffs: []compare.Diff{meant}, Parameters: map[string]any{"delimiter": ";"}}, 0, 1},
		{"comma", &Result{Command: "parse-csv", Diffs: []compare.Diff{meant}, Parameters: map[string]any{"delimiter": ","}}, 0, 1},
	} {
		reasons, left := judge(test.res)
		if len(reasons) != test.reasons || len(left) != test.left {
			t.Errorf("%s: %q, %v", test.name, reasons, left)
		}
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	Write(&out, []Result{
		{ID: "1", Command: "expert-a"},
		{ID: "2", Command: "expert-a", Diffs: []compare.Diff{{Part: "source.ip", Where: "#1", Want: `"192.0.2.1"`}}, Dropped: []string{"p"}},
		{ID: "3", Command: "expert-b", Absent: "no such command"},
		{ID: "4", Command: "parse-csv", Parameters: map[string]any{"delimiter": ";"}, Diffs: []compare.Diff{{Part: "raw", Where: "#1", Want: `"a,b"`, Got: `"a;b"`}}},
	})
	for _, want := range []string{
		"expert-a                                 1       2  1 FAILED\n",
		"parse-csv                                0       1  1 deviated\n",
		"  no such command: 1 (expert-b 1)\n",
		"  1 (expert-a p 1)\n",
		"  expert-a 2\n    source.ip (#1)\n      want \"192.0.2.1\"\n      got  nothing\n",
		"\nconformance: 1 passed, 1 deviated, 1 failed, 3 total\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
