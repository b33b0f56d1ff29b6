package seen

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
	"github.com/intelpipe/intelpipe/internal/durable/format"
)

// A trial runs a script on a disk that fails, and knows what must be true of
// the state afterwards: what the model was before the operation that failed, or
// what it would be after it.
type trial struct {
	path     string
	model    *model
	acked    map[string]uint64 // the highest Commit that a source has sent
	prepared map[string]uint64 // the highest checkpoint that has come back
	now      int64
	s        *Set
	tried    op // the operation that failed
	failedAt int
	failure  error
}

func (tr *trial) run(t *testing.T, ops []op) {
	tr.failedAt = -1
	if tr.model == nil {
		tr.model, tr.now = newModel(true), 1000
		tr.acked, tr.prepared = map[string]uint64{}, map[string]uint64{}
	}
	if tr.s, tr.failure = OpenContext(t.Context(), tr.path, 0, 0, 0); tr.failure != nil {
		return
	}
	for i, o := range ops {
		tr.now += o.after
		tr.failedAt, tr.tried = i, o
		if o.kind == "stop" {
			return
		}
		if o.kind == "reopen" {
			if tr.failure = tr.s.Close(); tr.failure != nil {
				return
			}
			tr.s = nil
			tr.model.discard()
			if tr.s, tr.failure = OpenContext(t.Context(), tr.path, 0, 0, 0); tr.failure != nil {
				return
			}
		}
		if o.kind == "commit" {
			tr.acked[o.id.Source] = o.id.Number
			if !tr.model.settled[o.id.Source] {
				tr.prepared[o.id.Source] = o.id.Number // its numbers begin here again
			}
		}
		if tr.failure = step(t, tr.s, tr.model, o, tr.now); tr.failure != nil {
			return
		}
		if o.kind == "prepare" {
			tr.prepared[o.id.Source] = o.id.Number
		}
	}
	tr.failedAt, tr.tried = len(ops), op{kind: "close"}
	tr.failure = tr.s.Close()
	tr.s = nil
}

// verify opens what is left in dir as another run and compares.
func (tr *trial) verify(t *testing.T, dir, what string, r *rand.Rand) {
	t.Helper()
	s, err := OpenContext(t.Context(), filepath.Join(dir, filepath.Base(tr.path)), 0, 0, 0)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer s.Close()
	before := tr.model.clone()
	before.discard()
	models := []*model{before}
	if tr.tried.kind == "commit" || tr.tried.kind == "save" {
		after := tr.model.clone()
		if tr.tried.kind == "commit" {
			after.commit(tr.tried.id)
		} else {
			after.save()
		}
		after.discard()
		models = append(models, after)
	}
	// A source may have got more acknowledged than its last Commit says.
	for _, src := range []string{"a", "b:c"} {
		at := checkpoint.ID{Source: src, Number: tr.acked[src], Nonce: "n"}
		if n := tr.prepared[src]; n > at.Number {
			at.Number += uint64(r.IntN(int(n-at.Number) + 1))
		}
		if err := s.Commit(fmt.Sprintf("%s:%d:n", src, at.Number)); err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		for _, m := range models {
			m.commit(at)
		}
	}
	var diff []string
	for _, m := range models {
		var d []string
		for k := range universe {
			if got, want := s.has(key(k), tr.now), m.seen(k, tr.now); got != want {
				d = append(d, fmt.Sprintf("key %d seen %v", k, got))
			}
		}
		if d == nil {
			tr.goOn(t, s, m, filepath.Join(dir, filepath.Base(tr.path)), what)
			return
		}
		diff = append(diff, strings.Join(d, ", "))
	}
	t.Errorf("%s: step %d %v: %v", what, tr.failedAt, tr.tried, diff)
}

// goOn adds to what was opened after a crash, and opens that.
func (tr *trial) goOn(t *testing.T, s *Set, m *model, path, what string) {
	t.Helper()
	m = m.clone()
	m.check(0, tr.now, 0)
	s.Check(key(0), tr.now, 0)
	m.prepare(checkpoint.ID{Source: "a", Number: 1000, Nonce: "n"})
	for _, err := range []error{s.Prepare("a:1000:n"), s.Close()} {
		if err != nil {
			t.Errorf("%s, going on: %v", what, err)
			return
		}
	}
	s, err := OpenContext(t.Context(), path, 0, 0, 0)
	if err != nil {
		t.Errorf("%s, opened again: %v", what, err)
		return
	}
	defer s.Close()
	if err := s.Commit("a:1000:n"); err != nil {
		t.Error(err)
	}
	m.commit(checkpoint.ID{Source: "a", Number: 1000, Nonce: "n"})
	compare(t, s, m, tr.now, what+", opened again")
}

// TestSeenErrorEverywhere fails every single operation on the disk.
func TestSeenErrorEverywhere(t *testing.T) {
	small(t)
	ops := script(rand.New(rand.NewPCG(3, 3)), 120, true)
	failed, survived := 0, 0
	for n := 1; ; n++ {
		var plan *disktest.Plan
		for _, half := range []bool{false, true} {
			dir := t.TempDir()
			plan = &disktest.Plan{N: n, Err: disktest.Errors[n%len(disktest.Errors)], Half: half}
			restore := plan.Install(t)
			tr := &trial{path: filepath.Join(dir, "seen")}
			tr.run(t, ops)
			if tr.s != nil {
				tr.s.Discard()
				if tr.failure != nil && tr.s.Prepare("a:99:n") == nil && tr.s.Save() == nil {
					t.Errorf("operation %d: the set goes on after %v", n, tr.failure)
				}
				tr.s.Close()
			}
			restore()
			switch {
			case plan.Count() < n:
			case tr.failure == nil:
				survived++ // a compaction that could not be done
			case !errors.Is(tr.failure, plan.Err) || !strings.Contains(tr.failure.Error(), dir) || strings.Contains(tr.failure.Error(), "\n"):
				t.Errorf("operation %d: error %q, want one line with %v and the path", n, tr.failure, plan.Err)
			default:
				failed++
			}
			tr.verify(t, dir, fmt.Sprintf("operation %d, half %v", n, half), rand.New(rand.NewPCG(uint64(n), 4)))
		}
		if t.Failed() {
			return
		}
		if plan.Count() < n {
			break
		}
	}
	t.Logf("%d operations reported, %d did not matter", failed, survived)
	if failed < 100 || survived == 0 {
		t.Errorf("only %d and %d failures: the script exercises too little", failed, survived)
	}
}

// TestSeenCrashEverywhere lets the process die, and the power fail, before and
// after and in the middle of every single operation.
func TestSeenCrashEverywhere(t *testing.T) {
	small(t)
	for seed := range uint64(2) {
		ops := script(rand.New(rand.NewPCG(seed, 5)), 50, true)
		for n := 1; ; n++ {
			var plan *disktest.Plan
			for _, half := range []bool{false, true} {
				r := rand.New(rand.NewPCG(seed, uint64(n)))
				dir := t.TempDir()
				rec := disktest.Record(t, dir)
				after := map[string]string{}
				plan = &disktest.Plan{N: n, Half: half, Dead: true, Err: disktest.Errors[1], At: func() {
					for i := range 4 {
						d := t.TempDir()
						switch i {
						case 0:
							after["killed"] = d
							rec.Killed(t, d)
						case 1:
							after["power lost"] = d
							rec.PowerLost(t, d, nil)
						default:
							after[fmt.Sprint("power lost, torn ", i)] = d
							rec.PowerLost(t, d, r)
						}
					}
				}}
				restore := rec.Wrap(t, plan)
				tr := &trial{path: filepath.Join(dir, "seen")}
				tr.run(t, ops)
				abandon(tr.s)
				restore()
				for how, d := range after {
					tr.verify(t, d, fmt.Sprintf("seed %d, operation %d, half %v, %s", seed, n, half, how), r)
				}
			}
			if t.Failed() {
				return
			}
			if plan.Count() < n {
				break
			}
		}
	}
}

// TestSeenKilledBetween lets the process die between two operations.
func TestSeenKilledBetween(t *testing.T) {
	small(t)
	ops := script(rand.New(rand.NewPCG(9, 5)), 100, true)
	for n := range ops {
		r := rand.New(rand.NewPCG(9, uint64(n)))
		dir, after := t.TempDir(), t.TempDir()
		rec := disktest.Record(t, dir)
		tr := &trial{path: filepath.Join(dir, "seen")}
		tr.run(t, append(ops[:n:n], op{kind: "stop"}))
		rec.PowerLost(t, after, r)
		abandon(tr.s)
		tr.verify(t, after, fmt.Sprintf("after step %d", n), r)
	}
}

// TestSeenKilledThenPowerLost kills the process at every operation, lets another
// one go on with what is there, and then takes the power away.
func TestSeenKilledThenPowerLost(t *testing.T) {
	small(t)
	ops := script(rand.New(rand.NewPCG(2, 5)), 60, true)
	for n := 1; ; n++ {
		dir, after := t.TempDir(), t.TempDir()
		rec := disktest.Record(t, dir)
		plan := &disktest.Plan{N: n, Half: true, Dead: true, Err: disktest.Errors[1]}
		restore := rec.Wrap(t, plan)
		tr := &trial{path: filepath.Join(dir, "seen")}
		tr.run(t, ops)
		abandon(tr.s)
		restore()
		if plan.Count() < n {
			return
		}
		tr.model.discard()
		var more []op
		for _, src := range []string{"a", "b:c"} {
			more = append(more, op{kind: "commit", id: checkpoint.ID{Source: src, Number: tr.acked[src], Nonce: "n"}})
		}
		// Nothing is new in the window, so nothing need be written for it.
		more = append(more, op{kind: "prepare", id: checkpoint.ID{Source: "a", Number: tr.acked["a"] + 1, Nonce: "n"}}, op{kind: "stop"})
		tr.run(t, more)
		if tr.failure != nil {
			t.Fatal(tr.failure)
		}
		tr.prepared["a"] = tr.acked["a"] + 1
		rec.PowerLost(t, after, nil)
		abandon(tr.s)
		tr.verify(t, after, fmt.Sprintf("operation %d", n), rand.New(rand.NewPCG(uint64(n), 8)))
		if t.Failed() {
			return
		}
	}
}

// TestSeenDropStaysDropped kills the run that drops a batch before that is
// synced. The next run finds nothing to drop, and must make it durable.
func TestSeenDropStaysDropped(t *testing.T) {
	dir := t.TempDir()
	rec := disktest.Record(t, dir)
	path := filepath.Join(dir, "seen")
	s := mustOpen(t, path)
	s.Check(key(1), 1000, 0)
	for _, err := range []error{s.Prepare("a:1:n"), s.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	noSync := func() func() {
		return rec.Wrap(t, &disktest.Plan{N: 1, Op: disk.OpSync, Err: disktest.Errors[1], Dead: true})
	}
	s = mustOpen(t, path)
	restore := noSync()
	if s.Commit("a:0:n") == nil {
		t.Fatal("the drop was not synced")
	}
	abandon(s)
	if s, err := OpenContext(t.Context(), path, 0, 0, 0); err == nil {
		s.Close()
		t.Error("opened what may not be durable")
	}
	restore()
	s = mustOpen(t, path)
	for _, err := range []error{s.Commit("a:0:n"), s.Prepare("a:1:n")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	after := t.TempDir()
	rec.PowerLost(t, after, nil)
	abandon(s)
	s = mustOpen(t, filepath.Join(after, "seen"))
	defer s.Close()
	if err := s.Commit("a:1:n"); err != nil {
		t.Fatal(err)
	}
	if s.has(key(1), 1000) {
		t.Error("the key of a dropped window came back with the window's number")
	}
}

// TestSeenCompactedIsVouchedFor flips a bit in what compacting has moved.
func TestSeenCompactedIsVouchedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seen")
	s := mustOpen(t, path)
	s.Check(key(1), 1000, 0)
	if err := s.Prepare("a:1:n"); err != nil {
		t.Fatal(err)
	}
	s.compact(func(int64) int64 { return 0 })
	var at int64
	for _, b := range s.prepared.All() {
		at = b.Value.spans[0].off
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1
	put(t, path, b)
	var d *format.DamagedError
	if s, err := OpenContext(t.Context(), path, 0, 0, 0); !errors.As(err, &d) {
		s.Close()
		t.Errorf("got %v", err)
	}
}

// TestSeenHiddenState has a key in the state that is pending too, for longer.
func TestSeenHiddenState(t *testing.T) {
	for _, discard := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "seen")
		s := mustOpen(t, path)
		s.Check(key(1), 1000, 100)
		if err := s.Prepare("b:1:n"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, path)
		if s.Check(key(1), 1000, 500) {
			t.Error("seen before it was settled")
		}
		if err := s.Commit("b:1:n"); err != nil {
			t.Fatal(err)
		}
		s.compact(func(int64) int64 { return 0 })
		if !s.has(key(1), 1400) {
			t.Error("pending key is not seen")
		}
		if discard {
			s.Discard()
		} else {
			abandon(s)
			s = mustOpen(t, path)
		}
		if !s.has(key(1), 1099) || s.has(key(1), 1100) {
			t.Errorf("discard %v: state is not what it was", discard)
		}
		s.Close()
	}
}

func TestRecordBelongsToItsPlace(t *testing.T) {
	w := recordWriter{off: 100}
	w.add(recAdd, make([]byte, entrySize))
	for off, want := range map[int64]error{100: nil, 200: errBad} {
		r := newRecordReader(bytes.NewReader(append(make([]byte, off), w.out...)), off, off+int64(len(w.out)))
		if _, _, _, err := r.next(); err != want {
			t.Errorf("at %d: %v, want %v", off, err, want)
		}
	}
}

func TestSeenRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seen")
	s := mustOpen(t, path)
	for _, id := range []string{"", "a", "a:b", "a:1", ":1:n", "a:-1:n", "a:x:n", "a:18446744073709551616:n"} {
		if s.Prepare(id) == nil || s.Commit(id) == nil {
			t.Errorf("id %q is taken", id)
		}
	}
	if _, err := OpenContext(t.Context(), path, 0, 0, 0); err == nil || err.Error() != path+": in use by this process itself" {
		t.Errorf("second writer: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Save() == nil || s.Prepare("a:1:n") == nil {
		t.Error("a closed set goes on")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, content := range []string{"", "some text", strings.Repeat("x", 5000)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenContext(t.Context(), path, 0, 0, 0)
		var damaged *format.DamagedError
		if !errors.As(err, &damaged) || damaged.Path != path {
			t.Errorf("%.10q: %v, want a DamagedError", content, err)
		}
		if b, _ := os.ReadFile(path); string(b) != content {
			t.Errorf("%.10q was changed", content)
		}
	}
	if _, err := OpenContext(t.Context(), filepath.Join(dir, "none", "seen"), 0, 0, 0); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

// TestSeenStatusOfPrepared follows one window through all its ways.
func TestSeenStatusOfPrepared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seen")
	prepare := func(id string, k int) {
		t.Helper()
		s := mustOpen(t, path)
		s.Check(key(k), 1, 0)
		if err := s.Prepare(id); err != nil {
			t.Fatal(err)
		}
		if !s.has(key(k), 1) {
			t.Errorf("%s: not seen in its own run", id)
		}
		s.Discard()
		if s.has(key(k), 1) {
			t.Errorf("%s: seen after Discard", id)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	prepare("a:1:n", 1)
	prepare("a:2:n", 2)
	prepare("b:1:n", 3)
	s := mustOpen(t, path)
	want := func(what string, keys ...bool) {
		t.Helper()
		for i, w := range keys {
			if got := s.has(key(i+1), 1); got != w {
				t.Errorf("%s: key %d seen %v, want %v", what, i+1, got, w)
			}
		}
	}
	want("opened", false, false, false)
	if err := s.Commit("a:1:other"); err != nil {
		t.Fatal(err)
	}
	want("a settled", true, false, false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	defer s.Close()
	for _, id := range []string{"a:2:n", "b:1:n"} {
		if err := s.Commit(id); err != nil {
			t.Fatal(err)
		}
	}
	want("dropped stays dropped", true, false, true)
}
