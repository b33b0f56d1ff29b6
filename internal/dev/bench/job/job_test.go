package job

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	ctx, env := context.Background(), Environment(t.TempDir())
	input := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(input, []byte("a\nb\nc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cat := []string{"/bin/sh", "-c", "cat"}
	broken := []string{filepath.Join(t.TempDir(), "broken")}
	if err := os.WriteFile(broken[0], []byte("#!/bin/sh\ncat >/dev/null; echo 'broken: no luck' >&2; echo more >&2; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		job  Job
		err  string
	}{
		{"a pipe", Job{Procs: [][]string{cat, cat, cat}, Lines: 3}, ""},
		{"too few lines", Job{Procs: [][]string{cat}, Lines: 4}, "wrote 3 lines, not 4"},
		{"an exit status in the middle", Job{Procs: [][]string{cat, broken, cat}, Lines: -1}, "broken: exit status 3: broken: no luck"},
		{"no such command", Job{Procs: [][]string{cat, {"/nonexistent/command"}}, Lines: -1}, "no such file"},
	} {
		c.job.Input = input
		err := c.job.Check(ctx, env)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
	}

	// A job that writes a file by itself: the file of the run before is gone.
	j := Job{Input: input, Output: filepath.Join(t.TempDir(), "out"), Lines: 3}
	j.Procs = [][]string{{"/bin/sh", "-c", "cat >>" + j.Output}}
	for range 2 {
		if err := j.Check(ctx, env); err != nil {
			t.Error(err)
		}
	}

	// What a job keeps on the disk is gone, too.
	kept := filepath.Join(t.TempDir(), "kept")
	j = Job{Input: input, Scratch: kept, Output: kept + "/out", Lines: 3, Procs: [][]string{{"/bin/sh", "-c", `mkdir "$0" && cat >"$0/out"`, kept}}}
	for range 2 {
		if err := j.Check(ctx, env); err != nil {
			t.Error(err)
		}
	}

	one := Job{OneCore: true, Procs: [][]string{{"/bin/sh", "-c", `test "$GOMAXPROCS" = 1`}}}
	u, err := one.Run(ctx, env, nil)
	if err != nil {
		t.Errorf("GOMAXPROCS is not 1: %v", err)
	}
	if u.CPU <= 0 || u.Wall <= 0 || u.RSS <= 0 {
		t.Errorf("a shell used %+v", u)
	}
	for _, v := range env {
		if strings.HasPrefix(v, "GOMAXPROCS") {
			t.Error("a job changed the environment of the others")
		}
	}
}
