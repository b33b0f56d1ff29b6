package spool

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
)

// knows compares what a writer believes with what is there.
func knows(t *testing.T, w *Writer, what string) {
	t.Helper()
	backlog, total, err := w.size.Usage(false)
	wantBacklog, wantTotal, err2 := layout.Measure(w.dir)
	if err != nil || err2 != nil || backlog != wantBacklog || total != wantTotal {
		t.Fatalf("%s: %d bytes of %d, %v; there are %d of %d, %v", what, backlog, total, err, wantBacklog, wantTotal, err2)
	}
}

// TestSizeIsKnown lets writers and readers of one spool do what they do. Whoever
// dies does so without a word.
func TestSizeIsKnown(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		opt := Options{SegmentBytes: 300, Quota: 1 << 30}
		look := openWriter(t, dir, opt)
		plain, source, reader := openWriter(t, dir, Options{SegmentBytes: 300}), openWriter(t, dir, opt), openReader(t, dir)
		number := uint64(0)
		id := func(n uint64) string { return fmt.Sprintf("S:%d:n%d", n, seed) }
		for step := range 120 {
			what := fmt.Sprintf("seed %d, step %d", seed, step)
			switch x := r.IntN(12); {
			case x < 4:
				for range r.IntN(20) {
					check1(t, plain.Append(t.Context(), message(t, line(r.IntN(1000)))))
				}
				check1(t, plain.wait())
			case x < 7:
				for range r.IntN(20) {
					check1(t, source.Append(t.Context(), message(t, line(r.IntN(1000)))))
				}
				number++
				check1(t, source.Checkpoint(t.Context(), id(number)))
				if r.IntN(2) == 0 {
					check1(t, source.Commit(t.Context(), id(number)))
				}
			case x < 10:
				s, err := reader.Next(t.Context(), false)
				if err != nil {
					continue
				}
				switch r.IntN(4) {
				case 0:
					check1(t, reader.Release(s))
				case 1:
					number++
					check1(t, reader.AckAs(s, "reader", number))
				default:
					check1(t, reader.Ack(s))
				}
			case x < 11:
				plain.abandon()
				plain.size.Close()
				plain = openWriter(t, dir, Options{SegmentBytes: 300}) // recovers
			default:
				check1(t, plain.Checkpoint(t.Context(), ""))
			}
			knows(t, look, what)
		}
		look.size.Close()
	}
}

// TestSizeIsNotCounted: a writer with a quota does not look at the whole spool for
// each segment, and does so when it cannot be sure.
func TestSizeIsNotCounted(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 100, Quota: 1 << 30})
	write := func(n int) {
		for i := range n {
			check1(t, w.Append(t.Context(), message(t, line(i))))
		}
		check1(t, w.Checkpoint(t.Context(), ""))
	}
	write(1)
	first := w.size.Counted
	write(500)
	if w.size.Counted != first {
		t.Error("counted while nothing was doubtful")
	}
	knows(t, w, "after 500 events")
	overwrite := func(text []byte) {
		f := must(os.OpenFile(filepath.Join(dir, layout.SizeFile), os.O_WRONLY, 0))
		must(f.Write(text))
		check1(t, f.Close())
	}
	for what, doubt := range map[string]func(*layout.Meter){
		"a change that did not end":    func(m *layout.Meter) { m.Doubt() },
		"another boot":                 func(*layout.Meter) { overwrite([]byte{5, 0, 0, 0, 0, 0, 0, 0}) },
		"a file with nothing in it":    func(*layout.Meter) { overwrite(make([]byte, 40)) },
		"what people do, after a time": func(m *layout.Meter) { m.Counted = m.Counted.Add(-2 * layout.RecountAge) },
	} {
		check1(t, os.WriteFile(filepath.Join(dir, layout.New, "by hand, "+what), []byte("12345"), 0o600))
		doubt(w.size)
		knows(t, w, what)
	}
	// A full disk takes the memory away, as does somebody who cuts the file off.
	check1(t, os.Truncate(filepath.Join(dir, layout.SizeFile), 0))
	write(3)
	knows(t, w, "without the file")
}

// TestRights: what the spool makes is for its owner alone.
func TestRights(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	w := openWriter(t, dir, Options{Quota: 1 << 20})
	for i := range 3 {
		check1(t, w.Append(t.Context(), message(t, line(i))))
	}
	check1(t, w.Checkpoint(t.Context(), ""))
	check1(t, w.Append(t.Context(), message(t, line(4))))
	w.abandon()
	w = openWriter(t, dir, Options{}) // recovers
	check1(t, w.Commit(t.Context(), "S:0:n"))
	check1(t, w.Append(t.Context(), message(t, line(5))))
	check1(t, w.Checkpoint(t.Context(), "S:1:n"))
	files := 0
	check1(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has %v", path, info.Mode())
		}
		return nil
	}))
	if files < 4 {
		t.Errorf("only %d files", files)
	}
}

// BenchmarkQuota is a segment of a writer with a quota, in a spool of many.
func BenchmarkQuota(b *testing.B) {
	for _, n := range []int{10, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			check1(b, layout.Create(dir))
			for i := range n {
				check1(b, os.WriteFile(filepath.Join(dir, layout.New, fmt.Sprint(i)), []byte("x"), 0o600))
			}
			w := openWriter(b, dir, Options{SegmentBytes: 1 << 20, Quota: 1 << 40})
			m := message(b, line(1))
			for b.Loop() {
				check1(b, w.Append(b.Context(), m))
				check1(b, w.Checkpoint(b.Context(), ""))
			}
		})
	}
}
