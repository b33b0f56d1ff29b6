package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// multicall stands in for intelpipe: expert-url passes all on, expert-wait
// dumps all, expert-idea refuses to start, expert-filter sends all to a side
// path, expert-jinja counts its runs, output-file moves its input to a file.
const multicall = `#!/bin/sh
help() { printf 'usage\n\nFlags:\n'; for f; do printf '  --%s\n        Text.\n' "$f"; done; }
case "$1 $2" in
"list ") for c in expert-url expert-wait expert-idea expert-filter expert-jinja output-file; do echo "$c  text"; done; exit ;;
"expert-filter --help-all") help to=NAME=DEST; exit ;;
"output-file --help-all") help file=FILE; exit ;;
*" --help-all") help host=TEXT; exit ;;
esac
case $1 in
expert-url) cat ;;
expert-wait) printf '{"base64":"%s"}\n' "$(base64 | tr -d '\n')" >"$STATE_DIRECTORY/expert-wait.dump"; exit 1 ;;
expert-idea) echo "expert-idea: no" >&2; exit 2 ;;
expert-filter) cat >"${2#--to=*=}" ;;
expert-jinja) echo x >>"$STATE_DIRECTORY/n"; printf '{"n":%d}\n' "$(wc -l <"$STATE_DIRECTORY/n")" ;;
output-file) f=${2#--file=}; cat >"${f%/*}/random-name"; rm "$f" ;;
esac
`

func fake(t *testing.T) *Runner {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "intelpipe")
	if err := os.WriteFile(bin, []byte(multicall), 0o755); err != nil {
		t.Fatal(err)
	}
	r, err := NewRunner(bin, filepath.Join(dir, "files"), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun(t *testing.T) {
	r := fake(t)
	for _, test := range []struct{ name, vector, want string }{
		{"same", `{"bot":"experts.url.expert","input":[{"a":1},{"b":"x"}],"output":{"_default":[{"a":1.0},{"b":"x"}]}}`, ""},
		{"field", `{"bot":"experts.url.expert","input":[{"a":1}],"output":{"_default":[{"a":2}]}}`, "a"},
		{"count", `{"bot":"experts.url.expert","input":[{"a":1}],"output":{"_default":[]}}`, "count"},
		{"not JSON", `{"bot":"experts.url.expert","input":["x"],"output":{"_default":[]}}`, "stdout"},
		{"dropped", `{"bot":"experts.url.expert","parameters":{"no_such":1,"host":"x"},"input":[],"output":{"_default":[]}}`, "dropped no_such"},
		{"dump", `{"bot":"experts.wait.expert","input":[{"a":1}],"output":{"_default":[]},"dumped":1,"dumped_messages":[{"message":{"a":1}}]}`, ""},
		{"dumped field", `{"bot":"experts.wait.expert","input":[{"a":1}],"dumped":1,"dumped_messages":[{"message":{"a":2}}]}`, "dumped.a"},
		{"dumped count", `{"bot":"experts.wait.expert","input":[{"a":1}],"dumped":2}`, "dumped"},
		{"nothing dumped", `{"bot":"experts.wait.expert","input":[{"a":1}],"output":{"_default":[]}}`, "exit dumped"},
		{"refuses", `{"bot":"experts.idea.expert","init_error":{}}`, ""},
		{"should refuse", `{"bot":"experts.url.expert","init_error":{}}`, "refuse"},
		{"should not refuse", `{"bot":"experts.idea.expert","output":{"_default":[]}}`, "exit"},
		{"path", `{"bot":"experts.filter.expert","input":[{"a":1}],"output":{"_default":[],"x":[{"a":1}]}}`, ""},
		{"wrong path", `{"bot":"experts.filter.expert","input":[{"a":1}],"output":{"_default":[{"a":1}],"x":[]}}`, "count count"},
		{"files", `{"bot":"outputs.file.output","parameters":{"file":"@tmp/file1"},"input":[{"a":1}],"files_before":{"@tmp/file1":{"text":"x"}},` +
			`"files_after":{"@tmp/file1":null,"@tmp/<any-name-1>":{"text":"{\"a\":1}"}}}`, ""},
		{"wrong file", `{"bot":"outputs.file.output","parameters":{"file":"@tmp/file1"},"input":[{"a":1}],` +
			`"files_after":{"@tmp/<any-name-1>":{"text":"{\"a\":2}"}}}`, "files"},
		{"no command", `{"bot":"experts.modify.expert"}`, "absent no such command"},
		{"no stand-in", `{"bot":"experts.url.expert","needs":["sql"]}`, "absent needs sql, for which there is no stand-in"},
	} {
		v, err := vector.Parse([]byte(test.vector))
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(r.Run(vector.Chain{v})[0]); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func outcome(res report.Result) string {
	var words []string
	for _, d := range res.Diffs {
		words = append(words, d.Part)
	}
	for _, name := range res.Dropped {
		words = append(words, "dropped "+name)
	}
	if res.Absent != "" {
		words = append(words, "absent "+res.Absent)
	}
	return strings.Join(words, " ")
}

// TestContinues: a vector that continues another finds its state, others do
// not.
func TestContinues(t *testing.T) {
	r := fake(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "expert", "x.jsonl")
	if err := writeFile(file, []byte(
		`{"id":"a","bot":"experts.jinja.expert","output":{"_default":[{"n":1}]}}`+"\n"+
			`{"id":"b","bot":"experts.jinja.expert","output":{"_default":[{"n":1}]}}`+"\n"+
			`{"id":"c","bot":"experts.jinja.expert","output":{"_default":[{"n":2}]},"continues":"a"}`+"\n")); err != nil {
		t.Fatal(err)
	}
	chains, err := vector.LoadChains(dir)
	if err != nil || len(chains) != 2 {
		t.Fatalf("%d chains, %v", len(chains), err)
	}
	var out bytes.Buffer
	sum := report.Write(&out, r.RunAll(chains, 2))
	if sum != (report.Summary{Passed: 3, Total: 3}) || !strings.HasSuffix(out.String(), "\nconformance: 3 passed, 0 deviated, 0 failed, 3 total\n") {
		t.Error(out.String())
	}
}
