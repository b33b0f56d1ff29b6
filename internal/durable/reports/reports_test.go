package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

var now = time.Date(2026, 11, 27, 10, 20, 30, 0, time.UTC)

// report makes a report of a feed, fetched at a time.
func report(t *testing.T, feed, observed string) *event.Message {
	t.Helper()
	m := event.New(event.Report, nil)
	m.Set("feed.name", feed)
	m.Set("time.observation", observed)
	m.FinishBare()
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	return m
}

func open1(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := NewWriter(dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func add(t *testing.T, w *Writer, m *event.Message) string {
	t.Helper()
	open, err := w.Add(m)
	if err != nil {
		t.Fatal(err)
	}
	var line bytes.Buffer
	if _, err := m.WriteTo(&line); err != nil {
		t.Fatal(err)
	}
	if open != nil {
		open.Close()
	}
	return line.String()
}

// sent is what an archive has: the lines that replay would send, and what is told.
func sent(t *testing.T, dir string, w Wanted) (lines []string, told []string) {
	t.Helper()
	err := Each(dir, w, func(err error) { told = append(told, err.Error()) }, func(a *Archived) error {
		content, err := a.Open()
		if err != nil {
			told = append(told, err.Error())
			return nil
		}
		defer content.Close()
		var line bytes.Buffer
		if _, err := a.Message.WriteTo(&line); err != nil {
			told = append(told, err.Error())
			return nil
		}
		lines = append(lines, line.String())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, told
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		if !d.IsDir() {
			list = append(list, strings.TrimPrefix(path, dir+"/"))
		}
		return nil
	})
	return list
}

// TestWhatGoesInComesOut adds reports of all sizes, in memory and as streams. What is
// passed on, and what comes out again, is what came in.
func TestWhatGoesInComesOut(t *testing.T) {
	dir := t.TempDir()
	w := open1(t, dir)
	var want []string
	for i, size := range []int{0, 1, inline, inline + 1, 100_000} {
		for _, stream := range []bool{false, true} {
			content := strings.Repeat("192.0.2.1 é\n", size/13+1)[:size]
			m := report(t, fmt.Sprintf("feed %d", i), "2026-11-27T10:20:30+00:00")
			same := report(t, fmt.Sprintf("feed %d", i), "2026-11-27T10:20:30+00:00")
			m.SetRaw([]byte(content))
			if same.SetRaw([]byte(content)); stream {
				m.SetBody(iotest.OneByteReader(strings.NewReader(content)))
			}
			var line bytes.Buffer
			same.WriteTo(&line)
			if got := add(t, w, m); got != line.String() {
				t.Errorf("%d bytes, a stream %v: passed on is %.200s, expected is %.200s", size, stream, got, line.String())
			}
			if !stream { // the second one is the same report, and counts once
				want = append(want, line.String())
			}
		}
	}
	if lines, _ := sent(t, dir, Wanted{}); len(lines) > 0 {
		t.Errorf("%d reports before Commit", len(lines))
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	lines, told := sent(t, dir, Wanted{})
	if strings.Join(lines, "") != strings.Join(want, "") || len(told) > 0 {
		t.Errorf("%d reports, %d expected; told: %v", len(lines), len(want), told)
	}
	if list := names(t, dir); len(list) != 3 || list[0] != "2026-11.ndjson" {
		t.Errorf("%v", list) // two contents are long, each there once
	}
}

func TestWanted(t *testing.T) {
	dir := t.TempDir()
	w := open1(t, dir)
	for i, at := range []string{"2026-09-30T23:59:59+00:00", "2026-10-01T00:00:00+00:00", "2026-11-27T10:20:30+00:00"} {
		m := report(t, fmt.Sprintf("feed %d", i%2), at)
		m.SetRaw([]byte("x"))
		add(t, w, m)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	october := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		w    Wanted
		n    int
	}{
		{"all", Wanted{}, 3},
		{"since", Wanted{Since: october}, 2},
		{"until", Wanted{Until: october}, 1},
		{"a month", Wanted{Since: october, Until: october.AddDate(0, 1, 0)}, 1},
		{"a feed", Wanted{Fields: [][2]string{{"feed.name", "feed 0"}, {"feed.code", ""}}}, 2},
		{"no feed", Wanted{Fields: [][2]string{{"feed.name", "feed"}}}, 0},
	} {
		if lines, told := sent(t, dir, c.w); len(lines) != c.n || len(told) > 0 {
			t.Errorf("%s: %d reports, %d expected; %v", c.name, len(lines), c.n, told)
		}
	}
}

// TestDamage spoils an archive in every way that has an own answer: it costs the report,
// and the others come.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name, told string
		spoil      func(index, content string) error
		left       int
	}{
		{"the content is another", "another hash", func(_, content string) error {
			other := open1(t, t.TempDir())
			m := report(t, "a", "2026-11-27T10:20:30+00:00")
			m.SetRaw(bytes.Repeat([]byte("other"), 2000))
			add(t, other, m)
			if err := other.Commit(); err != nil {
				return err
			}
			path := names(t, other.dir)[1]
			text, err := os.ReadFile(filepath.Join(other.dir, path))
			return errors.Join(err, os.WriteFile(content, text, 0o600))
		}, 1},
		{"the content is cut", "damaged: unexpected EOF", func(_, content string) error { return os.Truncate(content, 20) }, 1},
		{"the content is empty", "damaged: EOF", func(_, content string) error { return os.Truncate(content, 0) }, 1},
		{"the content is gone", "no such file", func(_, content string) error { return os.Remove(content) }, 1},
		{"a line is no JSON", "2026-11.ndjson:1: invalid JSON at column 2", func(index, _ string) error { return overwrite(index, 1, "x") }, 1},
		{"a hash leads elsewhere", "2026-11.ndjson:1: it is no line of an archive", func(index, _ string) error { return overwrite(index, 11, "../../../etc/") }, 1},
		{"a line is torn", "", func(index, _ string) error {
			info, err := os.Stat(index)
			return errors.Join(err, os.Truncate(index, info.Size()-1))
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			w := open1(t, dir)
			for _, text := range []string{"long", "short"} {
				m := report(t, text, "2026-11-27T10:20:30+00:00")
				if m.SetRaw([]byte(text)); text == "long" {
					m.SetRaw(bytes.Repeat([]byte(text), 2000))
				}
				add(t, w, m)
			}
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
			list := names(t, dir)
			if err := c.spoil(filepath.Join(dir, list[0]), filepath.Join(dir, list[1])); err != nil {
				t.Fatal(err)
			}
			lines, told := sent(t, dir, Wanted{})
			if text := strings.Join(told, "; "); len(lines) != c.left || !strings.Contains(text, c.told) || (c.told == "") != (text == "") {
				t.Errorf("%d reports; told: %s", len(lines), text)
			}
		})
	}
}

func overwrite(path string, at int64, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(text), at)
	return errors.Join(err, f.Close())
}

// TestGivenUp closes without Commit, as at the end of a broken stream, and after content
// that breaks off: nothing is left of it.
func TestGivenUp(t *testing.T) {
	dir := t.TempDir()
	w := open1(t, dir)
	m := report(t, "a", "2026-11-27T10:20:30+00:00")
	m.SetRaw(bytes.Repeat([]byte("x"), 2*inline))
	add(t, w, m)
	broken := report(t, "a", "2026-11-27T10:20:30+00:00")
	breaks := errors.New("it breaks off")
	broken.SetBody(io.MultiReader(bytes.NewReader(make([]byte, 2*inline)), iotest.ErrReader(breaks)))
	if _, err := w.Add(broken); !errors.Is(err, breaks) || stage.IsFatal(err) {
		t.Errorf("%v", err)
	}
	w.Close()
	if list := names(t, dir); len(list) > 0 {
		t.Errorf("%v is left", list)
	}
}

// TestWhole gives a report whose content was read in part to the dump, as a whole.
func TestWhole(t *testing.T) {
	w := open1(t, t.TempDir())
	content := bytes.Repeat([]byte("192.0.2.1\n"), inline)
	m := report(t, "a", "2026-11-27T10:20:30+00:00")
	m.SetBody(bytes.NewReader(content))
	open, err := w.Add(m)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	io.ReadFull(m.Raw(), make([]byte, 100))
	var got bytes.Buffer
	if err := m.Body().(interface{ Whole() func(io.Writer) error }).Whole()(&got); err != nil {
		t.Fatal(err)
	}
	whole := report(t, "a", "2026-11-27T10:20:30+00:00")
	whole.SetRaw(content)
	if !bytes.Equal(got.Bytes(), whole.Append(nil)) {
		t.Errorf("%.200s", got.String())
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	w := open1(t, dir)
	for i, at := range []string{"2026-09-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00", "2026-10-02T00:00:00+00:00"} {
		m := report(t, "a", at)
		m.SetRaw(bytes.Repeat([]byte{'a' + byte(i%2)}, 2*inline)) // September and 2 October have the same
		add(t, w, m)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		remove string
		n      int
	}{{"", 0}, {"2026-09.ndjson", 0}, {"2026-10.ndjson", 2}} {
		if c.remove != "" {
			if err := os.Remove(filepath.Join(dir, c.remove)); err != nil {
				t.Fatal(err)
			}
		}
		if n, bytes, err := Sweep(dir); err != nil || n != c.n || (bytes > 0) != (n > 0) {
			t.Errorf("without %q: %d removed, %d bytes, %v", c.remove, n, bytes, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "2026-11.ndjson"), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Sweep(dir); err == nil || !strings.Contains(err.Error(), "it is no line of an archive") {
		t.Errorf("a line that cannot be read: %v", err)
	}
}

func TestObservationDecidesTheMonth(t *testing.T) {
	dir := t.TempDir()
	w := open1(t, dir)
	for _, at := range []string{"2026-10-31T23:59:59+00:00", "2026-11-01T00:59:59+01:00"} {
		m := report(t, "a", "2026-10-31T23:59:59+00:00")
		m.SetValue("time.observation", harmonization.Text(at))
		m.SetRaw([]byte(at))
		add(t, w, m)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if list := names(t, dir); len(list) != 1 || list[0] != "2026-10.ndjson" {
		t.Errorf("%v", list)
	}
}

// TestNoNameBeforeSync fails the fsync of a content: it must not get its name, since who
// finds that takes what is in it for durable.
func TestNoNameBeforeSync(t *testing.T) {
	dir := t.TempDir()
	w := open1(t, dir)
	m := report(t, "a", "2026-11-27T10:20:30+00:00")
	m.SetRaw(bytes.Repeat([]byte("x"), 2*inline))
	add(t, w, m)
	broken := errors.New("it cannot be synced")
	restore := disk.SetFault(func(op disk.Op, path string, n int, do func(n int) (int, error)) (int, error) {
		if op == disk.OpSync && strings.Contains(path, "/tmp/") {
			return 0, broken
		}
		return do(n)
	})
	err := w.Commit()
	restore()
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	w.Close()
	if list := names(t, dir); len(list) > 0 {
		t.Errorf("%v is there", list)
	}
}
