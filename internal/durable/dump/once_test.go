package dump

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/event"
)

// attempt is one pipeline of a source, or the first one of a process.
type attempt struct {
	*testing.T
	*Writer
	source, nonce string
}

var attempts int

// begin opens the stream of source, acknowledged up to number.
func begin(t *testing.T, path, source string, number uint64, room int64) *attempt {
	t.Helper()
	attempts++
	a := &attempt{t, NewWriter(path, "c", room, time.Now), source, fmt.Sprint(attempts)}
	a.commit(number)
	t.Cleanup(func() { a.Close() })
	return a
}

func (a *attempt) commit(number uint64) {
	a.Helper()
	if err := a.Committed(checkpoint.ID{Source: a.source, Number: number, Nonce: a.nonce}); err != nil {
		a.Fatal(err)
	}
}

// window puts messages into the dump, up to a checkpoint.
func (a *attempt) window(number uint64, messages ...string) {
	a.Helper()
	for _, m := range messages {
		if err := a.Add([]byte(m), event.Place{File: "f"}, errors.New("r")); err != nil {
			a.Fatal(err)
		}
	}
	a.checkpoint(number)
}

func (a *attempt) checkpoint(number uint64) {
	a.Helper()
	if err := a.Sync(); err != nil {
		a.Fatal(err)
	}
	a.Checkpointed(checkpoint.ID{Source: a.source, Number: number, Nonce: a.nonce})
}

// entriesOf returns the entries of the dump at path. Each has an id of its own.
func entriesOf(t *testing.T, path string) []Entry {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	entries, _ := readAll(t, string(text))
	ids := map[ID]bool{}
	for _, e := range entries {
		if ids[e.ID] || e.ID.String()[0] < 'a' {
			t.Errorf("the id %v", e.ID)
		}
		ids[e.ID] = true
	}
	return entries
}

// texts are the messages of entries with the windows in which they have failed.
func texts(entries []Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%d%s", e.Window, e.Message))
	}
	return strings.Join(all, " ")
}

// TestStoredOnce sends a window again and again, as a source does whose output is
// broken for a while.
func TestStoredOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	for n := range 16 {
		a := begin(t, path, "S", 4, 1<<30)
		var messages []string
		for i := range 500 {
			messages = append(messages, fmt.Sprintf(`{"time.observation":"%d","n":%d}`, n, i/2)) // each twice
		}
		if n == 0 {
			messages = messages[:100] // the first one is killed in the middle
		}
		a.window(5, messages...)
		a.Close()
	}
	if entries := entriesOf(t, path); len(entries) != 500 {
		t.Errorf("%d entries", len(entries))
	}
}

// TestWindows tells what comes again from what only looks the same.
func TestWindows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	a := begin(t, path, "S", 0, 1<<30)
	a.window(1, "x")
	a.window(2, "x", "x")
	a.window(3, "y")
	a.commit(1)
	a.window(4, "x")
	// Window 1 is acknowledged, and does not come again.
	b := begin(t, path, "S", 1, 1<<30)
	b.window(2, "x", "x", "x")
	b.window(3, "y")
	b.commit(2)
	b.window(4, "x")
	if got, want := texts(entriesOf(t, path)), "1x 2x 2x 3y 4x 2x"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// The next one knows of windows above the second alone, and after a Commit
	// only of what is above that.
	c := begin(t, path, "S", 2, 1<<30)
	if c.window(3, "y"); len(c.known) != 2 {
		t.Errorf("%v", c.known)
	}
	if c.commit(3); len(c.known) != 1 {
		t.Errorf("%v", c.known)
	}
	// Another source, another command and a bare pipe have windows of their own.
	begin(t, path, "T", 2, 1<<30).window(3, "y")
	d := begin(t, path, "S", 2, 1<<30)
	d.command = "d"
	d.window(3, "y")
	for range 2 {
		if err := NewWriter(path, "c", 1<<30, time.Now).Add([]byte("y"), event.Place{}, errors.New("r")); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := texts(entriesOf(t, path)), "1x 2x 2x 3y 4x 2x 3y 3y 0y 0y"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// One process may run several pipelines.
	d.nonce = "next"
	d.commit(2)
	if d.window(3, "y", "y"); texts(entriesOf(t, path)) != "1x 2x 2x 3y 4x 2x 3y 3y 0y 0y 3y" {
		t.Error(texts(entriesOf(t, path)))
	}
}

// TestReplayedOnce knows what a replay sends by the entry it comes from, in
// whichever window it is.
func TestReplayedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	for n := range 3 {
		a := begin(t, path, "R", uint64(n), 1<<30)
		if n == 2 {
			a.checkpoint(2)
		}
		for i := range uint64(3) {
			place := event.Place{File: "f", Again: &event.Again{Entry: 1<<63 + i/2, Time: "first"}}
			if err := a.Add([]byte("x"), place, errors.New("r")); err != nil {
				t.Fatal(err)
			}
		}
		a.checkpoint(uint64(n + 1))
		a.Close()
	}
	entries := entriesOf(t, path)
	if len(entries) != 3 || entries[1].Again != 1<<63 || entries[2].Again != 1<<63+1 || entries[2].Time != "first" {
		t.Errorf("%+v", entries)
	}
}

// TestLargeOnce is TestStoredOnce for what lies beside the dump.
func TestLargeOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.dump")
	report := func(observed, content string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, `{"feed.name":"N","time.observation":"`+observed+`","raw":"`+content)
			if err == nil {
				_, err = io.WriteString(w, `"}`)
			}
			return err
		}
	}
	large := strings.Repeat("A", 200_000)
	for _, c := range []struct {
		observed, content string
		entries           int
	}{{"1", large, 1}, {"2", large, 1}, {"3", "short", 2}, {"4", "short", 2}, {"5", large + "A", 3}, {"6", large[1:], 4}} {
		a := begin(t, path, "S", 4, 1<<30)
		if err := a.Large(report(c.observed, c.content), event.Place{File: "f"}, errors.New("r"), true); err != nil {
			t.Fatal(err)
		}
		a.checkpoint(5)
		a.Close()
		files, _ := filepath.Glob(path + ".*")
		if got := len(entriesOf(t, path)); got != c.entries || len(files) != max(1, c.entries-1) {
			t.Errorf("%s: %d entries, %d files", c.observed, got, len(files))
		}
	}
}

// TestKnownWhileFull goes on with what is in the dump, however full that is.
func TestKnownWhileFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	begin(t, path, "S", 4, 100).window(5, "x")
	large := func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat("x", 100_000))
		return err
	}
	var full *FullError
	a := begin(t, path, "S", 4, 100)
	a.window(4, "x")
	if err := a.Add([]byte("y"), event.Place{}, errors.New("r")); !errors.As(err, &full) {
		t.Errorf("another one: %v", err)
	}
	if err := a.Large(large, event.Place{}, errors.New("r"), true); !errors.As(err, &full) {
		t.Errorf("a large one: %v", err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	a = begin(t, path, "S", 4, 200_000)
	if err := a.Large(large, event.Place{}, errors.New("r"), true); err != nil {
		t.Fatal(err)
	}
	a = begin(t, path, "S", 4, 100)
	if err := a.Large(large, event.Place{}, errors.New("r"), true); err != nil {
		t.Errorf("a large one that is there: %v", err)
	}
	if got := entriesOf(t, path); len(got) != 2 {
		t.Errorf("%d entries", len(got))
	}
}

// TestQuota fills the dump for one source after the other, which several writers
// do at once.
func TestQuota(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	const room = 2000
	add := func(d *Writer) error { return d.Add([]byte("x"), event.Place{File: "f"}, errors.New("r")) }
	fill := func(name string, writers ...*Writer) {
		t.Helper()
		for n := 0; ; n++ {
			d := writers[n%len(writers)]
			err := d.Full()
			if err == nil {
				err = add(d)
			}
			var full *FullError
			if errors.As(err, &full) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if n > 100 {
				t.Fatalf("%s: is never full", name)
			}
		}
		own := 0
		text, _ := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if writers[0].owns([]byte(line)) {
				own += len(line)
			}
		}
		if own < room || own > room+room/5 {
			t.Errorf("%s: is full at %d bytes", name, own)
		}
	}
	s, s2, other := begin(t, path, "S", 0, room), begin(t, path, "S", 0, room), begin(t, path, "SS", 0, room)
	bare, bare2 := NewWriter(path, "c", room, time.Now), NewWriter(path, "c", room, time.Now)
	s2.window(1)
	for _, d := range []*Writer{s.Writer, other.Writer, bare} { // all know a dump of few entries
		if err := d.Full(); err != nil {
			t.Fatal(err)
		}
	}
	fill("a source", s.Writer, s2.Writer)
	fill("another source", other.Writer)
	fill("bare pipes", bare, bare2)
	if err := os.WriteFile(path+".1", make([]byte, 3*room), 0o600); err != nil {
		t.Fatal(err)
	}
	e := Entry{ID: 1<<63 + 1, Source: "L", Kept: "c.dump.1", Bytes: 3 * room}
	line, err := e.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Write(line)
	f.Close()
	fill("with a large one of somebody else", begin(t, path, "U", 0, room).Writer)
	if err := begin(t, path, "L", 0, room).Full(); err == nil {
		t.Error("the one who has a large one is not full")
	}
	// Somebody makes room.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + ".1"); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Writer{s.Writer, bare} {
		if err := d.Full(); err != nil {
			t.Error(err)
		}
	}
	fill("a source, again", s.Writer, s2.Writer)
}

// TestFormat refuses a dump that another version has written, before anything is
// added to it. One that is damaged takes more.
func TestFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.dump")
	const rest = `"time":"T","command":"c","reason":"r","file":"f","source":"S","window":5,"message":"x"}` + "\n"
	for text, refused := range map[string]bool{
		"{" + rest: true, `{"id":"a000000000000001","format":2,` + rest: true,
		`{"id":"a000000000000001",` + rest: false, "?\n": false, "{" + strings.TrimSuffix(rest, "\n"): false, "": false,
	} {
		for _, source := range []string{"", "S"} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			d := NewWriter(path, "c", 1<<30, time.Now)
			var err error
			if source != "" {
				err = d.Committed(checkpoint.ID{Source: source, Number: 4})
			}
			if err == nil {
				err = d.Add([]byte("y"), event.Place{}, errors.New("r"))
			}
			if errors.Is(err, errFormat) != refused || refused && !strings.Contains(err.Error(), path) || !refused && err != nil {
				t.Errorf("%q, %s: %v", text, source, err)
			}
			if now, _ := os.ReadFile(path); refused && string(now) != text {
				t.Errorf("%q has become %q", text, now)
			}
			d.Close()
		}
	}
}

// TestClaim is held by one, and tells the next one what was gone.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.dump")
	take := func() *Claim {
		t.Helper()
		c, err := TakeClaim(path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	gone := func(want ...ID) {
		t.Helper()
		got, err := Gone(path)
		if err != nil || len(got) != len(want) {
			t.Errorf("%v, %v", got, err)
		}
		for _, id := range want {
			if !got[id] {
				t.Errorf("%v is not gone", id)
			}
		}
	}
	c := take()
	if _, err := TakeClaim(path); err == nil || !strings.Contains(err.Error(), "in use by") {
		t.Errorf("a second one: %v", err)
	}
	gone()
	for _, ids := range [][]ID{{1 << 63, 1<<63 + 1}, {1<<63 + 2}} {
		if err := c.Add(ids); err != nil {
			t.Fatal(err)
		}
	}
	gone(1<<63, 1<<63+1, 1<<63+2)
	c.file.Write([]byte(`{"gone":["a0`)) // and it dies
	c.file.Close()
	gone(1<<63, 1<<63+1, 1<<63+2)
	next := take()
	if next.Name != c.Name || !next.Found() || len(next.Gone()) != 3 {
		t.Errorf("%+v", next)
	}
	if err := next.Removed(); err != nil {
		t.Fatal(err)
	}
	gone()
	if err := next.Close(true); err != nil {
		t.Fatal(err)
	}
	last := take()
	if last.Name != c.Name || len(last.Gone()) != 0 {
		t.Errorf("%+v", last)
	}
	if err := last.Close(false); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if fresh := take(); fresh.Name == c.Name || fresh.Found() {
		t.Errorf("%+v", fresh)
	} else {
		fresh.Close(false)
	}
	for _, text := range []string{`{"format":2,"replay":"x"}`, `{"replay":"x"}`, `{"format":1}`} {
		if err := os.WriteFile(claimPath(path), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := TakeClaim(path); !errors.Is(err, errClaim) || !strings.Contains(err.Error(), claimPath(path)) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Gone(path); !errors.Is(err, errClaim) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
