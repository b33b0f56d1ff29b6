package dump

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// run runs commands that share one state directory.
func run(t *testing.T, state, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = tool.Run(context.Background(), []tool.Spec{
		{Name: "dump", New: func() any { return new(Command) }},
		{Name: "expert-test", New: func() any { return new(refuse) }},
	}, tool.System{Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string { return map[string]string{"STATE_DIRECTORY": state}[name] }})
	return out.String(), errs.String(), code
}

// ids are those of the entries of the dump of expert-test, as dump list has them.
func ids(t *testing.T, state string) (all []string) {
	t.Helper()
	stdout, _, code := run(t, state, "", "dump", "list", "expert-test")
	if code != 0 {
		t.Fatal(code)
	}
	for line := range strings.Lines(stdout) {
		all = append(all, strings.Fields(line)[1])
	}
	return all
}

// refuse is a command that fails for every message.
type refuse struct{}

func (*refuse) Process(context.Context, *event.Message, stage.Emit) error {
	return errors.New("refused\x1b[31m")
}

// failed makes a dump with three entries, the last of them large.
func failed(t *testing.T) (state string, lines []string) {
	t.Helper()
	state = t.TempDir()
	lines = []string{`{"source.ip":"192.0.2.1","raw":"Zm9vCmJhcg=="}`, "{\"a\": \xff}", `{"a":"` + strings.Repeat("x", 100_000) + `"}`}
	_, stderr, code := run(t, state, strings.Join(lines, "\n")+"\n", "expert-test", "--record-limit", "50000")
	if code != 1 || strings.Count(stderr, "\n") != 4 {
		t.Fatal(code, stderr)
	}
	return state, lines
}

var list = regexp.MustCompile(`^1  [a-f][0-9a-f]{15}  2\S+ \S+  expert-test  stdin:1  refused\\x1b\[31m$`)

func TestList(t *testing.T) {
	state, _ := failed(t)
	for _, args := range [][]string{
		{"dump", "list"}, {"dump", "list", "expert-test"}, {"dump", "list", "expert-test.dump"},
		{"dump", "list", filepath.Join(state, "expert-test.dump")},
	} {
		stdout, stderr, code := run(t, state, "", args...)
		lines := strings.Split(stdout, "\n")
		if code != 0 || stderr != "" || len(lines) != 4 || !list.MatchString(lines[0]) {
			t.Errorf("%q: exit %d, %q, %s", args, code, stdout, stderr)
		}
	}
	stdout, _, _ := run(t, state, "", "dump", "list", "--json")
	m := event.New(event.Event, nil)
	line, _, _ := strings.Cut(stdout, "\n")
	if err := m.Decode([]byte(line)); err != nil || m.Get("entry") != "1" || m.Get("command") != "expert-test" || m.Get("bytes") != "46" || strings.Count(stdout, "\n") != 3 {
		t.Error(stdout, err)
	}
	if _, stderr, code := run(t, state, "", "dump", "list", "expert-none"); code == 0 || !strings.Contains(stderr, "no such dump") {
		t.Error(code, stderr)
	}
	if stdout, stderr, code := run(t, t.TempDir(), "", "dump", "list"); code != 0 || stdout+stderr != "" {
		t.Error(code, stdout, stderr)
	}
}

func TestShow(t *testing.T) {
	state, lines := failed(t)
	stdout, _, code := run(t, state, "", "dump", "show", "expert-test")
	if code != 0 || !strings.Contains(stdout, "\n"+lines[0]+"\n") || !strings.Contains(stdout, `{"a": \xff}`) || !strings.Contains(stdout, "100008 bytes in expert-test.dump.1") {
		t.Error(code, stdout)
	}
	if stdout, stderr, code := run(t, state, "", "dump", "show", "--raw", "expert-test", "1"); code != 0 || stdout != "foo\nbar\n" {
		t.Error(code, stdout, stderr)
	}
	for n, want := range map[string]string{"2": lines[1], "3": lines[2]} { // what has no raw
		if stdout, stderr, code := run(t, state, "", "dump", "show", "--raw", "expert-test", n); code != 0 || stdout != want+"\n" {
			t.Errorf("%s: %d, %.100s, %s", n, code, stdout, stderr)
		}
	}
	for _, n := range []string{"4", "0", "x", "2-1"} {
		if stdout, stderr, code := run(t, state, "", "dump", "show", "--raw", "expert-test", n); code == 0 || stdout != "" || stderr == "" {
			t.Errorf("%s: %d, %.100s, %s", n, code, stdout, stderr)
		}
	}
}

func TestReplay(t *testing.T) {
	state, lines := failed(t)
	for _, c := range []struct{ n, want []string }{
		{nil, lines}, {[]string{"2"}, lines[1:2]}, {[]string{"3", "1"}, []string{lines[0], lines[2]}}, {[]string{"2-3"}, lines[1:]},
	} {
		stdout, stderr, code := run(t, state, "", append([]string{"dump", "replay", "expert-test"}, c.n...)...)
		if code != 0 || stdout != strings.Join(c.want, "\n")+"\n" {
			t.Errorf("%q: exit %d, %.99q, %s", c.n, code, stdout, stderr)
		}
	}
	// They stay.
	if stdout, _, _ := run(t, state, "", "dump", "list"); strings.Count(stdout, "\n") != 3 {
		t.Error(stdout)
	}
}

func TestReplayCut(t *testing.T) {
	state := t.TempDir()
	run(t, state, strings.Repeat("x", 100_000)+"\n{}\n", "expert-test", "--record-limit", "50000", "--dump-bytes", "100")
	stdout, stderr, code := run(t, state, "", "dump", "replay", "expert-test")
	if code == 0 || stdout != "{}\n" || !strings.Contains(stderr, "only a part of it was kept: "+ids(t, state)[0]+"\n") {
		t.Error(code, stdout, stderr)
	}
}

// TestTorn reads a dump whose last writer died, and adds to it.
func TestTorn(t *testing.T) {
	state, _ := failed(t)
	path := filepath.Join(state, "expert-test.dump")
	dump, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, dump[:len(dump)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, code := run(t, state, "", "dump", "list"); code != 0 || strings.Count(stdout, "\n") != 2 {
		t.Error(code, stdout, stderr)
	}
	run(t, state, "{}\n", "expert-test")
	if stdout, stderr, code := run(t, state, "", "dump", "list"); code != 0 || strings.Count(stdout, "\n") != 3 {
		t.Error(code, stdout, stderr)
	}
}

func TestDelete(t *testing.T) {
	state, lines := failed(t)
	for _, args := range [][]string{{}, {"--all", "1"}, {"1", "9"}} {
		before, _ := os.ReadFile(filepath.Join(state, "expert-test.dump"))
		_, stderr, code := run(t, state, "", append([]string{"dump", "delete", "expert-test"}, args...)...)
		if after, _ := os.ReadFile(filepath.Join(state, "expert-test.dump")); code == 0 || stderr == "" || !bytes.Equal(before, after) {
			t.Error(args, code, stderr)
		}
	}
	if _, stderr, code := run(t, state, "", "dump", "delete", "expert-test", "1", "3"); code != 0 {
		t.Error(code, stderr)
	}
	if stdout, _, _ := run(t, state, "", "dump", "replay", "expert-test"); stdout != lines[1]+"\n" {
		t.Errorf("%q is left", stdout)
	}
	if _, stderr, code := run(t, state, "", "dump", "delete", "--all", "expert-test"); code != 0 {
		t.Error(code, stderr)
	}
	if left, _ := os.ReadDir(state); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestDeleteWhileWritten is somebody who had the dump open when it was replaced.
func TestDeleteWhileWritten(t *testing.T) {
	state, _ := failed(t)
	path := filepath.Join(state, "expert-test.dump")
	old, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := unix.Flock(int(old.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	go func() {
		_, stderr, _ := run(t, state, "", "dump", "delete", "expert-test", "1")
		done <- stderr
	}()
	// The other one waits for the lock; what is added meanwhile is not lost.
	old.WriteString(`{"id":"a000000000000001","time":"2026-01-01T00:00:00Z","command":"x","reason":"late","file":"stdin","message":"{}"}` + "\n")
	unix.Flock(int(old.Fd()), unix.LOCK_UN)
	if stderr := <-done; stderr != "" {
		t.Error(stderr)
	}
	if stdout, _, _ := run(t, state, "", "dump", "list"); strings.Count(stdout, "\n") != 3 || !strings.Contains(stdout, "late") {
		t.Error(stdout)
	}
}

// TestDeleteAllWhileWritten looks for the lock in the moment in which the last
// entry goes: who wants to add one has to wait, or it would go as well.
func TestDeleteAllWhileWritten(t *testing.T) {
	state, _ := failed(t)
	path := filepath.Join(state, "expert-test.dump")
	removed := false
	restore := disk.SetFault(func(op disk.Op, name string, n int, do func(int) (int, error)) (int, error) {
		if op == disk.OpRemove && name == path {
			removed = true
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if free, err := disk.TryLock(f); free || err != nil {
				t.Errorf("the dump is not locked when it is removed: %v", err)
			}
		}
		return do(n)
	})
	_, stderr, code := run(t, state, "", "dump", "delete", "--all", "expert-test")
	restore()
	if code != 0 || !removed {
		t.Errorf("exit %d, removed: %v, %s", code, removed, stderr)
	}
}

func TestForeignEntry(t *testing.T) {
	state := t.TempDir()
	path := filepath.Join(state, "x.dump")
	secret := filepath.Join(state, "secret")
	os.WriteFile(secret, []byte("secret"), 0o600)
	for _, name := range []string{"secret", "../secret", secret} {
		os.WriteFile(path, []byte(`{"id":"a000000000000001","time":"2026-01-01T00:00:00Z","command":"x","reason":"r","file":"stdin","kept":"`+name+`"}`+"\n"), 0o600)
		if stdout, _, code := run(t, state, "", "dump", "replay", "x"); code == 0 || strings.Contains(stdout, "secret") {
			t.Error(code, stdout)
		}
		run(t, state, "", "dump", "delete", "x", "1")
		if _, err := os.Stat(secret); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(path, []byte("nonsense\n"), 0o600)
	if _, stderr, code := run(t, state, "", "dump", "list"); code == 0 || !strings.Contains(stderr, "x.dump: line 1 is no entry") {
		t.Error(code, stderr)
	}
}
