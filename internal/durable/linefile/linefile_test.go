package linefile

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

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

func open(t *testing.T, path string) *Files {
	t.Helper()
	f, err := Open(t.Context(), path, t.Errorf)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := open(t, path)
	fs := newFiles(filepath.Dir(path), nil)
	fs.wait = 0
	_, err := fs.get(context.Background(), "f")
	var locked *disk.LockedError
	if !errors.As(err, &locked) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := fs.get(context.Background(), "f"); err != nil {
		t.Error(err)
	}
	fs.close()
}

// TestFormat refuses a ledger of another format in plain words.
func TestFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, n := range []int{0, 2} {
		line, err := encode(&record{Format: n, Begin: []size{{"f", 1, 0}}})
		if err != nil {
			t.Fatal(err)
		}
		f := open(t, path)
		if err := os.WriteFile(f.Ledger(), line, 0o600); err != nil {
			t.Fatal(err)
		}
		err = f.Commit(t.Context(), "S:0:n")
		if want := fmt.Sprintf("%s: this is format %d and not 1", f.Ledger(), n); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("format %d: %v", n, err)
		}
		f.Close()
	}
}

// TestOneOfTwoSources lets two sources write one after the other: the Commit of
// the one cuts off nothing of the other, and no line comes twice.
func TestOneOfTwoSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	add := func(f *Files, source string, n int) {
		t.Helper()
		if err := f.Append(t.Context(), "", fmt.Appendf(nil, "%s%d", source, n), true); err != nil {
			t.Fatal(err)
		}
		if err := f.Checkpoint(t.Context(), fmt.Sprintf("%s:%d:n", source, n)); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(f *Files, id string) {
		t.Helper()
		if err := f.Commit(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	warned := 0
	f, err := Open(t.Context(), path, func(string, ...any) { warned++ })
	if err != nil {
		t.Fatal(err)
	}
	commit(f, "A:0:n")
	add(f, "A", 1)
	add(f, "A", 2)
	commit(f, "B:0:n")
	add(f, "B", 1)
	commit(f, "B:1:n")
	f.Crash()
	f, err = Open(t.Context(), path, func(string, ...any) { warned++ })
	if err != nil {
		t.Fatal(err)
	}
	commit(f, "A:1:m") // its second window has lines of B behind it
	text, _ := os.ReadFile(path)
	if string(text) != "A1\nA2\nB1\n" {
		t.Errorf("%q", text)
	}
	add(f, "A", 2)
	commit(f, "A:2:m")
	add(f, "A", 2) // another one that only looks the same
	commit(f, "A:3:m")
	f.Close()
	text, _ = os.ReadFile(path)
	if string(text) != "A1\nA2\nB1\nA2\n" || warned > 0 {
		t.Errorf("%q, %d warnings", text, warned)
	}
}

// TestSourcesInTurn lets three sources write to one file, which die at any time and
// come back in any order, also one after the other in one process. Each line is
// there as often as its source has sent it, whatever stands between.
func TestSourcesInTurn(t *testing.T) {
	const windows, lines = 8, 4
	type source struct {
		acked int
		name  string
	}
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 9))
		path := filepath.Join(t.TempDir(), "f")
		sources := []*source{{name: "A"}, {name: "B"}, {name: "C"}}
		for run := 0; slices.ContainsFunc(sources, func(s *source) bool { return s.acked < windows }); run++ {
			f := open(t, path)
			steps, death := 0, r.IntN(50)
			alive := func() bool { steps++; return steps < death || run > 30 }
			turns := 1 + r.IntN(2)
			for range turns {
				s := sources[r.IntN(len(sources))]
				id := func(n int) string { return fmt.Sprintf("%s:%d:%d", s.name, n, run) }
				check := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatalf("seed %d: %v", seed, err)
					}
				}
				if !alive() {
					break
				}
				check(f.Commit(t.Context(), id(s.acked)))
				for w := s.acked + 1; w <= windows && alive(); w++ {
					for n := 0; n < lines && alive(); n++ {
						check(f.Append(t.Context(), "", fmt.Appendf(nil, "%s%d", s.name, w*lines/3+n/2), true))
						if r.IntN(4) == 0 {
							check(f.Flush())
						}
					}
					if !alive() {
						break
					}
					check(f.Checkpoint(t.Context(), id(w)))
					if r.IntN(2) == 0 || w == windows {
						if !alive() {
							break
						}
						s.acked = w
						if !alive() {
							break
						}
						check(f.Commit(t.Context(), id(w)))
					}
				}
				if s.acked < windows {
					break // it has died, and the process with it
				}
			}
			if r.IntN(2) == 0 {
				f.Crash()
			} else if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		for _, s := range sources {
			for w := 1; w <= windows; w++ {
				for n := range lines {
					want = append(want, fmt.Sprintf("%s%d", s.name, w*lines/3+n/2))
				}
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Fields(string(text))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %v\nwant %v", seed, got, want)
		}
	}
}

// TestKilledAnywhere is a side path as the runtime uses it: lines are appended and
// flushed at any time, and after each death the source sends again what it does
// not know to be acknowledged. Each line is there once.
func TestKilledAnywhere(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 8))
		path := filepath.Join(t.TempDir(), "side")
		acked, open := 0, 3
		const windows, lines = 12, 5
		for run := 0; acked < windows; run++ {
			f, err := Open(t.Context(), path, t.Errorf)
			if err != nil {
				t.Fatal(err)
			}
			nonce := fmt.Sprint("n", run)
			death := r.IntN(60)
			steps := 0
			alive := func() bool { steps++; return run > 5 || steps < death }
			if err := f.Commit(t.Context(), fmt.Sprintf("S:%d:%s", acked, nonce)); err != nil {
				t.Fatal(err)
			}
			known := acked
			for w := acked + 1; w <= windows && alive(); w++ {
				for n := range lines {
					if !alive() {
						break
					}
					if err := f.Append(t.Context(), "", fmt.Appendf(nil, "%d-%d", w, n), true); err != nil {
						t.Fatal(err)
					}
					if r.IntN(4) == 0 {
						f.Flush()
					}
				}
				if !alive() {
					break
				}
				if err := f.Checkpoint(t.Context(), fmt.Sprintf("S:%d:%s", w, nonce)); err != nil {
					t.Fatal(err)
				}
				if w-known >= open || w == windows {
					if !alive() {
						break
					}
					known = w - r.IntN(open)
					if w == windows {
						known = w
					}
					known = max(known, acked)
					acked = known // durable at the source
					if alive() {
						f.Commit(t.Context(), fmt.Sprintf("S:%d:%s", known, nonce))
					}
				}
			}
			f.Crash()
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Fields(string(text))
		slices.Sort(got)
		if unique := slices.Compact(slices.Clone(got)); len(got) != windows*lines || len(unique) != len(got) {
			t.Fatalf("seed %d: %d lines, %d of them different, want %d", seed, len(got), len(unique), windows*lines)
		}
	}
}
