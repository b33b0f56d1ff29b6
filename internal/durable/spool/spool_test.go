package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/look"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
	"github.com/intelpipe/intelpipe/internal/event"
)

func message(t testing.TB, line string) *event.Message {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatal(err)
	}
	return m
}

func line(n int) string { return fmt.Sprintf(`{"source.ip":"192.0.2.%d","extra.n":%d}`, n%256, n) }

func openWriter(t testing.TB, dir string, opt Options) *Writer {
	t.Helper()
	w, err := OpenWriter(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.abandon)
	return w
}

func openReader(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := OpenReader(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.abandon)
	return r
}

// abandoning is held while a writer dies: a test may let it die, and its end once more.
var abandoning sync.Mutex

// abandon is what kill -9 does to a writer: its locks go, and nothing else.
func (w *Writer) abandon() {
	abandoning.Lock()
	defer abandoning.Unlock()
	w.wait()
	if w.seg != nil {
		w.seg.f.Close()
		w.seg = nil
	}
	for _, l := range w.locks {
		l.Unlock()
	}
	w.locks = nil
	w.closed, w.err = true, errClosed
}

func (r *Reader) abandon() {
	for _, s := range r.held {
		s.f.Close()
	}
	r.held = nil
}

func check1(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add appends the events from to to.
func add(t testing.TB, w *Writer, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		check1(t, w.Append(t.Context(), message(t, line(n))))
	}
}

func lines(from, to int) []string {
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, line(n))
	}
	return all
}

// drain takes and acknowledges everything.
func drain(t testing.TB, r *Reader) []string {
	t.Helper()
	var all []string
	for {
		s, err := r.Next(t.Context(), false)
		if err == io.EOF {
			return all
		}
		check1(t, err)
		for l := range s.Lines() {
			all = append(all, string(l))
		}
		check1(t, r.Ack(s))
	}
}

func wantDrained(t testing.TB, dir string, want []string) {
	t.Helper()
	r := openReader(t, dir)
	if got := drain(t, r); !slices.Equal(got, want) {
		t.Errorf("got %d events %v, want %d", len(got), got, len(want))
	}
	check1(t, r.Close())
}

// files returns what is in the directories, with how many names there are.
func files(t testing.TB, dir string) string {
	t.Helper()
	var s []string
	for _, sub := range []string{layout.Tmp, layout.New, layout.Cur, layout.Bad} {
		names, err := layout.List(dir, sub)
		check1(t, err)
		s = append(s, fmt.Sprint(len(names)))
	}
	return strings.Join(s, " ")
}

func wantFiles(t testing.TB, dir, want string) {
	t.Helper()
	if got := files(t, dir); got != want {
		t.Errorf("files in tmp, new, cur, bad: %s, want %s", got, want)
	}
}

func TestPlainStream(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "spool")
	w := openWriter(t, dir, Options{SegmentBytes: 120})
	add(t, w, 1, 10)
	check1(t, w.wait())
	if names, _ := layout.List(dir, layout.New); len(names) == 0 {
		t.Error("nothing is sealed before the end")
	}
	for _, name := range must(layout.List(dir, layout.New)) {
		if info, _ := os.Stat(filepath.Join(dir, layout.New, name)); info.Size() > 120 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
	check1(t, w.Checkpoint(t.Context(), ""))
	check1(t, w.Commit(t.Context(), ""))
	check1(t, w.Close())
	wantFiles(t, dir, "0 4 0 0")
	wantDrained(t, dir, lines(1, 10))
	wantFiles(t, dir, "0 0 0 0")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestFlush publishes what nobody has seen yet. In a stream with control lines that
// is for Commit to do.
func TestFlush(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{})
	if w.Held() {
		t.Error("nothing is held")
	}
	add(t, w, 1, 2)
	wantFiles(t, dir, "1 0 0 0")
	if !w.Held() {
		t.Error("the segment is held")
	}
	check1(t, w.Flush())
	wantFiles(t, dir, "0 1 0 0")
	check1(t, w.Flush())
	if w.Held() {
		t.Error("nothing is held any longer")
	}
	check1(t, w.Close())
	wantDrained(t, dir, lines(1, 2))

	w = openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:0:n"))
	add(t, w, 3, 4)
	if w.Held() {
		t.Error("a window is held")
	}
	check1(t, w.Flush())
	wantFiles(t, dir, "1 0 0 0")
}

func TestLargeEvent(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 100})
	big := `{"extra.text":"` + strings.Repeat("x", 3*blockSize) + `"}`
	check1(t, w.Append(t.Context(), message(t, line(1))))
	check1(t, w.Append(t.Context(), message(t, big)))
	check1(t, w.Append(t.Context(), message(t, line(2))))
	check1(t, w.Close())
	wantDrained(t, dir, []string{line(1), big, line(2)})
}

func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		const segment, quota = 200, 1000
		var warned []string
		w := openWriter(t, dir, Options{SegmentBytes: segment, Quota: quota,
			Warn: func(f string, a ...any) { warned = append(warned, fmt.Sprintf(f, a...)) }})
		go func() {
			add(t, w, 1, 200)
			check1(t, w.Close())
		}()
		r := openReader(t, dir)
		var got []string
		for waited := 0; waited < 100; {
			time.Sleep(10 * poll)
			synctest.Wait()
			_, total, err := layout.Measure(dir)
			check1(t, err)
			if total > quota+segment {
				t.Fatalf("%d bytes, the quota is %d", total, quota)
			}
			s, err := r.Next(t.Context(), false)
			if err == io.EOF {
				break
			}
			check1(t, err)
			for l := range s.Lines() {
				got = append(got, string(l))
			}
			check1(t, r.Ack(s))
			waited++
		}
		if !slices.Equal(got, lines(1, 200)) {
			t.Errorf("got %d events", len(got))
		}
		if len(warned) == 0 || !strings.Contains(warned[0], dir) {
			t.Errorf("it waits without a word: %q", warned)
		}
	})
}

func TestQuotaEndsWithContext(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 50, Quota: 1})
	ctx, cancel := context.WithCancel(t.Context())
	check1(t, w.Append(ctx, message(t, line(1))))
	check1(t, w.Checkpoint(ctx, ""))
	cancel()
	if err := w.Append(ctx, message(t, line(2))); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

// A window larger than the quota must not wait for itself.
func TestQuotaSmallerThanWindow(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 50, Quota: 100})
	check1(t, w.Commit(t.Context(), "S:0:a"))
	add(t, w, 1, 20)
	check1(t, w.Checkpoint(t.Context(), "S:1:a"))
	add(t, w, 21, 22)
	check1(t, w.Commit(t.Context(), "S:1:a"))
	check1(t, w.Close())
	wantDrained(t, dir, lines(1, 20))
}

func TestCommitPublishes(t *testing.T) {
	for _, c := range []struct {
		name, opening string
		want          []string
	}{
		{"the last", "S:3:y", lines(1, 9)},
		{"the one before", "S:2:y", lines(1, 6)},
		{"none later", "S:1:y", lines(1, 3)},
		{"another source", "T:9:y", lines(1, 3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			w := openWriter(t, dir, Options{SegmentBytes: 100})
			check1(t, w.Commit(t.Context(), "S:0:x"))
			for n := range 3 {
				add(t, w, 3*n+1, 3*n+3)
				check1(t, w.Checkpoint(t.Context(), fmt.Sprintf("S:%d:x", n+1)))
			}
			wantFiles(t, dir, "6 0 0 0")
			check1(t, w.Commit(t.Context(), "S:1:x"))
			wantFiles(t, dir, "4 2 0 0")
			add(t, w, 100, 110) // no checkpoint comes for these
			check1(t, w.seg.flush())
			w.abandon()

			w = openWriter(t, dir, Options{})
			check1(t, w.Commit(t.Context(), c.opening))
			check1(t, w.Close())
			wantDrained(t, dir, c.want)
			if c.opening[0] == 'S' {
				wantFiles(t, dir, "0 0 0 0")
			} else {
				wantFiles(t, dir, "4 0 0 0") // they still wait
			}
		})
	}
}

// The last windows of a run that ended in order are not lost with its Commit.
func TestCloseKeepsWhatWaits(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:0:x"))
	add(t, w, 1, 2)
	check1(t, w.Checkpoint(t.Context(), "S:1:x"))
	add(t, w, 3, 4)
	check1(t, w.Close())
	wantFiles(t, dir, "1 0 0 0")
	w = openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:1:y"))
	check1(t, w.Close())
	wantDrained(t, dir, lines(1, 2))
}

func TestTwoSourcesAndTwoWriters(t *testing.T) {
	dir := t.TempDir()
	w1, w2 := openWriter(t, dir, Options{}), openWriter(t, dir, Options{})
	check1(t, w1.Commit(t.Context(), "a:b:0:x"))
	check1(t, w2.Commit(t.Context(), "a/b:0:x"))
	add(t, w1, 1, 1)
	add(t, w2, 2, 2)
	check1(t, w1.Checkpoint(t.Context(), "a:b:1:x"))
	check1(t, w2.Checkpoint(t.Context(), "a/b:1:x"))
	check1(t, w2.Commit(t.Context(), "a/b:1:x"))
	w1.abandon()
	// Another opener leaves alone what is not its own.
	w3 := openWriter(t, dir, Options{})
	check1(t, w3.Commit(t.Context(), "c:0:x"))
	wantDrained(t, dir, lines(2, 2))
	check1(t, w3.Commit(t.Context(), "a:b:1:z"))
	wantDrained(t, dir, lines(1, 1))
}

func TestOneRunOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w1, w2 := openWriter(t, dir, Options{}), openWriter(t, dir, Options{})
		check1(t, w1.Commit(t.Context(), "S:0:x"))
		if err := w2.Commit(t.Context(), "S:0:y"); err == nil || !strings.Contains(err.Error(), "in use by this process itself") {
			t.Errorf("got %v", err)
		}
		// A pipeline that is being killed is waited for.
		w3 := openWriter(t, dir, Options{})
		time.AfterFunc(time.Second, w1.abandon)
		check1(t, w3.Commit(t.Context(), "S:0:z"))
	})
}

// Two writers of one run have windows of the same numbers. What both leave is
// settled by whoever comes first in the next run, even if it comes alone.
func TestTwoWritersOfOneRun(t *testing.T) {
	dir := t.TempDir()
	w1, w2 := openWriter(t, dir, Options{}), openWriter(t, dir, Options{})
	both := func(do func(*Writer, context.Context, string) error, id string) {
		t.Helper()
		check1(t, do(w1, t.Context(), id))
		check1(t, do(w2, t.Context(), id))
	}
	window := func(n int) {
		t.Helper()
		add(t, w1, 2*n-1, 2*n-1)
		add(t, w2, 2*n, 2*n)
	}
	// The second one begins when the first one has windows already.
	check1(t, w1.Commit(t.Context(), "S:0:x"))
	add(t, w1, 1, 1)
	check1(t, w1.Checkpoint(t.Context(), "S:1:x"))
	add(t, w1, 3, 3)
	check1(t, w2.Commit(t.Context(), "S:0:x"))
	add(t, w2, 2, 2)
	check1(t, w2.Checkpoint(t.Context(), "S:1:x"))
	add(t, w2, 4, 4)
	both((*Writer).Checkpoint, "S:2:x")
	window(3)
	both((*Writer).Checkpoint, "S:3:x")
	wantFiles(t, dir, "6 0 0 0")
	check1(t, w1.Commit(t.Context(), "S:1:x"))
	wantFiles(t, dir, "5 1 0 0")
	check1(t, w2.Commit(t.Context(), "S:1:x"))
	wantDrained(t, dir, lines(1, 2))
	window(4) // no checkpoint comes for these
	check1(t, w1.Close())
	wantFiles(t, dir, "5 0 0 0")
	w2.abandon()

	w1 = openWriter(t, dir, Options{})
	check1(t, w1.Commit(t.Context(), "S:2:y"))
	w2 = openWriter(t, dir, Options{})
	check1(t, w2.Commit(t.Context(), "S:2:y"))
	wantFiles(t, dir, "0 2 0 0")
	wantDrained(t, dir, lines(3, 4))
}

// The checkpoint of a writer that died may still be on its way through the next
// one: then its window arrives, although that one begins only now.
func TestWriterThatDiedBeforeTheNextBegan(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:0:x"))
	add(t, w, 1, 1)
	check1(t, w.Checkpoint(t.Context(), "S:1:x"))
	w.abandon()
	w = openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:0:x"))
	add(t, w, 2, 2)
	check1(t, w.Checkpoint(t.Context(), "S:1:x"))
	w.abandon()
	w = openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:1:y"))
	wantDrained(t, dir, lines(1, 2))
}

func TestBadIDs(t *testing.T) {
	w := openWriter(t, t.TempDir(), Options{})
	for _, id := range []string{"a", "a:b", "a:1", ":1:n", "a:-1:n", "a:x:n", "a:18446744073709551616:n"} {
		if openWriter(t, t.TempDir(), Options{}).Commit(t.Context(), id) == nil {
			t.Errorf("%q is taken", id)
		}
	}
	if w.Checkpoint(t.Context(), "x") == nil || w.Append(t.Context(), message(t, "{}")) == nil {
		t.Error("the writer goes on after an error")
	}
}

func TestControlLineIsNoEvent(t *testing.T) {
	w := openWriter(t, t.TempDir(), Options{})
	if w.Append(t.Context(), message(t, `{"__type":"Commit","id":"S:1:x"}`)) == nil {
		t.Error("a control line was stored")
	}
	check1(t, w.Append(t.Context(), message(t, line(1))))
}

func TestRecoverPart(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          []string
		lost, said    string
	}{
		{"whole", line(1) + "\n" + line(2) + "\n", lines(1, 2), "", "recovered 2"},
		{"torn", line(1) + "\n" + line(2)[:9], lines(1, 1), "", "9 bytes are dropped"},
		{"whole without newline", line(1) + "\n" + line(2), lines(1, 2), "", "recovered 2"},
		{"only torn", line(1)[:9], nil, "", "dropped"},
		{"empty", "", nil, "", ""},
		{"a hole", line(1) + "\n" + strings.Repeat("\x00", 30) + "\n" + line(2) + "\n", lines(1, 2), strings.Repeat("\x00", 30) + "\n", "1 lines"},
		{"forged", line(1) + "\n" + `{"__type":"Commit","id":"S:1:x"}` + "\n", lines(1, 1), `{"__type":"Commit","id":"S:1:x"}` + "\n", "1 lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			check1(t, layout.Create(dir))
			check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, "abc.part"), []byte(c.content), 0o600))
			check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, "abd.window@S"), []byte(c.content), 0o600))
			var said []string
			r, err := OpenReader(dir, Options{Warn: func(f string, a ...any) { said = append(said, fmt.Sprintf(f, a...)) }})
			check1(t, err)
			if got := drain(t, r); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if b, _ := os.ReadFile(filepath.Join(dir, layout.Bad, "abc.part.lost")); string(b) != c.lost {
				t.Errorf("lost %q, want %q", b, c.lost)
			}
			if !strings.Contains(strings.Join(said, "\n"), c.said) {
				t.Errorf("said %q", said)
			}
			if names := must(layout.List(dir, layout.Tmp)); len(names) > 0 {
				t.Errorf("left %q", names)
			}
		})
	}
}

func TestLivingWriterIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	w, v := openWriter(t, dir, Options{}), openWriter(t, dir, Options{})
	add(t, w, 1, 1)
	check1(t, w.seg.flush())
	check1(t, v.Commit(t.Context(), "S:0:x"))
	add(t, v, 5, 5)
	check1(t, v.seg.flush())
	wantDrained(t, dir, nil)
	wantFiles(t, dir, "2 0 0 0")
	add(t, w, 2, 2)
	check1(t, w.Close())
	check1(t, v.Close())
	wantDrained(t, dir, lines(1, 2))
}

func TestClaims(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 4)
	check1(t, w.Close())
	a, b := openReader(t, dir), openReader(t, dir)
	next := func(r *Reader) *Segment {
		t.Helper()
		s, err := r.Next(t.Context(), false)
		check1(t, err)
		return s
	}
	want := func(s *Segment, n int) {
		t.Helper()
		if got := strings.TrimSpace(string(s.Data)); got != line(n) {
			t.Errorf("got %s, want event %d", got, n)
		}
	}
	a1, b2, a3 := next(a), next(b), next(a)
	want(a1, 1)
	want(b2, 2)
	want(a3, 3)
	check1(t, b.Release(b2))
	a.abandon() // both are free
	for n := 1; n <= 4; n++ {
		s := next(b)
		want(s, map[int]int{1: 4, 2: 1, 3: 3, 4: 2}[n]) // 4 was seen before; then what is orphaned
		s.Drop()
		check1(t, b.Load(s))
	}
	if _, err := b.Next(t.Context(), false); err != io.EOF {
		t.Errorf("got %v", err)
	}
	check1(t, b.Close())
	wantDrained(t, dir, lines(1, 4))
}

// TestOnce has a writer that adds an event for each that a consumer takes. The
// consumer gets what was there at its start, and comes to an end.
func TestOnce(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	next := 1
	publish := func() {
		add(t, w, next, next)
		check1(t, w.Checkpoint(t.Context(), ""))
		next++
	}
	for range 4 {
		publish()
	}
	r := must(OpenReader(dir, Options{Once: true}))
	var got []string
	for {
		s, err := r.Next(t.Context(), false)
		if err == io.EOF {
			break
		}
		check1(t, err)
		got = append(got, strings.TrimSpace(string(s.Data)))
		check1(t, r.Ack(s))
		if publish(); next > 100 {
			t.Fatal("the writer keeps the consumer")
		}
	}
	check1(t, r.Close())
	if !slices.Equal(got, lines(1, 4)) {
		t.Errorf("got %q", got)
	}
	// What a dead writer has left was there, too.
	add(t, w, 9, 9)
	check1(t, w.seg.flush())
	w.abandon()
	r = must(OpenReader(dir, Options{Once: true}))
	if got := drain(t, r); !slices.Equal(got, lines(5, 9)) {
		t.Errorf("then got %q", got)
	}
	check1(t, r.Close())
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w := openWriter(t, dir, Options{})
		r := openReader(t, dir)
		time.AfterFunc(time.Minute, func() { add(t, w, 1, 1); check1(t, w.Checkpoint(t.Context(), "")) })
		begin := time.Now()
		s, err := r.Next(t.Context(), true)
		check1(t, err)
		if d := time.Since(begin); d < time.Minute || d > time.Minute+poll {
			t.Errorf("it came after %v", d)
		}
		check1(t, r.Ack(s))
		// What a writer leaves that dies meanwhile comes, too.
		add(t, w, 2, 2)
		check1(t, w.seg.flush())
		time.AfterFunc(time.Minute, w.abandon)
		s, err = r.Next(t.Context(), true)
		check1(t, err)
		check1(t, r.Ack(s))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		if _, err := r.Next(ctx, true); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAckAs(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 200)
	check1(t, w.Close())
	r := openReader(t, dir)
	for n := uint64(1); n <= 150; n++ {
		s, err := r.Next(t.Context(), false)
		check1(t, err)
		check1(t, r.AckAs(s, "my/source", n))
		if n == 100 && r.AckAs(s, "my/source", n) == nil {
			t.Error("a number was acknowledged twice")
		}
	}
	r.abandon()
	r = openReader(t, dir)
	for source, want := range map[string]uint64{"my/source": 150, "my": 0} {
		if n, err := r.Acknowledged(source); n != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", source, n, err, want)
		}
	}
	if _, total, _ := layout.Measure(dir); total == 0 {
		t.Error("the rest is gone")
	}
	if got := drain(t, r); !slices.Equal(got, lines(151, 200)) {
		t.Errorf("got %d events", len(got))
	}
	check1(t, r.Close())
	entries, _ := os.ReadDir(filepath.Join(dir, layout.Cur))
	if len(entries) != 1 || entries[0].Name() != ".acked@150@my%2Fsource" {
		t.Errorf("left %v", entries)
	}
}

func TestPeekChangesNothing(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 4)
	check1(t, w.Close())
	r := openReader(t, dir)
	_, err := r.Next(t.Context(), false)
	check1(t, err)
	names := must(layout.List(dir, layout.New))
	path := filepath.Join(dir, layout.New, names[1])
	b := must(os.ReadFile(path))
	b[20] ^= 1
	check1(t, os.WriteFile(path, b, 0o600))
	var got []string
	var bad []error
	for s, err := range look.Peek(dir) {
		if err != nil {
			bad = append(bad, err)
			continue
		}
		for l := range s.Lines() {
			got = append(got, string(l))
		}
	}
	if want := []string{line(1), line(2), line(4)}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	var d *segment.DamagedError
	if len(bad) != 1 || !errors.As(bad[0], &d) || d.Path != path {
		t.Errorf("got %v", bad)
	}
	wantFiles(t, dir, "0 3 1 0")
	for _, err := range look.Peek(t.TempDir()) {
		if err == nil || !strings.Contains(err.Error(), "no spool") {
			t.Errorf("got %v", err)
		}
	}
}

// A clock that goes back does not change the order of what is there.
func TestOrderWithoutClock(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_800_000_000, 0)
	opt := Options{SegmentBytes: 40, Now: func() time.Time { return now }}
	w := openWriter(t, dir, opt)
	add(t, w, 1, 3)
	check1(t, w.Close())
	now = now.Add(-time.Hour)
	w = openWriter(t, dir, opt)
	add(t, w, 4, 6)
	check1(t, w.Close())
	wantDrained(t, dir, lines(1, 6))
}

func TestNamesOfSources(t *testing.T) {
	long := strings.Repeat("ü/", 200)
	seen := map[string]string{}
	for _, s := range []string{"a", "A", "a:b", "a/b", "a%2Fb", "a@b", "..", ".", "a~b", long, long + "x", long[:120], strings.Repeat("x", 121), strings.Repeat("x", 120)} {
		e := segment.Escape(s)
		if old, ok := seen[e]; ok {
			t.Errorf("%q and %q are both %s", old, s, e)
		}
		seen[e] = s
		c := segment.MarkOf(checkpoint.ID{Source: s, Number: 1 << 63, Nonce: long})
		name := c.Waiting(segment.Name{Seq: 1 << 63, Count: 1 << 30, CRC: 1 << 31, Nonce: strings.Repeat("z", 13)})
		n, c2, ok := segment.ParseWaiting(name)
		if !ok || c.Source != e || c2 != c || n.Count != 1<<30 || len(name) > 255 || strings.ContainsAny(name, "/\x00") {
			t.Errorf("%q: %s", s, name)
		}
		if of, ok := segment.ParseWindow(c.Window("z")); !ok || of.Source != c.Source || of.Run != c.Run {
			t.Errorf("%q: %s", s, c.Window("z"))
		}
	}
}

// Names that do not tell the run are of some other one.
func TestNamesWithoutRun(t *testing.T) {
	dir := t.TempDir()
	check1(t, layout.Create(dir))
	for n := range 2 {
		data := []byte(line(n) + "\n")
		name := segment.Name{Seq: uint64(1 + n), Count: 1, CRC: segment.Checksum(data), Nonce: "a"}
		check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, fmt.Sprintf("%s@%d@S", name, 1+n)), data, 0o600))
	}
	check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, "a.window@S"), nil, 0o600))
	w := openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:1:"))
	wantFiles(t, dir, "0 1 0 0")
	wantDrained(t, dir, lines(0, 0))
}

func TestNoSpool(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReader(dir, Options{}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(dir, "f")
	check1(t, os.WriteFile(file, nil, 0o600))
	if _, err := OpenWriter(t.Context(), file, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}
