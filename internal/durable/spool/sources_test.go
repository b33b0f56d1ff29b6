package spool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
)

// TestDeadConsumerIsSettled has two consumers whose pipelines write to one spool.
// Both are killed. The next run takes both names, one after the other in one
// stream, and each opening Commit settles its own source only.
func TestDeadConsumerIsSettled(t *testing.T) {
	dir := t.TempDir()
	w1, w2 := openWriter(t, dir, Options{}), openWriter(t, dir, Options{})
	window := func(w *Writer, id string, n int) {
		t.Helper()
		add(t, w, n, n)
		check1(t, w.Checkpoint(t.Context(), id))
	}
	check1(t, w1.Commit(t.Context(), "N:8:a"))
	check1(t, w2.Commit(t.Context(), "N-2:4:b"))
	window(w1, "N:9:a", 9)
	window(w1, "N:10:a", 10)
	for n := 5; n <= 7; n++ {
		window(w2, fmt.Sprintf("N-2:%d:b", n), 100+n)
	}
	for _, w := range []*Writer{w1, w2} { // no checkpoint comes for these
		add(t, w, 200, 200)
		check1(t, w.seg.flush())
		w.abandon()
	}
	wantFiles(t, dir, "7 0 0 0")

	w := openWriter(t, dir, Options{})
	wantFiles(t, dir, "5 0 0 0")
	check1(t, w.Commit(t.Context(), "N-2:5:x"))
	wantFiles(t, dir, "2 1 0 0")
	wantDrained(t, dir, lines(105, 105))
	window(w, "N-2:6:x", 106)
	window(w, "N-2:7:x", 107)
	wantFiles(t, dir, "4 0 0 0")
	check1(t, w.Commit(t.Context(), "N-2:6:x"))
	check1(t, w.Commit(t.Context(), "N-2:7:x"))
	wantDrained(t, dir, lines(106, 107))

	check1(t, w.Commit(t.Context(), "N:9:y"))
	wantFiles(t, dir, "0 1 0 0")
	wantDrained(t, dir, lines(9, 9))
	window(w, "N:10:y", 10)
	check1(t, w.Commit(t.Context(), "N:10:y"))
	check1(t, w.Close())
	wantDrained(t, dir, lines(10, 10))
	wantFiles(t, dir, "0 0 0 0")
}

// TestLocksOfSources looks at who can have a source while one writer has several,
// one after the other, and that nobody takes its window for that of a dead writer.
func TestLocksOfSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w := openWriter(t, dir, Options{})
		locked := func(when, want string) {
			t.Helper()
			var got []string
			for _, source := range []string{"A", "B", "C"} {
				v := openWriter(t, dir, Options{}) // removes the windows of who is dead
				err := v.Commit(t.Context(), source+":0:other")
				var l *disk.LockedError
				if errors.As(err, &l) {
					got = append(got, source)
				} else {
					check1(t, err)
				}
				v.abandon()
			}
			if got := strings.Join(got, " "); got != want {
				t.Errorf("%s: locked are %q, want %q", when, got, want)
			}
		}
		control := func(do, id string) {
			t.Helper()
			if do == "commit" {
				check1(t, w.Commit(t.Context(), id))
			} else {
				check1(t, w.Checkpoint(t.Context(), id))
			}
		}
		event := 0
		next := func() {
			t.Helper()
			event++
			add(t, w, event, event)
			check1(t, w.seg.flush())
		}
		control("commit", "A:0:x")
		locked("opened", "A")
		next()
		locked("in a window", "A")
		control("checkpoint", "A:1:x")
		control("commit", "A:1:x")
		locked("between two windows", "A")
		next()
		control("checkpoint", "A:2:x")
		next()
		control("checkpoint", "A:3:x")
		control("commit", "B:7:x")
		locked("A waits", "A B")
		next()
		control("commit", "A:2:x")
		locked("a part of A waits", "A B")
		control("commit", "A:3:x")
		locked("A is over", "B")
		next()
		locked("B is in a window", "B")
		control("checkpoint", "B:8:x")
		control("commit", "B:8:x")
		locked("B is between two windows", "B")

		// A source that comes again in the same stream, as its next run has died,
		// too. There is nothing to send for C.
		control("commit", "A:3:x")
		locked("A came again", "A")
		control("commit", "C:5:x")
		locked("A is over again", "C")
		control("commit", "B:8:x")
		next()
		locked("B again, in a window", "B")
		control("checkpoint", "B:9:x")
		control("commit", "B:9:x")
		check1(t, w.Close())
		locked("closed", "")
		wantDrained(t, dir, lines(1, event))
		wantFiles(t, dir, "0 0 0 0")
	})
}

// TestWindowOfOneSource begins a source in the middle of another one's window,
// which no source does.
func TestWindowOfOneSource(t *testing.T) {
	for _, do := range []func(*Writer, context.Context, string) error{(*Writer).Commit, (*Writer).Checkpoint} {
		for _, flushed := range []bool{false, true} {
			dir := t.TempDir()
			w := openWriter(t, dir, Options{SegmentBytes: 40})
			check1(t, w.Commit(t.Context(), "A:0:x"))
			add(t, w, 1, 2)
			if flushed {
				check1(t, w.sealNow())
			}
			err := do(w, t.Context(), "B:1:x")
			if err == nil || !strings.HasPrefix(err.Error(), dir+`: source "B" begins in the middle of a window of "A"`) {
				t.Errorf("got %v", err)
			}
			if w.Checkpoint(t.Context(), "A:1:x") == nil {
				t.Error("the writer goes on after an error")
			}
			w.Close()
			wantDrained(t, dir, nil)
		}
	}
}

// A fleet is a number of consumers with names, whose pipelines write to one spool.
// The windows of a name are always the same. Who starts takes a free name for its
// own, and first the other free ones that have something left to send.
type fleet struct {
	dir   string
	names []*name
	runs  int
	rnd   *rand.Rand
}

type name struct {
	text    string
	windows int
	acked   int // durable, as a source has it
	owner   *pipeline
}

// A pipeline is one run of a consumer, with its writer.
type pipeline struct {
	f     *fleet
	run   int
	w     *Writer
	todo  []*name // to be opened
	open  []*stream
	ended bool
}

// A stream is what a run sends for one name.
type stream struct {
	*name
	sent, committed int
}

const fleetWindow = 2 // events

func (f *fleet) start(t *testing.T) (*pipeline, error) {
	f.runs++
	p := &pipeline{f: f, run: f.runs}
	own := -1
	for i, n := range f.names {
		if n.owner == nil && own < 0 {
			own = i
		} else if n.owner == nil && n.acked < n.windows {
			p.todo = append(p.todo, n)
		}
	}
	if own < 0 {
		return nil, nil
	}
	p.todo = append(p.todo, f.names[own])
	for _, n := range p.todo {
		n.owner = p
	}
	var err error
	p.w, err = OpenWriter(t.Context(), f.dir, Options{SegmentBytes: 60})
	return p, err
}

// die is kill -9.
func (p *pipeline) die() {
	if p.w != nil {
		p.w.abandon()
	}
	for _, n := range p.f.names {
		if n.owner == p {
			n.owner = nil
		}
	}
	p.ended = true
}

// step does one thing that a source may do next. Windows are sent in the stream
// that was opened last; the Commits of those before may still come.
func (p *pipeline) step(t *testing.T) error {
	id := func(s *stream, number int) string { return fmt.Sprintf("%s:%d:%d", s.text, number, p.run) }
	var last *stream
	if len(p.open) > 0 {
		last = p.open[len(p.open)-1]
	}
	if last == nil || last.sent == last.windows && len(p.todo) > 0 && p.f.rnd.IntN(2) == 0 {
		s := &stream{p.todo[0], p.todo[0].acked, p.todo[0].acked}
		p.todo, p.open = p.todo[1:], append(p.open, s)
		if err := p.w.Commit(t.Context(), id(s, s.acked)); err != nil {
			return err
		}
		p.over()
		return nil
	}
	switch s := p.open[p.f.rnd.IntN(len(p.open))]; p.f.rnd.IntN(3) {
	case 0:
		if last.sent < last.windows && last.sent < last.committed+3 {
			for i := range fleetWindow {
				if err := p.w.Append(t.Context(), message(t, p.f.line(last.name, last.sent, i))); err != nil {
					return err
				}
			}
			last.sent++
			return p.w.Checkpoint(t.Context(), id(last, last.sent))
		}
	case 1:
		if s.acked < s.sent {
			s.acked++
		}
	case 2:
		if s.committed < s.acked {
			s.committed = s.acked
			if err := p.w.Commit(t.Context(), id(s, s.committed)); err != nil {
				return err
			}
			p.over()
		}
	}
	if len(p.todo) == 0 && !slices.ContainsFunc(p.open, func(s *stream) bool { return s.committed < s.windows }) {
		err := p.w.Close()
		p.die()
		return err
	}
	return nil
}

// over gives up the names whose streams are over, but for the last.
func (p *pipeline) over() {
	for _, s := range p.open[:len(p.open)-1] {
		if s.committed == s.windows && s.owner == p {
			s.owner = nil
		}
	}
}

func (f *fleet) line(n *name, window, i int) string {
	return fmt.Sprintf(`{"extra.name":%q,"extra.n":%d}`, n.text, window*fleetWindow+i)
}

// TestFleet kills consumers at random, between two steps and in the middle of one,
// while others write to the same spool. All events arrive, and once.
func TestFleet(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 23))
			f := &fleet{dir: shortLived(t), rnd: rnd}
			for i := range 4 {
				f.names = append(f.names, &name{text: fmt.Sprintf("N-%d", i), windows: 6 + rnd.IntN(6)})
			}
			var running []*pipeline
			unfinished := func() bool {
				return slices.ContainsFunc(f.names, func(n *name) bool { return n.acked < n.windows })
			}
			for kills := 0; unfinished() || len(running) > 0; {
				plan := &disktest.Plan{Half: rnd.IntN(2) == 0, Dead: true, Err: syscall.EIO}
				if kills < 30 {
					plan.N = 1 + rnd.IntN(120)
				}
				restore := plan.Install(t)
				for {
					if len(running) < 3 && (len(running) == 0 || rnd.IntN(20) == 0) && unfinished() {
						p, err := f.start(t)
						if p != nil {
							running = append(running, p)
						}
						if err != nil {
							break
						}
					}
					if len(running) == 0 {
						break
					}
					p := running[rnd.IntN(len(running))]
					if err := p.step(t); err != nil {
						if !errors.Is(err, plan.Err) {
							t.Fatalf("seed %d: %v", seed, err)
						}
						break
					}
					if !p.ended && kills < 30 && rnd.IntN(60) == 0 {
						p.die()
						kills++
					}
					running = slices.DeleteFunc(running, func(p *pipeline) bool { return p.ended })
				}
				for _, p := range running { // the whole machine, but for what it has stored
					p.die()
					kills++
				}
				running = nil
				restore()
			}
			// The Commits of the last run may not have come.
			w := openWriter(t, f.dir, Options{})
			for _, n := range f.names {
				check1(t, w.Commit(t.Context(), fmt.Sprintf("%s:%d:end", n.text, n.acked)))
			}
			check1(t, w.Close())
			var want []string
			for _, n := range f.names {
				for i := range n.windows * fleetWindow {
					want = append(want, f.line(n, i/fleetWindow, i%fleetWindow))
				}
			}
			got := drain(t, openReader(t, f.dir))
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("seed %d: %d events, %d different ones, want %d once each", seed, len(got), len(slices.Compact(got)), len(want))
			}
			wantFiles(t, f.dir, "0 0 0 0")
		})
		if t.Failed() {
			return
		}
	}
}
