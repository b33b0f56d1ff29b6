package tool

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/delivery"
)

// TestIfRunning starts a second run of a source while the first one is at work.
func TestIfRunning(t *testing.T) {
	for how, want := range map[string]struct {
		code int
		say  string
	}{"skip": {ExitOK, "another run of this source is at work"}, "fail": {ExitBroken, "collect-test-job.source"}} {
		dir := t.TempDir()
		stopped, stop := context.WithCancel(t.Context())
		first := make(chan int)
		go func() {
			w := &windows{log: new([]string), gone: map[int]bool{}}
			_, code := silentRun(t, stopped, dir, w, "echo > started; "+waitFor("test -e go")+good, "--count", "1", "--source", "job")
			first <- code
		}()
		for !exists(filepath.Join(dir, "started")) {
			time.Sleep(time.Millisecond)
		}
		w := &windows{log: new([]string), gone: map[int]bool{}}
		other := filepath.Join(dir, "other")
		os.Mkdir(other, 0o700)
		// Its stderr is another file, and its state the same directory.
		var said strings.Builder
		specs := []Spec{{Name: "collect-test", New: func() any { return w }}}
		code := Run(t.Context(), specs, System{
			Args:  []string{"collect-test", "--count", "1", "--source", "job", "--if-running", how, "--", "sh", "-c", good},
			Stdin: strings.NewReader(""), Stdout: new(strings.Builder), Stderr: &said,
			Getenv: func(k string) string { return map[string]string{"STATE_DIRECTORY": dir}[k] },
		})
		if code != want.code || !strings.Contains(said.String(), want.say) || len(*w.log) > 0 {
			t.Errorf("%s: exit %d, %s, %q", how, code, said.String(), *w.log)
		}
		os.WriteFile(filepath.Join(dir, "go"), nil, 0o600)
		if code := <-first; code != ExitOK {
			t.Errorf("the first run: exit %d", code)
		}
		stop()
	}
}

// TestSourceNames refuses names that cannot be those of files, and tells when the
// pipeline of a source has changed.
func TestSourceNames(t *testing.T) {
	dir := t.TempDir()
	run := func(script string, flags ...string) (string, int) {
		w := &windows{log: new([]string), gone: map[int]bool{}}
		return silentRun(t, t.Context(), dir, w, script, append(flags, "--count", "1")...)
	}
	for _, name := range []string{"a/b", "..", ".a", "a b", "ä", strings.Repeat("x", 81)} {
		if stderr, code := run(good, "--source", name); code != ExitUsage && code != ExitBroken || !strings.Contains(stderr, "--source") {
			t.Errorf("%q: exit %d, %s", name, code, stderr)
		}
	}
	for i, want := range []bool{false, false, true, false} {
		script := []string{good, good, "cat | " + good, "cat | " + good}[i]
		stderr, code := run(script)
		if told := strings.Contains(stderr, "its pipeline was another one last time"); code != ExitOK || told != want {
			t.Errorf("run %d: exit %d, %s", i, code, stderr)
		}
	}
	if stderr, code := run(good, "--source", "mine"); code != ExitOK || stderr != "" {
		t.Errorf("exit %d, %s", code, stderr)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.source"))
	if !slices.Contains(names, filepath.Join(dir, "collect-test-mine.source")) {
		t.Errorf("%q", names)
	}
}

// TestHangupIsNothing sends SIGHUP to a source, which lives on.
func TestHangupIsNothing(t *testing.T) {
	dir := t.TempDir()
	go func() {
		for !exists(filepath.Join(dir, "started")) {
			time.Sleep(time.Millisecond)
		}
		syscall.Kill(os.Getpid(), syscall.SIGHUP)
		os.WriteFile(filepath.Join(dir, "go"), nil, 0o600)
	}()
	w := &windows{log: new([]string), gone: map[int]bool{}}
	var said strings.Builder
	specs := []Spec{{Name: "collect-test", New: func() any { return w }}}
	code := Run(t.Context(), specs, System{
		Args:  []string{"collect-test", "--count", "1", "--", "sh", "-c", "cd " + dir + "; echo > started; " + waitFor("test -e go") + good},
		Stdin: strings.NewReader(""), Stdout: new(strings.Builder), Stderr: &said, Signals: signals,
		Getenv: func(k string) string { return map[string]string{"STATE_DIRECTORY": dir}[k] },
	})
	if code != ExitOK || len(*w.log) != 2 {
		t.Errorf("exit %d, %s, %q", code, said.String(), *w.log)
	}
}

// TestPatience: a pipeline that has answered before may take its time, in right
// words; one that has said nothing is thought not to know control lines.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct{ script, say string }{
		"has answered":   {`sed -u 1q; ` + waitFor("grep -q 'waiting for its far end' stderr") + "cat", "what comes behind may be waiting for its far end"},
		"said nothing":   {waitFor("grep -q 'stands behind through' stderr") + good, "a filter that knows nothing of checkpoints stands behind through"},
		"died of signal": {`if [ ! -e once ]; then touch once; read line; echo "$line"; exit 2; fi; exec ` + good, "(exit status 2)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &windows{log: new([]string), gone: map[int]bool{}}
			ctx := tuned(t.Context(), func(o *delivery.Options) { o.Step = 20 * time.Millisecond })
			script := c.script
			if name == "has answered" {
				script = "{ " + c.script + "; } | " + good
			}
			stderr, code := silentRun(t, ctx, t.TempDir(), w, script, "--count", "1")
			if code != ExitOK || !strings.Contains(stderr, c.say) {
				t.Errorf("exit %d, %s", code, stderr)
			}
		})
	}
}
