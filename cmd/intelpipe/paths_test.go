package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drops is a filter that sends every event with a digit in its number to the
// spool side, and the others on.
func drops(digit int) string {
	return fmt.Sprintf("expert-filter --filter-key extra.n --filter-value %d --filter-regex search --filter-action drop --to action_other=side/", digit)
}

// sideLines are the lines of the published segments of a spool, sorted.
func sideLines(t *testing.T, dir string) []string {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range segments {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines = slices.AppendSeq(lines, strings.Lines(string(text)))
	}
	slices.Sort(lines)
	return lines
}

// stream is a stream of windows of one event each, with the numbers from the
// first to the last. What a case is about is added by hand.
func stream(run string, acked, first, last int) string {
	var b strings.Builder
	control := func(kind string, number int) {
		fmt.Fprintf(&b, `{"__type":"%s","id":"S:%d:%s"}`+"\n", kind, number, run)
	}
	control("Commit", acked)
	for n := first; n <= last; n++ {
		fmt.Fprintf(&b, `{"extra.n":%d}`+"\n", n)
		control("Checkpoint", n)
	}
	return b.String()
}

func commit(run string, number int) string {
	return fmt.Sprintf(`{"__type":"Commit","id":"S:%d:%s"}`+"\n", number, run)
}

func events(numbers ...int) []string {
	var lines []string
	for _, n := range numbers {
		lines = append(lines, fmt.Sprintf(`{"extra.n":%d}`+"\n", n))
	}
	slices.Sort(lines)
	return lines
}

// TestSideSpool sends events from several places of a pipeline, piped and
// fused, to one spool: what is published there, after each of several streams.
func TestSideSpool(t *testing.T) {
	t.Parallel()
	type run struct {
		stdin string
		exit  int
		want  []string // in the spool
	}
	two := []string{drops(1), drops(2)}
	windows := func(numbers ...int) []run {
		in := stream("a", 0, 1, 3) + commit("a", 3)
		return []run{{in, 0, events(numbers...)}}
	}
	for name, c := range map[string]struct {
		chain []string
		runs  []run
	}{
		"no control lines": {two, []run{
			{strings.Join(events(1, 2, 3), ""), 0, events(1, 2)},
			{strings.Join(events(31, 32), ""), 0, events(1, 2, 31, 32)},
		}},
		"committed": {two, windows(1, 2)},
		"two paths of a command": {[]string{
			drops(1) + " --to filter_match=side/ --to filter_no_match=side/",
		}, windows(1, 1, 2, 3)},
		"two outputs": {[]string{drops(1), "output-spool --pass side", "output-spool --pass side"}, windows(1, 2, 2, 3, 3)},
		"broken before a commit": {two, []run{
			{stream("a", 0, 1, 2), 3, nil},
			{commit("b", 0), 0, nil}, // they were not acknowledged: their source sends them again
			{stream("c", 0, 1, 2) + commit("c", 2), 0, events(1, 2)},
		}},
		"acknowledged before a crash": {two, []run{
			{stream("a", 0, 1, 3), 3, nil},
			{commit("b", 1), 0, events(1)}, // the second window was not
			{stream("c", 1, 2, 3) + commit("c", 3), 0, events(1, 2)},
		}},
		"several windows open": {two, []run{
			{stream("a", 0, 1, 2) + commit("a", 1) + `{"extra.n":12}` + "\n", 3, events(1)},
			{commit("b", 2), 0, events(1, 2)},
		}},
		"another pipeline goes on": {two, []run{
			{stream("a", 0, 1, 2), 3, nil},
			{commit("b", 2), 0, events(1, 2)},
		}},
	} {
		for _, way := range []string{"piped", "fused", "first piped, then fused"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				dir := home(t)
				for i, r := range c.runs {
					script := "set -o pipefail; " + strings.Join(c.chain, " | ")
					if way == "fused" || i > 0 && way != "piped" {
						script = "intelpipe " + strings.Join(c.chain, " then ")
					}
					write(t, dir, "in", r.stdin)
					got := shell(t, dir, "exec < in; "+script)
					if got.exit != r.exit {
						t.Errorf("run %d: exit %d, %s", i+1, got.exit, got.stderr)
					}
					if lines := sideLines(t, filepath.Join(dir, "side")); !slices.Equal(lines, r.want) {
						t.Errorf("run %d: in the spool are %q, want %q", i+1, lines, r.want)
					}
				}
				if verify := shell(t, dir, "spool verify side"); verify.exit != 0 {
					t.Error(verify.stdout, verify.stderr)
				}
			})
		}
	}
}

// TestSideSpoolOfAnotherPipeline has a filter less after the crash: what it has
// left is settled all the same.
func TestSideSpoolOfAnotherPipeline(t *testing.T) {
	dir := home(t)
	write(t, dir, "in", stream("a", 0, 1, 3))
	r := shell(t, dir, drops(1)+" < in | "+drops(2))
	list := shell(t, dir, "spool list --json side")
	if n := strings.Count(list.stdout, `"state":"waiting"`); n != 2 || strings.Count(list.stdout, `"source":"S"`) != 2 {
		t.Errorf("%s, then %s", r.stderr, list.stdout)
	}
	write(t, dir, "in", commit("b", 1))
	r = shell(t, dir, drops(3)+" < in; ls side/tmp")
	if lines := sideLines(t, filepath.Join(dir, "side")); !slices.Equal(lines, events(1)) || strings.Contains(r.stdout, "@") {
		t.Errorf("in the spool are %q; %s%s", lines, r.stdout, r.stderr)
	}
}
