package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/delivery"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// tuned is a context whose sources have other options.
func tuned(ctx context.Context, tune func(*delivery.Options)) context.Context {
	return context.WithValue(ctx, tuneKey{}, tune)
}

type tuneKey struct{}

func tuning(ctx context.Context) func(*delivery.Options) {
	tune, _ := ctx.Value(tuneKey{}).(func(*delivery.Options))
	return tune
}

// silentRun runs a source whose pipeline may look at what the source has said,
// in the file stderr of dir, and at dir.
func silentRun(t *testing.T, ctx context.Context, dir string, collector any, script string, flags ...string) (stderr string, code int) {
	t.Helper()
	errs, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	specs := []Spec{{Name: "collect-test", New: func() any { return collector }}}
	env := map[string]string{"STATE_DIRECTORY": dir, "INTELPIPE_COLLECT_TEST_SECRET": os.Getenv("INTELPIPE_COLLECT_TEST_SECRET")}
	args := append(append([]string{"collect-test"}, flags...), "--", "sh", "-c", "cd "+dir+"; "+script)
	code = Run(ctx, specs, System{Args: args, Stdin: strings.NewReader(""), Stdout: new(strings.Builder), Stderr: errs, Getenv: func(k string) string { return env[k] }, Tune: tuning(ctx)})
	text, err := os.ReadFile(errs.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), code
}

// waitFor is a loop of a shell that ends when a command has succeeded.
func waitFor(command string) string {
	return "i=0; until " + command + "; do i=$((i+1)); test $i -lt 3000 || exit 9; sleep 0.01; done; "
}

// flood is a source of one window that no pipe has room for.
type flood struct{ env *stage.Env }

func (c *flood) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

func (*flood) Relay() {}

func (c *flood) Collect(_ context.Context, emit stage.Emit) error {
	pipeline := c.env.Pipeline
	return pipeline.Window(stage.Window{Name: "w0"}, func() error {
		_, err := pipeline.Lines([]byte(strings.Repeat(`{"feed.name":"x"}`+"\n", 1<<16)))
		return err
	})
}

// TestSourceTellsWhoDoesNotRead has a pipeline that reads only when the source
// has said that it waits, while it still sends its first window.
func TestSourceTellsWhoDoesNotRead(t *testing.T) {
	ctx := tuned(t.Context(), func(o *delivery.Options) { o.Step = 500 * time.Millisecond })
	script := waitFor(`grep -q "window 1 (w0) has not come back" stderr`) + good
	if stderr, code := silentRun(t, ctx, t.TempDir(), new(flood), script, "--restarts", "1"); code != ExitOK {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestSourceEndsWhoDoesNotRead has one that never reads.
func TestSourceEndsWhoDoesNotRead(t *testing.T) {
	ctx := tuned(t.Context(), func(o *delivery.Options) { o.Step = 10 * time.Millisecond })
	stderr, code := silentRun(t, ctx, t.TempDir(), new(flood), "exec sleep 400")
	if code != ExitBroken || !strings.Contains(stderr, "the pipeline has read nothing for 100ms at window 1 (w0)") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestSourceEndsWhoStands has pipelines that neither read nor end, and those
// that have died but for a process that holds both ends of their pipes.
func TestSourceEndsWhoStands(t *testing.T) {
	for name, script := range map[string]string{
		"stands":       "exec <&-; exec sleep 400",
		"keeps":        "cat >/dev/null; exec sleep 400",
		"died":         "exec <&-; sleep 400 & exit 7",
		"died, unread": "sleep 400 <&0 & exit 7",
	} {
		ctx := tuned(t.Context(), func(o *delivery.Options) { o.Step = 50 * time.Millisecond })
		stderr, code := silentRun(t, ctx, t.TempDir(), &windows{log: new([]string)}, script, "--restarts", "1", "--count", "1")
		if code != ExitBroken || !strings.Contains(stderr, "window 1 (w0)") {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
	}
}

// TestSourceGrace ends the source by a signal while its pipeline stands still.
func TestSourceGrace(t *testing.T) {
	one := []string{"--count", "1"}
	for name, c := range map[string]struct {
		collector any
		script    string
		flags     []string
	}{
		"reads nothing":         {new(flood), "exec sleep 400", nil},
		"gives nothing back":    {&windows{}, "exec <&-; exec sleep 400", one},
		"ignores signals":       {&windows{}, "trap '' TERM INT; cat >/dev/null; exec sleep 400", one},
		"orphans":               {&windows{}, "(sleep 400 & sleep 400) & exit 0", one},
		"goes on at its end":    {&windows{}, good + "; sleep 400", one},
		"left a process behind": {&windows{}, "setsid sleep 400 & echo $! > left; exec sleep 400", one},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if w, ok := c.collector.(*windows); ok {
				w.log, w.gone = new([]string), map[int]bool{}
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for !exists(filepath.Join(dir, "started")) {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			stderr, code := silentRun(t, ctx, dir, c.collector, "sleep 400 & echo $! > orphan; touch started; "+c.script, append(c.flags, "--grace", "0")...)
			if name == "goes on at its end" && code == ExitOK {
				// All was acknowledged before the signal came.
			} else if code != ExitBroken || !strings.Contains(stderr, "what was not acknowledged is sent again next time") {
				// Whether the grace ends it, or that nobody reads it, depends on which is seen first.
				t.Errorf("exit %d, %s", code, stderr)
			}
			if pid := readPid(t, filepath.Join(dir, "orphan")); syscall.Kill(pid, 0) == nil {
				t.Error("a process of the pipeline lives on")
			}
			if path := filepath.Join(dir, "left"); hasText(path) { // it may have been killed before
				syscall.Kill(readPid(t, path), syscall.SIGKILL)
			}
		})
	}
}

func readPid(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestSourceLeavesServants has pipelines that end well and leave a process
// behind, which is not in the way of the end and of the next run.
func TestSourceLeavesServants(t *testing.T) {
	for name, servant := range map[string]string{"quiet": "sleep 400 > out 2>&1 &", "holds the pipe": "sleep 400 &"} {
		dir := t.TempDir()
		w := &windows{log: new([]string), gone: map[int]bool{}}
		stderr, code := silentRun(t, t.Context(), dir, w, servant+" echo $! > pid; "+good, "--count", "1")
		pid := readPid(t, filepath.Join(dir, "pid"))
		defer syscall.Kill(pid, syscall.SIGKILL)
		if code != ExitOK {
			t.Fatalf("%s: exit %d, %s", name, code, stderr)
		}
		w.gone = map[int]bool{}
		if stderr, code = silentRun(t, t.Context(), dir, w, good, "--count", "1"); code != ExitOK {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("%s: what was left behind: %v", name, err)
		}
	}
}

// TestSourceNamesWhatLives has processes of a run that was killed in the way.
func TestSourceNamesWhatLives(t *testing.T) {
	dir := t.TempDir()
	w := &windows{log: new([]string), gone: map[int]bool{}}
	if stderr, code := silentRun(t, t.Context(), dir, w, good, "--count", "1", "--if-running", "fail"); code != ExitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.pipeline.lock"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	lock, err := disk.LockPath(t.Context(), strings.TrimSuffix(paths[0], ".lock"), 0)
	if err != nil {
		t.Fatal(err)
	}
	living, err := os.StartProcess("/bin/sleep", []string{"sleep", "400"}, &os.ProcAttr{Files: []*os.File{nil, nil, nil, lock.File()}})
	if err != nil {
		t.Fatal(err)
	}
	lock.Unlock()
	defer living.Wait()
	defer living.Kill()
	w = &windows{log: new([]string), gone: map[int]bool{}}
	stderr, code := silentRun(t, t.Context(), dir, w, good, "--count", "1", "--if-running", "fail")
	if want := fmt.Sprintf("end its processes: %d (sleep)\n", living.Pid); code != ExitBroken || !strings.Contains(stderr, want) {
		t.Errorf("exit %d, %s, want %s", code, stderr, want)
	}
}

// closer is a source that finds out in Close whether its next run has to wait.
type closer struct {
	windows
	dir    string
	locked error
}

func (c *closer) Close() error {
	paths, err := filepath.Glob(filepath.Join(c.dir, "*.source"))
	if err != nil || len(paths) != 1 {
		return fmt.Errorf("%q, %v", paths, err)
	}
	lock, err := disk.LockPath(context.Background(), paths[0], 0)
	if err == nil {
		err = lock.Unlock()
	}
	c.locked = err
	return nil
}

// TestSourceIsClosedUnderItsLock: what a collector removes at its end, the next
// run must not find there.
func TestSourceIsClosedUnderItsLock(t *testing.T) {
	c := &closer{windows: windows{log: new([]string), gone: map[int]bool{}}, dir: t.TempDir()}
	stderr, code := silentRun(t, t.Context(), c.dir, c, good, "--count", "1")
	var locked *disk.LockedError
	if code != ExitOK || !errors.As(c.locked, &locked) {
		t.Errorf("exit %d, lock: %v, %s", code, c.locked, stderr)
	}
}

// secretive is a source with a password.
type secretive struct {
	windows
	Secret stage.Secret `name:"secret-file" help:"A secret."`
}

// TestSourceKeepsSecrets looks at the environment of a pipeline.
func TestSourceKeepsSecrets(t *testing.T) {
	t.Setenv("INTELPIPE_COLLECT_TEST_SECRET", "s3cret")
	t.Setenv("INTELPIPE_OTHER_SECRET", "theirs")
	dir := t.TempDir()
	c := &secretive{windows: windows{log: new([]string), gone: map[int]bool{}}}
	if stderr, code := silentRun(t, t.Context(), dir, c, "env > env; "+good, "--count", "1"); code != ExitOK || c.Secret != "s3cret" {
		t.Fatalf("exit %d, %q, %s", code, c.Secret, stderr)
	}
	text, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil || strings.Contains(string(text), "s3cret") || !strings.Contains(string(text), "INTELPIPE_OTHER_SECRET=theirs\n") || !strings.Contains(string(text), "INTELPIPE_PIPELINE=collect-test-") {
		t.Errorf("%v, %s", err, text)
	}
}

// TestSourceNamesTheSwallower has a filter that takes the opening Commit and
// does not pass it on. It is named, and not those that only start slowly.
func TestSourceNamesTheSwallower(t *testing.T) {
	for name, c := range map[string]struct{ script, say string }{
		"swallows": {"sed -n '/nothing of it/p' | { " + waitFor("grep -q 'through sed' stderr") + "kill -9 0; }",
			"collect-test: sed does not pass checkpoints on; write: through sed -n '/nothing of it/p'\n"},
		"behind a good one": {"sed -u '' | tr -d x | { " + waitFor("grep -q 'through tr' stderr") + "kill -9 0; }",
			"collect-test: tr does not pass checkpoints on; write: through tr -d x\n"},
		"slow":         {waitFor("test -e go") + "exec " + good, ""},
		"slow, before": {"sed -u '' | { " + waitFor("test -e go") + "exec " + good + "; }", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			looks := 0
			ctx := tuned(t.Context(), func(o *delivery.Options) {
				o.Look = time.Millisecond
				o.Looked = func() {
					if looks++; looks == 20 {
						os.WriteFile(filepath.Join(dir, "go"), nil, 0o600)
					}
				}
			})
			w := &windows{log: new([]string), gone: map[int]bool{}}
			stderr, code := silentRun(t, ctx, dir, w, c.script, "--restarts", "1", "--count", "1")
			if found := strings.Contains(stderr, "does not pass"); found != (c.say != "") || !strings.Contains(stderr, c.say) || !found && code != ExitOK {
				t.Errorf("exit %d, %s", code, stderr)
			}
		})
	}
}

func hasText(path string) bool {
	text, _ := os.ReadFile(path)
	return len(text) > 0
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
