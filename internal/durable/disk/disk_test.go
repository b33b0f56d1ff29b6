package disk_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
)

func TestWriteFileAtomicIsOldOrNew(t *testing.T) {
	for n := 1; ; n++ {
		for _, half := range []bool{false, true} {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			if err := os.WriteFile(path, []byte("old content"), 0o640); err != nil {
				t.Fatal(err)
			}
			rec := disktest.Record(t, dir)
			after := t.TempDir()
			plan := &disktest.Plan{N: n, Err: disktest.Errors[n%len(disktest.Errors)], Half: half, Dead: true,
				At: func() { rec.PowerLost(t, after, nil) }}
			restore := rec.Wrap(t, plan)
			err := disk.WriteFileAtomic(path, []byte("new content, longer"), 0o600)
			restore()
			if plan.Count() < n {
				if err != nil {
					t.Fatal(err)
				}
				rec.PowerLost(t, after, nil)
				if b, _ := os.ReadFile(filepath.Join(after, "a")); string(b) != "new content, longer" {
					t.Errorf("not durable: %q", b)
				}
				if i, _ := os.Stat(path); i.Mode().Perm() != 0o640 {
					t.Errorf("mode %v, want that of the old file", i.Mode())
				}
				return
			}
			if !errors.Is(err, plan.Err) || !strings.Contains(err.Error(), dir) {
				t.Errorf("operation %d: error %v, want %v with a path", n, err, plan.Err)
			}
			for _, d := range []string{dir, after} {
				b, err := os.ReadFile(filepath.Join(d, "a"))
				if s := string(b); err != nil || s != "old content" && s != "new content, longer" {
					t.Errorf("operation %d: %q, %v", n, b, err)
				}
			}
			left, err := filepath.Glob(filepath.Join(dir, ".a.tmp-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("operation %d left %v", n, left)
			}
		}
	}
}

func TestCreateAtomicKeepsOldWhenWriterFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := disk.WriteFileAtomic(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("bad")
	err := disk.CreateAtomic(path, 0o600, func(w io.Writer) error {
		io.WriteString(w, "new")
		return bad
	})
	b, _ := os.ReadFile(path)
	if err != bad || string(b) != "old" {
		t.Errorf("got %v and %q, want the writer's error and the old content", err, b)
	}
}

func TestRemoveTemps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", ".a.tmp-x1", ".ab.tmp-x1", "a.tmp-x1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := disk.RemoveTemps(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if s := strings.Join(got, " "); s != ".ab.tmp-x1 a a.tmp-x1" {
		t.Errorf("left %s", s)
	}
}

func TestOpenAppend(t *testing.T) {
	dir := t.TempDir()
	rec := disktest.Record(t, dir)
	path := filepath.Join(dir, "a")
	for _, s := range []string{"one\n", "two\n"} {
		f, err := disk.OpenAppend(path, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := disk.Truncate(path, 6); err != nil {
		t.Fatal(err)
	}
	after := t.TempDir()
	rec.PowerLost(t, after, nil)
	if b, err := os.ReadFile(filepath.Join(after, "a")); string(b) != "one\ntw" {
		t.Errorf("durable is %q, %v", b, err)
	}
	if err := disk.Remove(path); err != nil {
		t.Fatal(err)
	}
	after = t.TempDir()
	rec.PowerLost(t, after, nil)
	if _, err := os.Stat(filepath.Join(after, "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a removed file came back: %v", err)
	}
	if _, err := disk.OpenExisting(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

func TestTryLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	a, err := disk.OpenAppend(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	b, err := disk.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, step := range []struct {
		f    *disk.File
		want bool
	}{{a, true}, {b, false}} {
		if got, err := step.f.TryLock(); got != step.want || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, step.want)
		}
	}
	a.Close()
	if got, err := b.TryLock(); !got || err != nil {
		t.Errorf("after Close: %v, %v", got, err)
	}
}

func TestWaitLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	var f [2]*disk.File
	for i := range f {
		var err error
		if f[i], err = disk.OpenAppend(path, 0o600); err != nil {
			t.Fatal(err)
		}
		defer f[i].Close()
	}
	ctx := t.Context()
	if err := f[0].WaitLock(ctx, 0); err != nil {
		t.Fatal(err)
	}
	var locked *disk.LockedError
	if err := f[1].WaitLock(ctx, 0); !errors.As(err, &locked) || err.Error() != path+": in use by this process itself" {
		t.Errorf("got %v, want that it is in use", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := f[1].WaitLock(cancelled, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that waiting was cancelled", err)
	}
	waited := make(chan error)
	go func() { waited <- f[1].WaitLock(ctx, time.Minute) }()
	f[0].Close()
	if err := <-waited; err != nil {
		t.Errorf("after Close: %v", err)
	}
}

func TestMkdirAll(t *testing.T) {
	dir := t.TempDir()
	var done []string
	restore := disk.SetFault(func(op disk.Op, path string, n int, do func(int) (int, error)) (int, error) {
		done = append(done, string(op)+" "+strings.TrimPrefix(path, dir))
		return do(n)
	})
	for _, again := range []bool{false, true} {
		if err := disk.MkdirAll(filepath.Join(dir, "a/b")+"/", 0o700); err != nil {
			t.Fatal(again, err)
		}
	}
	restore()
	if got := strings.Join(done, ", "); got != "mkdir /a, sync , mkdir /a/b, sync /a" {
		t.Errorf("did %s", got)
	}
	if i, err := os.Stat(filepath.Join(dir, "a/b")); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("made %v, %v", i, err)
	}

	for n := 1; n <= 4; n++ {
		plan := &disktest.Plan{N: n, Err: disktest.Errors[0]}
		restore := plan.Install(t)
		err := disk.MkdirAll(filepath.Join(t.TempDir(), "a/b"), 0o700)
		restore()
		if !errors.Is(err, plan.Err) {
			t.Errorf("operation %d: error %v, want %v", n, err, plan.Err)
		}
	}

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "a")} {
		if err := disk.MkdirAll(path, 0o700); err == nil || err.Error() != file+": not a directory" {
			t.Errorf("got %v, want that %s is in the way", err, file)
		}
	}
}

func TestLockNamesHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if os.Getenv("LOCK_HELPER") != "" {
		path = os.Getenv("LOCK_HELPER")
	}
	ctx := context.Background()
	l, err := disk.LockPath(ctx, path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("LOCK_HELPER") != "" {
		os.Stdout.WriteString("locked\n")
		io.ReadAll(os.Stdin)
		os.Exit(0)
	}
	_, err = disk.LockPath(ctx, path, 0)
	var locked *disk.LockedError
	if !errors.As(err, &locked) || err.Error() != path+": in use by this process itself" {
		t.Errorf("got %v", err)
	}
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}

	c := exec.Command(os.Args[0], "-test.run=^TestLockNamesHolder$")
	c.Env = append(os.Environ(), "LOCK_HELPER="+path)
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	io.ReadFull(out, make([]byte, len("locked\n")))
	_, err = disk.LockPath(ctx, path, 0)
	want := path + ": in use by pid " + strconv.Itoa(c.Process.Pid) + " (" + filepath.Base(os.Args[0]) + ")"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := disk.LockPath(cancelled, path, disk.LockWait); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that waiting was cancelled", err)
	}
	// A holder that is killed leaves no lock.
	c.Process.Kill()
	in.Close()
	c.Wait()
	l, err = disk.LockPath(ctx, path, disk.LockWait)
	if err != nil {
		t.Fatal(err)
	}
	l.Unlock()
}

// TestLockTogether lets those in who name the same party.
func TestLockTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	lock := func(party string) (*disk.Lock, error) {
		return disk.LockTogether(t.Context(), path, party, 0)
	}
	var held []*disk.Lock
	for range 3 {
		l, err := lock("x")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
	}
	for _, l := range held {
		for _, party := range []string{"y", "", "x y", "\nx"} {
			if _, err := lock(party); err == nil || err.Error() != path+": in use by this process itself" {
				t.Errorf("%q: got %v", party, err)
			}
		}
		if _, err := disk.LockPath(t.Context(), path, 0); err == nil {
			t.Error("one has it alone, though others have it")
		}
		l.Unlock()
	}
	l, err := disk.LockPath(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock("x"); err == nil {
		t.Error("the party came in beside somebody who has it alone")
	}
	l.Unlock()
	if _, err = lock("y"); err != nil {
		t.Errorf("then %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	f, err := disk.OpenAppend(filepath.Join(b.TempDir(), "a"), 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	p := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Write(p); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCutTorn(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for text, want := range map[string]string{
		"":                      "",
		"torn":                  "",
		"a\n":                   "a\n",
		"a\ntorn":               "a\n",
		"a\n" + long:            "a\n",
		long:                    "",
		long + "\n":             long + "\n",
		long + "\nb\n" + "torn": long + "\nb\n",
	} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := disk.OpenExisting(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.CutTorn(); err != nil {
			t.Error(err)
		}
		f.Close()
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("%.20q…: got %d bytes, want %d, %v", text, len(got), len(want), err)
		}
	}
}
