package seen

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
)

// A model is what a Set has to be, written with maps.
type model struct {
	onDisk  bool
	state   map[int]int64
	batches []modelBatch
	pending map[int]int64
	settled map[string]bool
}

type modelBatch struct {
	id   checkpoint.ID
	own  bool
	keys map[int]int64
}

func newModel(onDisk bool) *model {
	return &model{onDisk: onDisk, state: map[int]int64{}, pending: map[int]int64{}, settled: map[string]bool{}}
}

func (m *model) seen(k int, now int64) bool {
	if m.state[k] > now || m.pending[k] > now {
		return true
	}
	for _, b := range m.batches {
		if b.own && b.keys[k] > now {
			return true
		}
	}
	return false
}

func (m *model) check(k int, now, ttl int64) bool {
	if m.seen(k, now) {
		return true
	}
	m.pending[k] = now + ttl
	if ttl == 0 {
		m.pending[k] = math.MaxInt64
	}
	return false
}

func (m *model) prepare(at checkpoint.ID) {
	m.batches = append(m.batches, modelBatch{at, true, m.pending})
	m.pending = map[int]int64{}
}

func (m *model) commit(at checkpoint.ID) {
	var kept []modelBatch
	for _, b := range m.batches {
		switch {
		case b.id.Source == at.Source && b.id.Number <= at.Number:
			m.merge(b.keys)
		case b.id.Source == at.Source && !b.own && !m.settled[at.Source]:
		default:
			kept = append(kept, b)
		}
	}
	m.batches = kept
	m.settled[at.Source] = true
}

func (m *model) merge(keys map[int]int64) {
	for k, exp := range keys {
		m.state[k] = max(m.state[k], exp)
	}
}

func (m *model) save() {
	m.merge(m.pending)
	m.pending = map[int]int64{}
}

func (m *model) discard() {
	m.pending = map[int]int64{}
	m.settled = map[string]bool{}
	if !m.onDisk {
		m.batches = nil
	}
	for i := range m.batches {
		m.batches[i].own = false
	}
}

func (m *model) clone() *model {
	c := newModel(m.onDisk)
	c.merge(m.state)
	for k, v := range m.pending {
		c.pending[k] = v
	}
	for s := range m.settled {
		c.settled[s] = true
	}
	for _, b := range m.batches {
		keys := map[int]int64{}
		for k, v := range b.keys {
			keys[k] = v
		}
		c.batches = append(c.batches, modelBatch{b.id, b.own, keys})
	}
	return c
}

const universe = 60

func key(k int) [32]byte {
	return sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(k)))
}

// An op is one step of a script.
type op struct {
	kind  string
	keys  []int
	ttl   int64
	after int64 // how much time passes before it
	id    checkpoint.ID
}

func (o op) name() string { return fmt.Sprintf("%s:%d:n", o.id.Source, o.id.Number) }

// script makes random operations as sources would cause them; where strict is
// false they need not follow the protocol.
func script(r *rand.Rand, n int, strict bool) []op {
	var ops []op
	sources := []string{"a", "b:c"}
	prepared := map[string]uint64{}
	committed := map[string]uint64{}
	number := func(m map[string]uint64, s string) checkpoint.ID {
		return checkpoint.ID{Source: s, Number: m[s], Nonce: "n"}
	}
	src := sources[0]
	begin := func(s string) {
		src = s
		if strict {
			ops = append(ops, op{kind: "commit", id: number(committed, s)})
			prepared[s] = committed[s]
		}
	}
	begin(src)
	ttl := int64(r.IntN(3)) * int64(r.IntN(60)) // where it changes, see TestClockAhead
	for len(ops) < n {
		switch x := r.IntN(20); {
		case x < 8:
			o := op{kind: "check", after: int64(r.IntN(4)), ttl: ttl}
			for range 1 + r.IntN(8) {
				o.keys = append(o.keys, r.IntN(universe))
			}
			ops = append(ops, o)
		case x < 13:
			prepared[src]++
			ops = append(ops, op{kind: "prepare", id: number(prepared, src)})
		case x < 17:
			if committed[src] < prepared[src] || !strict {
				committed[src]++
				ops = append(ops, op{kind: "commit", id: number(committed, src)})
			}
		case x < 18:
			if !strict {
				ops = append(ops, op{kind: "save"})
			}
		case x < 19:
			ops = append(ops, op{kind: "discard"})
			if strict {
				begin(src)
			}
		default:
			// The source may know more acknowledged than it could commit.
			if committed[src] < prepared[src] {
				committed[src] += uint64(r.IntN(int(prepared[src]-committed[src]) + 1))
			}
			ops = append(ops, op{kind: "reopen"})
			begin(sources[r.IntN(2)])
		}
	}
	return ops
}

// small makes every limit small, so that few keys go every way.
func small(t testing.TB) {
	oldChunk, oldSoft, oldHard := chunk, soft, hard
	t.Cleanup(func() { chunk, soft, hard = oldChunk, oldSoft, oldHard })
	chunk = 5 * entrySize
	soft = func(int64) int64 { return 1000 }
	hard = func(int64) int64 { return 2000 }
}

func TestSeenAgainstModel(t *testing.T) {
	small(t)
	for seed := range uint64(60) {
		for _, onDisk := range []bool{false, true} {
			r := rand.New(rand.NewPCG(seed, 1))
			path := t.TempDir() + "/seen"
			s := New()
			if onDisk {
				s = mustOpen(t, path)
			}
			m := newModel(onDisk)
			now := int64(1000)
			for i, o := range script(r, 200, seed%2 == 0) {
				now += o.after
				if o.kind == "reopen" {
					if !onDisk {
						o.kind = "discard"
					} else {
						if r.IntN(2) == 0 {
							abandon(s)
						} else if err := s.Close(); err != nil {
							t.Fatal(err)
						}
						s = mustOpen(t, path)
						m.discard()
					}
				}
				if err := step(t, s, m, o, now); err != nil {
					t.Fatalf("seed %d, step %d %v: %v", seed, i, o, err)
				}
				if i%10 == 0 {
					compare(t, s, m, now, fmt.Sprintf("seed %d, on disk %v, step %d %v", seed, onDisk, i, o))
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// step does the same to both; the model follows only what had no error.
func step(t testing.TB, s *Set, m *model, o op, now int64) error {
	switch o.kind {
	case "check":
		for _, k := range o.keys {
			want := m.check(k, now, o.ttl)
			if got := s.Check(key(k), now, o.ttl); got != want {
				t.Fatalf("%v: key %d at %d: seen %v, want %v", o, k, now, got, want)
			}
		}
	case "prepare":
		if err := s.Prepare(o.name()); err != nil {
			return err
		}
		m.prepare(o.id)
	case "commit":
		if err := s.Commit(o.name()); err != nil {
			return err
		}
		m.commit(o.id)
	case "save":
		if err := s.Save(); err == errUncommitted {
			return nil
		} else if err != nil {
			return err
		}
		m.save()
	case "discard":
		s.Discard()
		m.discard()
	}
	return nil
}

// compare looks without remembering.
func compare(t testing.TB, s *Set, m *model, now int64, what string) {
	t.Helper()
	for k := range universe {
		if got, want := s.has(key(k), now), m.seen(k, now); got != want {
			t.Errorf("%s: key %d at %d: seen %v, want %v", what, k, now, got, want)
		}
	}
}

func (s *Set) has(key [32]byte, now int64) bool {
	p := s.t.get(binary.LittleEndian.Uint64(key[0:]), binary.LittleEndian.Uint64(key[8:]))
	return p != nil && int64(p.exp) > now
}

func mustOpen(t testing.TB, path string) *Set {
	t.Helper()
	s, err := OpenContext(t.Context(), path, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// abandon is what remains to be done when a process dies.
func abandon(s *Set) {
	if s == nil {
		return
	}
	s.t.free()
	if s.f != nil {
		s.f.f.Close()
		s.f.lock.Unlock()
	}
}
