package bench

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{math.NaN(), 7, math.NaN()}, 7},
	} {
		if got := median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v", got)
	}
	in := []float64{3, 1, 2}
	median(in)
	if in[0] != 3 {
		t.Error("median sorts its argument")
	}
}

func TestRatios(t *testing.T) {
	if got := ratios([]float64{6, 8}, []float64{2, 4}, nil); !reflect.DeepEqual(got, []float64{3, 2}) {
		t.Errorf("ratios = %v", got)
	}
	if got := ratios([]float64{10}, []float64{6}, []float64{4}); got[0] != 3 {
		t.Errorf("ratio above a base = %v, want 3", got)
	}
	if got := ratios([]float64{10}, []float64{3}, []float64{4}); !math.IsNaN(got[0]) {
		t.Errorf("ratio to a cost below nothing = %v", got)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		bar   bar
		ratio float64
		met   bool
	}{
		{bar{6, atMost}, 6, true}, {bar{6, atMost}, 6.01, false},
		{bar{0.5, below}, 0.49, true}, {bar{0.5, below}, 0.5, false},
		{bar{25, atLeast}, 25, true}, {bar{25, atLeast}, 24.9, false},
		{bar{6, atMost}, math.NaN(), false}, {bar{25, atLeast}, math.NaN(), false},
	} {
		if got := c.bar.met(c.ratio); got != c.met {
			t.Errorf("%v met by %v: %v", c.bar, c.ratio, got)
		}
	}
}

func TestWriteTable(t *testing.T) {
	var b bytes.Buffer
	if err := writeTable(&b, "lrl", [][]string{{"job", "µs", ""}, {"copy", "12.5", "ok"}, {"x", "3", "MISSED"}}); err != nil {
		t.Fatal(err)
	}
	want := "job     µs\n" +
		"copy  12.5  ok\n" +
		"x        3  MISSED\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func samples(ms ...int) *result {
	r := new(result)
	for _, m := range ms {
		r.samples = append(r.samples, usage{cpu: time.Duration(m) * time.Millisecond, wall: time.Duration(m+10) * time.Millisecond})
	}
	return r
}

func TestJudge(t *testing.T) {
	p := plan{n: 1000, tasks: []task{
		{name: "a", ours: "fast", ref: "copy", bar: bar{6, atMost}},
		{name: "b", ours: "slow", ref: "copy", bar: bar{6, atMost}},
		{name: "c", ours: "fast", ref: "slow", bar: bar{2, atLeast}},
		{name: "d", ours: "fast", ref: "jq", bar: bar{25, atLeast}},
		{name: "e", ours: "broken", ref: "copy", bar: bar{6, atMost}},
		{name: "f", ours: "slow", ref: "fast", base: "copy", bar: bar{4, atMost}},
		{name: "g", ours: "slow", ref: "fast", wall: true, bar: bar{0.5, atLeast}},
	}}
	rows, missed, left := p.judge(map[string]*result{
		"copy": samples(1, 1, 1), "fast": samples(5, 6, 4), "slow": samples(21, 20, 21),
		"jq": {absent: "not installed"}, "broken": {err: errors.New("wrote 0 lines, not 7")},
	})
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join([]string{row[0], row[1], row[3], row[5], row[7]}, " "))
	}
	want := []string{"a 5.000 1.000 5.00 ok", "b 21.000 1.000 21.00 MISSED", "c 5.000 21.000 4.20 ok", "e    FAILED", "f 20.000 4.000 5.00 MISSED", "g 31.000 15.000 0.48 MISSED"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if len(missed) != 4 || !strings.Contains(missed[1], "wrote 0 lines") {
		t.Errorf("missed %q", missed)
	}
	if len(left) != 1 || !strings.Contains(left[0], "not installed") {
		t.Errorf("left out %q", left)
	}
	var out bytes.Buffer
	if err := conclude(&out, missed, left); !errors.Is(err, ErrMissed) {
		t.Errorf("conclude = %v", err)
	}
	if !strings.Contains(out.String(), "left out: 1\n") || !strings.Contains(out.String(), "missed: 4\n") {
		t.Errorf("conclude wrote %q", out.String())
	}
	if err := conclude(&out, nil, left); err != nil {
		t.Errorf("a row left out is a miss: %v", err)
	}
}

// Every job that a task names exists once, and every job belongs to a task.
func TestPlan(t *testing.T) {
	p := newPlan(places{bin: "bin", dir: "dir", jq: "jq", mlr: "mlr", n: 10, want: count(10)})
	jobs := map[string]int{}
	for _, j := range p.jobs {
		jobs[j.name]++
		if reason := j.absent(); reason != "" {
			t.Errorf("%s: %s", j.name, reason)
		}
	}
	used := map[string]bool{"": true}
	for _, task := range p.tasks {
		for _, name := range []string{task.ours, task.ref, task.base} {
			if name != "" && jobs[name] != 1 {
				t.Errorf("%s names the job %q, of which there are %d", task.name, name, jobs[name])
			}
			used[name] = true
		}
	}
	for name := range jobs {
		if !used[name] {
			t.Errorf("no task uses the job %q", name)
		}
	}

	p.restrict(func(t task) bool { return t.ours == "parse-csv" })
	if len(p.tasks) != 2 || len(p.jobs) != 3 {
		t.Errorf("restricted to parse-csv: %d tasks, %d jobs", len(p.tasks), len(p.jobs))
	}

	p = newPlan(places{n: 10})
	reasons := map[string]int{}
	for _, j := range p.jobs {
		if reason := j.absent(); reason != "" {
			reasons[strings.Fields(reason)[0]]++
		}
	}
	if reasons["jq"] != 2 || reasons["Miller"] != 3 {
		t.Errorf("without jq and Miller: %v", reasons)
	}
}

// script writes a shell script and returns its path.
func script(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	ctx, env := context.Background(), environment(t.TempDir())
	input := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(input, []byte("a\nb\nc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cat := []string{"/bin/sh", "-c", "cat"}
	broken := []string{script(t, "broken", "cat >/dev/null; echo 'broken: no luck' >&2; echo more >&2; exit 3")}
	for _, c := range []struct {
		name string
		job  job
		err  string
	}{
		{"a pipe", job{procs: [][]string{cat, cat, cat}, lines: 3}, ""},
		{"too few lines", job{procs: [][]string{cat}, lines: 4}, "wrote 3 lines, not 4"},
		{"an exit status in the middle", job{procs: [][]string{cat, broken, cat}, lines: -1}, "broken: exit status 3: broken: no luck"},
		{"no such command", job{procs: [][]string{cat, {"/nonexistent/command"}}, lines: -1}, "no such file"},
	} {
		c.job.input = input
		err := c.job.check(ctx, env)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
	}

	// A job that writes a file by itself: the file of the run before is gone.
	j := job{input: input, output: filepath.Join(t.TempDir(), "out"), lines: 3}
	j.procs = [][]string{{"/bin/sh", "-c", "cat >>" + j.output}}
	for range 2 {
		if err := j.check(ctx, env); err != nil {
			t.Error(err)
		}
	}

	// What a job keeps on the disk is gone, too.
	kept := filepath.Join(t.TempDir(), "kept")
	j = job{input: input, scratch: kept, output: kept + "/out", lines: 3, procs: [][]string{places{}.shell(`mkdir "$1" && cat >"$1/out"`, kept)}}
	for range 2 {
		if err := j.check(ctx, env); err != nil {
			t.Error(err)
		}
	}

	one := job{oneCore: true, procs: [][]string{{"/bin/sh", "-c", `test "$GOMAXPROCS" = 1`}}}
	u, err := one.run(ctx, env, nil)
	if err != nil {
		t.Errorf("GOMAXPROCS is not 1: %v", err)
	}
	if u.cpu <= 0 || u.wall <= 0 || u.rss <= 0 {
		t.Errorf("a shell used %+v", u)
	}
	for _, v := range env {
		if strings.HasPrefix(v, "GOMAXPROCS") {
			t.Error("a job changed the environment of the others")
		}
	}
}

// Syncing costs nothing in memory, so that a figure from there says nothing.
func TestInMemory(t *testing.T) {
	if inMemory("/proc") {
		t.Error("/proc is taken for a file system in memory")
	}
	if !inMemory("/dev/shm") {
		t.Skip("/dev/shm is no file system in memory")
	}
	j := job{scratch: "/dev/shm/durable"}
	if reason := j.absent(); !strings.Contains(reason, "/dev/shm is in memory") {
		t.Errorf("absent because of %q", reason)
	}
}

func TestCommands(t *testing.T) {
	bin := filepath.Dir(script(t, "intelpipe", "echo 'expert-a   does a'; echo expert-b"))
	got, err := commands(context.Background(), bin)
	if err != nil || !reflect.DeepEqual(got, []string{"expert-a", "expert-b"}) {
		t.Errorf("commands = %q, %v", got, err)
	}
	bin = filepath.Dir(script(t, "intelpipe", ""))
	if _, err := commands(context.Background(), bin); err == nil {
		t.Error("no commands is no error")
	}
}

func TestStartupJudge(t *testing.T) {
	s := &startup{
		empty: start{name: "empty program", cpu: []float64{2, 1}, wall: []float64{2, 2}, rss: 3 << 20},
		starts: []start{
			{name: "good", cpu: []float64{9, 3}, wall: []float64{3, 3}, rss: 9 << 20},
			{name: "slow", cpu: []float64{5, 4.5}, wall: []float64{5, 5}, rss: 9 << 20},
			{name: "large", cpu: []float64{2, 2}, wall: []float64{2, 2}, rss: 20 << 20},
			{name: "broken", cpu: []float64{2}, wall: []float64{2}, err: errors.New("exit status 2")},
		},
	}
	s.judge()
	want := []string{"start-up of slow: ratio 4.50, 9.0 MiB", "start-up of large: ratio 2.00, 20.0 MiB", "start-up of broken: exit status 2"}
	if !reflect.DeepEqual(s.missed, want) {
		t.Errorf("missed %q, want %q", s.missed, want)
	}
	if rows := s.table(); len(rows) != 6 || rows[2][7] != "ok" || rows[3][7] != "MISSED" || rows[5][7] != "FAILED" {
		t.Errorf("table %q", rows)
	}
	summary := s.summary()
	if summary[0][2] != "slow" || summary[0][7] != "MISSED" || summary[1][2] != "large" || summary[1][7] != "MISSED" {
		t.Errorf("summary %q", summary)
	}
}
