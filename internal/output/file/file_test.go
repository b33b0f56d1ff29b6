package file

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/linefile"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// session is one run of the command.
type session struct {
	t        *testing.T
	c        *Command
	env      *stage.Env
	ctx      context.Context
	warnings []string
}

func start(t *testing.T, c *Command) *session {
	t.Helper()
	s := &session{t: t, c: c}
	c.EncodingErrorsMode = "strict"
	s.env = &stage.Env{Name: "output-file", Dictionary: harmonization.Default(),
		Warn: func(format string, args ...any) { s.warnings = append(s.warnings, fmt.Sprintf(format, args...)) }}
	s.ctx = context.Background()
	if err := c.Start(s.ctx, s.env); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *session) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) process(line string) error {
	m := event.New(event.Event, nil)
	s.check(m.Decode([]byte(line)))
	return s.c.Process(s.ctx, m, nil)
}

func (s *session) event(line string) { s.t.Helper(); s.check(s.process(line)) }

func (s *session) commit(id string) {
	s.t.Helper()
	s.env.Controlled = true
	s.check(s.c.Commit(s.ctx, id))
}

func (s *session) checkpoint(id string) {
	s.t.Helper()
	s.env.Controlled = s.env.Controlled || id != ""
	s.check(s.c.Checkpoint(s.ctx, id, nil))
}

// written makes the command write what it holds back.
// files are those of a session that does not write to stdout.
func (s *session) files() *linefile.Files { return s.c.to.(files).Files }

func (s *session) written() { s.t.Helper(); s.check(s.files().Flush()) }

// crash is kill -9: what was written stays, nothing more is done.
func (s *session) crash() { s.files().Crash() }

func (s *session) close() { s.t.Helper(); s.check(s.c.Close()) }

// end is the end of a stream without control lines.
func (s *session) end() {
	s.t.Helper()
	s.checkpoint("")
	s.check(s.c.Commit(s.ctx, ""))
	s.close()
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func expect(t *testing.T, path, want string) {
	t.Helper()
	if strings.Trim(want, "abcd") == "" { // short for the events of those names
		want = strings.NewReplacer("a", "{\"a\": 1}\n", "b", "{\"b\": 1}\n", "c", "{\"c\": 1}\n", "d", "{\"d\": 1}\n").Replace(want)
	}
	if got := content(t, path); got != want {
		t.Fatalf("%s: got %q, want %q", filepath.Base(path), got, want)
	}
}

const a, b, c, d = `{"a":1}`, `{"b":1}`, `{"c":1}`, `{"d":1}`

func TestPlainStreamAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "dir", "f")
	for range 2 {
		s := start(t, &Command{File: path})
		s.event(a)
		s.event(b)
		s.end()
	}
	expect(t, path, "abab")
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("more than one file: %v", entries)
	}
}

func TestOpeningCommitCutsBack(t *testing.T) {
	for _, c := range []struct {
		name, opening, want string
	}{
		{"the last acknowledged", "S:2:y", "ab"},
		{"the one before", "S:1:y", "a"},
		{"none", "S:0:y", ""},
		{"a later one than is known", "S:9:y", "abc"},
		{"of another source", "T:5:y", "abc"},
	} {
		for _, format := range []bool{false, true} {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			cmd := func() *Command {
				if format {
					return &Command{File: dir + "/{event[feed.code]}", FormatFilename: true}
				}
				return &Command{File: path}
			}
			line := func(l string) string {
				if format {
					return strings.Replace(l, "{", `{"feed.code":"f",`, 1)
				}
				return l
			}
			s := start(t, cmd())
			s.commit("S:0:x")
			for i, l := range []string{a, b, "{\"c\":1}"} {
				s.event(line(l))
				s.checkpoint(fmt.Sprintf("S:%d:x", i+1))
			}
			s.event(line(d))
			s.written()
			s.crash()
			before := content(t, path)

			s = start(t, cmd())
			s.commit(c.opening)
			got := content(t, path)
			n := len(strings.ReplaceAll(c.want, " ", ""))
			if lines := strings.SplitAfter(before, "\n"); got != strings.Join(lines[:n], "") {
				t.Errorf("%s, format %v: %q is left of %q", c.name, format, got, before)
			}
			if len(s.warnings) > 0 {
				t.Errorf("%s: %v", c.name, s.warnings)
			}
			s.close()
		}
	}
}

func TestWhatWasThereBeforeStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte("before\n"), 0o644)
	s := start(t, &Command{File: path})
	s.commit("S:0:x")
	s.event(a)
	s.checkpoint("S:1:x")
	s.event(b)
	s.written()
	s.crash()

	s = start(t, &Command{File: path})
	s.commit("S:0:y")
	expect(t, path, "before\n")
	s.event(a)
	s.checkpoint("S:1:y")
	s.commit("S:1:y")
	s.close()

	// After a good end others may append, and that stays too.
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString("by hand\n")
	f.Close()
	s = start(t, &Command{File: path})
	s.commit("S:1:z")
	s.event(b)
	s.checkpoint("S:2:z")
	s.crash()
	s = start(t, &Command{File: path})
	s.commit("S:1:w")
	expect(t, path, "before\n"+"{\"a\": 1}\n"+"by hand\n")
	s.close()
}

func TestOtherSourceAndPlainStreamBehindACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	s := start(t, &Command{File: path})
	s.commit("S:0:x")
	s.event(a)
	s.checkpoint("S:1:x")
	s.event(b)
	s.written()
	s.crash()

	s = start(t, &Command{File: path}) // T cuts what no checkpoint covers
	s.commit("T:0:x")
	s.event(c)
	s.checkpoint("T:1:x")
	s.crash()
	expect(t, path, "ac")

	s = start(t, &Command{File: path}) // S cannot cut its a from the middle, and leaves it out when it comes again
	s.commit("S:0:y")
	expect(t, path, "ac")
	s.event(a)
	s.checkpoint("S:1:y")
	s.event(b)
	s.written()
	s.crash()

	s = start(t, &Command{File: path}) // a plain stream cuts nothing
	s.event(d)
	s.end()
	expect(t, path, "acbd")
	if len(s.warnings) != 1 {
		t.Errorf("warnings: %q", s.warnings)
	}
	s = start(t, &Command{File: path})
	s.commit("S:0:z")
	expect(t, path, "acbd")
	s.close()
}

func TestTornLineIsNotGluedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte(`{"torn`), 0o644)
	s := start(t, &Command{File: path})
	s.event(a)
	s.end()
	expect(t, path, "{\"torn\n"+"{\"a\": 1}\n")
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	s := start(t, &Command{File: path})
	s.commit("S:0:x")
	s.event(a)
	s.checkpoint("S:1:x")
	s.event(b)
	s.check(os.Rename(path, path+".1"))
	s.check(s.c.Reload(s.ctx))
	s.event(c)
	s.checkpoint("S:2:x")
	s.event(d)
	s.written()
	expect(t, path+".1", "ab")
	expect(t, path, "cd")
	s.crash()

	s = start(t, &Command{File: path}) // window 2 is in both files
	s.commit("S:1:y")
	expect(t, path+".1", "a")
	expect(t, path, "")
	s.close()
	if len(s.warnings) > 0 {
		t.Errorf("warnings: %q", s.warnings)
	}
}

func TestDeletedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir", "f")
	s := start(t, &Command{File: path})
	s.event(a)
	s.written()
	s.check(os.RemoveAll(filepath.Dir(path)))
	s.event(b)
	s.end()
	expect(t, path, "b")

	s = start(t, &Command{File: path})
	s.commit("S:0:x")
	s.event(a)
	s.written()
	s.check(os.Remove(path))
	if err := s.c.Checkpoint(s.ctx, "S:1:x", nil); err == nil {
		t.Error("a checkpoint passes though its events are gone")
	}
	s.crash()
}

func TestFormatFilenameStaysBelow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	s := start(t, &Command{File: dir + "/{event[feed.code]}/{ev[time.source]:%Y-%m-%d}.x", FormatFilename: true})
	os.Symlink("..", filepath.Join(dir, "link"))
	time := `"time.source":"2026-02-03T04:05:06+00:00"`
	for _, e := range []struct{ code, file string }{
		{`"feed.code":"abuse",`, "abuse/2026-02-03.x"},
		{`"feed.code":"/etc/x",`, "_etc_x/2026-02-03.x"},
		{`"feed.code":"192.0.2.0/24",`, "192.0.2.0_24/2026-02-03.x"},
		{`"feed.code":"../up",`, ".._up/2026-02-03.x"},
		{``, "None/2026-02-03.x"},
		{`"feed.code":"..",`, ""},
		{`"feed.code":".",`, ""},
		{`"feed.code":"",`, ""},
		{`"feed.code":"a\u0000b",`, ""},
		{`"feed.code":"link",`, ""},
		{`"feed.code":"` + strings.Repeat("x", 300) + `",`, ""},
		{`"feed.code":"last",`, "last/2026-02-03.x"},
	} {
		err := s.process("{" + e.code + time + "}")
		if stage.IsFatal(err) || (err == nil) != (e.file != "") {
			t.Errorf("%s: %v", e.code, err)
		}
		if e.file != "" {
			s.written()
			content(t, filepath.Join(dir, e.file))
		}
	}
	if err := s.process(`{"feed.code":"x"}`); err == nil || stage.IsFatal(err) {
		t.Errorf("no time: %v", err)
	}
	s.end()
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
		t.Errorf("something is outside: %v", entries)
	}
}

func TestFewFilesAreOpen(t *testing.T) {
	dir := t.TempDir()
	s := start(t, &Command{File: dir + "/{event[extra.n]}", FormatFilename: true})
	s.files().Limit(3)
	for i := range 40 {
		s.event(fmt.Sprintf(`{"extra.n":%d,"i":%d}`, i*i%7, i))
		if n := s.files().Open(); n > 3 {
			t.Fatalf("%d files are open", n)
		}
	}
	s.end()
	total := 0
	for _, n := range []int{0, 1, 2, 4} {
		total += strings.Count(content(t, filepath.Join(dir, fmt.Sprint(n))), "\n")
	}
	if total != 40 {
		t.Errorf("%d lines", total)
	}
}

func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	r, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := start(t, &Command{File: path})
	s.event(a)
	s.end()
	buf := make([]byte, 100)
	if n, _ := r.Read(buf); string(buf[:n]) != "{\"a\": 1}\n" {
		t.Errorf("got %q", buf[:n])
	}
	s = start(t, &Command{File: path})
	s.env.Controlled = true
	if err := s.c.Commit(s.ctx, "S:0:x"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
	s.crash()
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	s := start(t, &Command{File: "/dev/full"})
	s.event(a)
	if err := s.c.Checkpoint(s.ctx, "", nil); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v", err)
	}
	s.crash()
}

func TestDamagedLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	s := start(t, &Command{File: path})
	s.commit("S:0:x")
	s.event(a)
	s.checkpoint("S:1:x")
	s.event(b)
	s.checkpoint("S:2:x")
	s.crash()
	ledger := s.files().Ledger()
	text := content(t, ledger)

	// A torn last line is a crash and means nothing.
	os.WriteFile(ledger, []byte(text+`{"checkp`), 0o600)
	s = start(t, &Command{File: path})
	s.commit("S:2:y")
	expect(t, path, "ab")
	s.crash()

	// Anything else is damage, and nothing is cut: no bit of it may be another one.
	for i := range len(text) - 1 {
		damaged := []byte(text)
		damaged[i] ^= 1 << (i % 8)
		os.WriteFile(ledger, damaged, 0o600)
		s = start(t, &Command{File: path})
		s.env.Controlled = true
		if err := s.c.Commit(s.ctx, "S:1:z"); err == nil || !strings.Contains(err.Error(), ": damaged") {
			t.Errorf("%.20q: got %v", damaged[i:], err)
		}
		expect(t, path, "ab")
		s.c.Close()
	}
}

// TestRandomCrashes lets one source send numbered events in windows and crashes
// at any moment. In the end each event is there, once, and in order.
func TestRandomCrashes(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		newCommand := func() *Command {
			if seed%2 == 0 {
				return &Command{File: dir + "/f"}
			}
			return &Command{File: dir + "/{event[extra.n]}", FormatFilename: true}
		}
		const windows, perWindow = 8, 4
		acked, done := 0, false // the source's durable state
		for run := 0; !done; run++ {
			s := start(t, newCommand())
			s.files().Limit(2)
			nonce := fmt.Sprint("r", run)
			s.commit(fmt.Sprintf("S:%d:%s", acked, nonce))
			crashed := func() bool {
				if run > 12 || r.IntN(25) > 0 {
					return false
				}
				s.crash()
				return true
			}()
			sent, back := acked, acked // windows sent, checkpoints that have come back
			for !crashed && acked < windows {
				if sent < windows && sent-acked < 3 && r.IntN(3) > 0 {
					sent++
					for i := range perWindow {
						n := sent*perWindow + i
						s.event(fmt.Sprintf(`{"extra.n":%d,"i":%d}`, n%5, n))
						if r.IntN(4) == 0 {
							s.written()
						}
						if r.IntN(40) == 0 && run < 12 {
							s.crash()
							crashed = true
							break
						}
					}
					if !crashed {
						s.checkpoint(fmt.Sprintf("S:%d:%s", sent, nonce))
						back = sent
					}
				} else if acked < back {
					acked++ // durable before the Commit is sent
					if r.IntN(10) == 0 && run < 12 {
						s.crash()
						crashed = true
					} else {
						s.commit(fmt.Sprintf("S:%d:%s", acked, nonce))
					}
				}
				if !crashed && r.IntN(30) == 0 && run < 12 {
					s.crash()
					crashed = true
				}
			}
			if !crashed {
				s.close()
			}
			done = !crashed
			if len(s.warnings) > 0 {
				t.Fatalf("seed %d: %q", seed, s.warnings)
			}
		}
		// A last run settles what a crash behind the last acknowledgement left.
		s := start(t, newCommand())
		s.commit(fmt.Sprintf("S:%d:last", acked))
		s.close()
		var got []string
		for _, name := range []string{"f", "0", "1", "2", "3", "4"} {
			if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				lines := strings.SplitAfter(string(text), "\n")
				if !slices.IsSortedFunc(lines[:len(lines)-1], func(a, b string) int { return len(a) - len(b) }) {
					t.Errorf("seed %d: order of %s: %q", seed, name, lines)
				}
				got = append(got, lines[:len(lines)-1]...)
			}
		}
		var want []string
		for n := perWindow; n < (windows+1)*perWindow; n++ {
			want = append(want, fmt.Sprintf("{\"extra.n\": %d, \"i\": %d}\n", n%5, n))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %q, want %q", seed, got, want)
		}
	}
}

func BenchmarkProcess(b *testing.B) {
	c := &Command{File: filepath.Join(b.TempDir(), "f"), EncodingErrorsMode: "strict"}
	ctx := context.Background()
	if err := c.Start(ctx, stage.Standalone()); err != nil {
		b.Fatal(err)
	}
	line := []byte(`{"feed.name":"Example","feed.url":"https://lists.example.org/lists/ssh.txt","time.observation":"2026-01-01T00:00:00+00:00","source.ip":"192.0.2.1","classification.type":"brute-force","__type":"Event"}`)
	m := event.New(event.Event, nil)
	if err := m.Decode(line); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Process(ctx, m, nil); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
}
