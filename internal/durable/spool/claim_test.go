package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// TestClaimWhileAcknowledging has two goroutines, as the runtime has.
func TestClaimWhileAcknowledging(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 200)
	check1(t, w.Close())
	r := openReader(t, dir)
	claimed := make(chan *Segment, 3)
	go func() {
		defer close(claimed)
		for {
			s, err := r.Claim(t.Context(), false)
			if err != nil {
				if err != io.EOF {
					t.Error(err)
				}
				return
			}
			claimed <- s
		}
	}()
	var got []string
	number := uint64(0)
	for s := range claimed {
		check1(t, r.Load(s))
		for l := range s.Lines() {
			got = append(got, string(l))
		}
		if s.Size != int64(len(s.Data)) {
			t.Errorf("the size is %d, want %d", s.Size, len(s.Data))
		}
		s.Drop()
		number++
		check1(t, r.AckAs(s, "S", number))
	}
	if !slices.Equal(got, lines(1, 200)) {
		t.Errorf("got %d events", len(got))
	}
	check1(t, r.Close())
	wantFiles(t, dir, "0 0 0 0")
}

// TestCloseEndsClaim that waits for more.
func TestCloseEndsClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w := openWriter(t, dir, Options{})
		add(t, w, 1, 1)
		check1(t, w.Close())
		r := openReader(t, dir)
		must(r.Claim(t.Context(), true))
		time.AfterFunc(time.Minute, func() { check1(t, r.Close()) })
		if _, err := r.Claim(t.Context(), true); !errors.Is(err, errClosed) {
			t.Errorf("got %v", err)
		}
		if _, err := r.Claim(t.Context(), false); !errors.Is(err, errClosed) {
			t.Errorf("then %v", err)
		}
		wantFiles(t, dir, "0 1 0 0")     // nobody has its lines
		wantDrained(t, dir, lines(1, 1)) // the claim is free
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("a signal")
		time.AfterFunc(time.Minute, func() { cancel(reason) })
		if _, err := openReader(t, dir).Claim(ctx, true); err != reason {
			t.Errorf("got %v", err)
		}
	})
}

// TestDamagedIsAcknowledged also where nothing is left to be removed, so that no
// number of a source comes twice.
func TestDamagedIsAcknowledged(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 3)
	check1(t, w.Close())
	names := must(layout.List(dir, layout.New))
	check1(t, os.Truncate(filepath.Join(dir, layout.New, names[0]), 5))
	check1(t, os.Remove(filepath.Join(dir, layout.New, names[1])))
	check1(t, os.Mkdir(filepath.Join(dir, layout.New, names[1]), 0o700))
	r := openReader(t, dir)
	for n := range uint64(3) {
		s, err := r.Claim(t.Context(), false)
		check1(t, err)
		var d *segment.DamagedError
		err = r.Load(s)
		switch {
		case s.File != names[n]:
			t.Errorf("got %s, want %s", s.File, names[n])
		case n == 2:
			check1(t, err)
		case !errors.As(err, &d) || d.Path != filepath.Join(dir, layout.Bad, names[n]):
			t.Errorf("%d: got %v", n, err)
		case fmt.Sprint(r.Load(s)) != err.Error():
			t.Errorf("%d: again %v", n, r.Load(s))
		}
		if n == 0 {
			check1(t, r.Ack(s))
		} else {
			check1(t, r.AckAs(s, "S", n))
		}
		r.acked = map[string]uint64{} // as another run
		if got := must(r.Acknowledged("S")); got != n {
			t.Errorf("%d is acknowledged, want %d", got, n)
		}
	}
	check1(t, r.Close())
	wantFiles(t, dir, "0 0 0 2")
}

// TestClaimsBelongToNames has two consumers. What one of them leaves that has loaded
// it comes again for its name alone, first, and in the order in which it was claimed;
// what it has not loaded is for anybody.
func TestClaimsBelongToNames(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 5)
	check1(t, w.Close())
	named := func(name string, left bool) *Reader {
		t.Helper()
		r, err := OpenReader(dir, Options{Consumer: name, Left: left, Once: true})
		check1(t, err)
		return r
	}
	claim := func(r *Reader) string {
		t.Helper()
		s, err := r.Claim(t.Context(), false)
		if err == io.EOF {
			return "end"
		}
		check1(t, err)
		return s.File
	}
	names := must(layout.List(dir, layout.New))
	if len(names) != 5 {
		t.Fatalf("%d segments", len(names))
	}
	// A claims the last one first, as it would if the others came later.
	for _, name := range names[:4] {
		check1(t, os.Rename(filepath.Join(dir, layout.New, name), filepath.Join(dir, layout.Tmp, name)))
	}
	a := named("A", false)
	if got := claim(a); got != names[4] {
		t.Fatalf("got %s, want %s", got, names[4])
	}
	for _, name := range names[:4] {
		check1(t, os.Rename(filepath.Join(dir, layout.Tmp, name), filepath.Join(dir, layout.New, name)))
	}
	a.looked = false
	for _, want := range names[:2] {
		if got := claim(a); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for _, file := range []string{names[4], names[0]} {
		check1(t, a.Load(a.held[file]))
	}
	check1(t, a.Close())

	b := named("B", false)
	for _, want := range []string{names[1], names[2], names[3], "end"} {
		if got := claim(b); got != want {
			t.Errorf("B: got %s, want %s", got, want)
		}
	}
	if left := must(b.Claimed("A")); !left {
		t.Error("A has left nothing")
	}
	check1(t, b.Close()) // gives all of it back
	a = named("A", true)
	for _, want := range []string{names[4], names[0], "end"} {
		if got := claim(a); got != want {
			t.Errorf("A: got %s, want %s", got, want)
		}
	}
	for _, s := range a.held {
		check1(t, a.Load(s))
		check1(t, a.Ack(s))
	}
	if left := must(a.Claimed("A")); left {
		t.Error("something is left of A")
	}
	check1(t, a.Close())
	wantFiles(t, dir, "0 3 0 0")
}
