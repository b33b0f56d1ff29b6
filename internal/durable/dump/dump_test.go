package dump

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
)

// readAll returns the entries of a dump, and how many lines it has.
func readAll(t *testing.T, text string) (entries []Entry, lines int) {
	t.Helper()
	if err := Read(strings.NewReader(text), func(e []Entry, _ []byte) bool {
		entries = append(entries, e...)
		lines++
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return entries, lines
}

// failures are n entries that have failed in a row.
func failures(n int) []Entry {
	var all []Entry
	for i := range n {
		e := Entry{ID: NewID(uint64(i)), Source: "S", Window: 7, Again: ID(i % 2), Time: "T", Command: "c", Reason: "r", File: "f", Line: int64(i + 1)}
		text := fmt.Sprintf(`{"a":"äöü","n":"%d"}`, i)
		switch i % 5 {
		case 1:
			text = text[:7] // in the middle of a character
		case 2:
			e.Reason, e.Column = "other", 7
		case 3:
			text = text[:6] + "\xff"
		}
		e.SetText([]byte(text))
		all = append(all, e)
	}
	return all
}

func TestBurst(t *testing.T) {
	for _, c := range []struct{ n, lines int }{{1, 1}, {fewEntries - 1, fewEntries - 1}, {fewEntries, 1}, {500, 1}, {10_000, 4}} {
		want := failures(c.n)
		text, err := AppendAll(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, lines := readAll(t, string(text))
		if !reflect.DeepEqual(got, want) || lines != c.lines {
			t.Errorf("%d entries: %d lines, %d are back", c.n, lines, len(got))
		}
	}
	// One of another kind stands by itself, and one of another window.
	mixed := failures(50)
	mixed[20].Kept, mixed[20].Message = "f.dump.1", ""
	mixed[40].Time = "later"
	mixed[30].Window = 8
	text, err := AppendAll(nil, mixed)
	if err != nil {
		t.Fatal(err)
	}
	if got, lines := readAll(t, string(text)); !reflect.DeepEqual(got, mixed) || lines != 1+1+9+1+9+1+9 {
		t.Errorf("%d lines: %s", lines, text)
	}
}

func TestBurstWrong(t *testing.T) {
	for _, more := range []string{`{"id":"b000000000000001","same":3}`, `{"id":"b000000000000001","same":-1}`, `{"same":1}`, `{"id":"b","same":1}`,
		`{"id":"b000000000000001","base64":"?"}`, `{"id":"b000000000000001","message":"` + strings.Repeat("x", 3*burstBytes) + `"},{"id":"b000000000000002","same":1}`} {
		text := `{"id":"a000000000000001","time":"T","command":"c","reason":"r","file":"f","message":"ab","more":[` + more + "]}\n"
		if err := Read(strings.NewReader(text), func([]Entry, []byte) bool { return true }); err == nil || !strings.Contains(err.Error(), "line 1 is no entry") {
			t.Errorf("%.60s: %v", more, err)
		}
	}
}

// TestWriterIsEconomical: many lines that fail make no dump of many times their size.
func TestWriterIsEconomical(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "c.dump")
	w := NewWriter(path, "c", 1<<30, time.Now)
	head := `{"extra.file_name":"junk.csv","feed.accuracy":100.0,"feed.name":"A feed of junk","raw":"`
	size, entries := 0, 5000
	for i := range entries {
		line := fmt.Sprintf("line %d of what is no table at all", i)
		size += len(line)
		if err := w.Add([]byte(head+line+`"}`), event.Place{File: "junk.csv", Line: int64(i + 1)}, errors.New("the row ends before column 2")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := readAll(t, string(text))
	if len(got) != entries || got[entries-1].Line != int64(entries) || got[1].Message != head+`line 1 of what is no table at all"}` || len(text) > 3*size {
		t.Errorf("%d entries in %d bytes, of %d", len(got), len(text), size)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestFull asks before more is read, also of a dump that was full before, and
// counts what lies beside it.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	add := func(w *Writer) {
		t.Helper()
		if err := w.Add([]byte("{"), event.Place{File: "f"}, errors.New("r")); err != nil {
			t.Fatal(err)
		}
	}
	var full *FullError
	w := NewWriter(path, "c", 200, time.Now)
	for n := range 2 {
		if err := w.Full(); err != nil {
			t.Errorf("%d entries: %v", n, err)
		}
		add(w)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Full(); !errors.As(err, &full) || !strings.Contains(err.Error(), path) {
		t.Errorf("two entries: %v", err)
	}
	if err := NewWriter(path, "c", 200, time.Now).Full(); !errors.As(err, &full) {
		t.Errorf("the next run: %v", err)
	}
	if err := NewWriter(path, "c", 1000, time.Now).Full(); err != nil {
		t.Errorf("with more room: %v", err)
	}
	if err := os.WriteFile(path+".1", make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewWriter(path, "c", 1000, time.Now).Full(); !errors.As(err, &full) {
		t.Errorf("with a large one beside it: %v", err)
	}
	if err := NewWriter(filepath.Join(path, "c.dump"), "c", 1000, time.Now).Full(); err == nil || errors.As(err, &full) {
		t.Errorf("where there is no directory: %v", err)
	}
}

// TestTrail finds messages that are the same in the order in which they were
// sent, also when more are sent later.
func TestTrail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trail")
	sent, err := CreateTrail(path)
	if err != nil {
		t.Fatal(err)
	}
	defer sent.Close()
	failed, err := OpenTrail(path)
	if err != nil {
		t.Fatal(err)
	}
	defer failed.Close()
	send := func(entries ...int) {
		for _, n := range entries {
			if err := sent.Sent(uint64(1+n%2), &event.Again{Entry: uint64(n), Time: "T", File: "f", Line: int64(n)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	find := func(sum uint64, want int64) {
		t.Helper()
		a, err := failed.Find(sum)
		switch {
		case err != nil || (a == nil) != (want == 0) || a != nil && (a.Line != want || a.Time != "T" || a.File != "f"):
			t.Errorf("%d: %+v, %v, want %d", sum, a, err, want)
		case a != nil:
			err = failed.Failed(a, 0)
		default:
			err = failed.Failed(nil, sum)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	send(1, 2, 3)
	find(2, 1)
	find(7, 0)
	send(4, 5)
	find(7, 0)
	find(2, 3)
	find(2, 5)
	find(2, 5)
	find(1, 2)
	entries, others := map[ID]bool{}, map[uint64]bool{}
	for range 2 { // they stay when the trail begins anew
		err := sent.Failures(entries, others)
		if want := map[ID]bool{1: true, 2: true, 3: true, 5: true}; err != nil || !reflect.DeepEqual(entries, want) || !reflect.DeepEqual(others, map[uint64]bool{7: true}) {
			t.Errorf("%v, %v, %v", entries, others, err)
		}
		if err := sent.Clear(); err != nil {
			t.Fatal(err)
		}
	}
}
