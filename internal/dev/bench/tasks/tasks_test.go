package tasks

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
)

func samples(ms ...int) *result {
	r := new(result)
	for _, m := range ms {
		r.samples = append(r.samples, job.Usage{CPU: time.Duration(m) * time.Millisecond, Wall: time.Duration(m+10) * time.Millisecond})
	}
	return r
}

func TestJudge(t *testing.T) {
	p := Plan{n: 1000, tasks: []task{
		{name: "a", ours: "fast", ref: "copy", bar: table.AtMost(6)},
		{name: "b", ours: "slow", ref: "copy", bar: table.AtMost(6)},
		{name: "c", ours: "fast", ref: "slow", bar: table.AtLeast(2)},
		{name: "d", ours: "fast", ref: "jq", bar: table.AtLeast(25)},
		{name: "e", ours: "broken", ref: "copy", bar: table.AtMost(6)},
		{name: "f", ours: "slow", ref: "fast", base: "copy", bar: table.AtMost(4)},
		{name: "g", ours: "slow", ref: "fast", wall: true, bar: table.AtLeast(0.5)},
	}, results: map[string]*result{
		"copy": samples(1, 1, 1), "fast": samples(5, 6, 4), "slow": samples(21, 20, 21),
		"jq": {absent: "not installed"}, "broken": {err: errors.New("wrote 0 lines, not 7")},
	}}
	judged := p.Judge()
	var got []string
	for _, row := range judged.Rows {
		got = append(got, strings.Join([]string{row[0], row[1], row[3], row[5], row[7]}, " "))
	}
	want := []string{"a 5.000 1.000 5.00 ok", "b 21.000 1.000 21.00 MISSED", "c 5.000 21.000 4.20 ok", "e    FAILED", "f 20.000 4.000 5.00 MISSED", "g 31.000 15.000 0.48 MISSED"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if len(judged.Missed) != 4 || !strings.Contains(judged.Missed[1], "wrote 0 lines") {
		t.Errorf("missed %q", judged.Missed)
	}
	if len(judged.Left) != 1 || !strings.Contains(judged.Left[0], "not installed") {
		t.Errorf("left out %q", judged.Left)
	}
}

// Every job that a task names exists once, and every job belongs to a task.
func TestPlan(t *testing.T) {
	p := New(Places{Bin: "bin", Dir: "dir", JQ: "jq", Mlr: "mlr"}, 10)
	jobs := map[string]int{}
	for _, j := range p.jobs {
		jobs[j.Name]++
		if reason := absent(&j); reason != "" {
			t.Errorf("%s: %s", j.Name, reason)
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

	p.Restrict(func(task string) bool { return strings.Contains(task, ": parse-csv, ") })
	if len(p.tasks) != 2 || len(p.jobs) != 3 {
		t.Errorf("restricted to parse-csv: %d tasks, %d jobs", len(p.tasks), len(p.jobs))
	}

	p = New(Places{}, 10)
	reasons := map[string]int{}
	for _, j := range p.jobs {
		if reason := absent(&j); reason != "" {
			reasons[strings.Fields(reason)[0]]++
		}
	}
	if reasons["jq"] != 2 || reasons["Miller"] != 3 {
		t.Errorf("without jq and Miller: %v", reasons)
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
	j := job.Job{Scratch: "/dev/shm/durable"}
	if reason := absent(&j); !strings.Contains(reason, "/dev/shm is in memory") {
		t.Errorf("absent because of %q", reason)
	}
}

// TestShell: a script finds the commands, and its directory is gone before each run.
func TestShell(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept")
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "two-lines"), []byte("#!/bin/sh\necho a; echo b\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	j := job.Job{Scratch: kept, Output: kept + "/out", Lines: 2, Procs: [][]string{Places{Bin: bin}.shell(`mkdir "$1" && two-lines >"$1/out"`, kept)}}
	for range 2 {
		if err := j.Check(context.Background(), job.Environment(bin)); err != nil {
			t.Error(err)
		}
	}
}
