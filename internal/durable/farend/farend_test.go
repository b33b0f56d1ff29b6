package farend

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
)

// table is a far end with transactions: what is in it, and the hashes.
type table struct {
	events []int
	hashes map[string]map[uint64][]uint64
}

func newTable() *table { return &table{hashes: map[string]map[uint64][]uint64{}} }

func (t *table) Load(_ context.Context, source string) (all []uint64, last uint64, _ error) {
	for number, hashes := range t.hashes[source] {
		all, last = append(all, hashes...), max(last, number)
	}
	return all, last, nil
}

func (t *table) Store(_ context.Context, source string, number uint64, hashes []uint64) error {
	if t.hashes[source] == nil {
		t.hashes[source] = map[uint64][]uint64{}
	}
	t.hashes[source][number] = append(t.hashes[source][number], hashes...)
	return nil
}

func (t *table) Forget(_ context.Context, source string, number uint64) error {
	maps.DeleteFunc(t.hashes[source], func(n uint64, _ []uint64) bool { return n <= number })
	return nil
}

func numbered(n int) *event.Message {
	m := event.New(event.Event, nil)
	m.Set("comment", fmt.Sprint("e", n))
	return m
}

// TestAnotherThatLooksTheSame comes after an event that a filter has dropped the
// second time, and is not left out.
func TestAnotherThatLooksTheSame(t *testing.T) {
	far := newTable()
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	once := &Once{Rows: far}
	step(once.Commit(t.Context(), "S:0:a"))
	once.New(numbered(1))
	step(once.Checkpoint(t.Context(), "S:1:a"))
	once = &Once{Rows: far}
	step(once.Commit(t.Context(), "S:0:b"))
	step(once.Checkpoint(t.Context(), "S:1:b"))
	step(once.Commit(t.Context(), "S:1:b"))
	if !once.New(numbered(1)) {
		t.Error("left out")
	}
}

// TestSchedules is the protocol under random crashes: a source with stable windows,
// a filter that decides the same each time or at random, and a table. Every event
// is in the table or in the dump, and at most once where the filter is steady.
func TestSchedules(t *testing.T) {
	const events, most = 40, 3
	for _, moody := range []bool{false, true} {
		twice := 0
		for seed := range uint64(3000) {
			r := rand.New(rand.NewPCG(seed, 4))
			far, dump := newTable(), map[int]bool{}
			cuts := []int{0} // where window n begins is cuts[n-1]
			for cuts[len(cuts)-1] < events {
				cuts = append(cuts, min(events, cuts[len(cuts)-1]+1+r.IntN(4)))
			}
			acked := 0
			for run := 0; acked < len(cuts)-1; run++ {
				nonce, steps, death := fmt.Sprint("n", run), 0, r.IntN(80)
				alive := func() bool { steps++; return run > 8 || steps < death }
				once := &Once{Rows: far}
				if err := once.Commit(t.Context(), fmt.Sprintf("S:%d:%s", acked, nonce)); err != nil {
					t.Fatal(err)
				}
				back := acked
				for w := acked + 1; w < len(cuts) && alive(); w++ {
					var rows []int
					for n := cuts[w-1]; n < cuts[w] && alive(); n++ {
						die := n*7919%100 < 10
						if moody {
							die = r.IntN(10) == 0
						}
						if die {
							dump[n] = true
						} else if once.New(numbered(n)) {
							rows = append(rows, n)
						}
					}
					if !alive() {
						break // the transaction is rolled back
					}
					id := fmt.Sprintf("S:%d:%s", w, nonce)
					if err := once.Checkpoint(t.Context(), id); err != nil {
						t.Fatal(err)
					}
					far.events = append(far.events, rows...)
					if !alive() {
						break
					}
					if back++; w-acked >= most || w == len(cuts)-1 {
						acked = back - r.IntN(min(most, back-acked))
						if w == len(cuts)-1 {
							acked = w
						}
						if !alive() {
							break
						}
						once.Commit(t.Context(), fmt.Sprintf("S:%d:%s", acked, nonce))
					}
				}
			}
			there := slices.Clone(far.events)
			slices.Sort(there)
			if unique := slices.Compact(slices.Clone(there)); len(unique) < len(there) {
				if twice++; !moody {
					t.Fatalf("seed %d: twice in %v", seed, there)
				}
			}
			for n := range events {
				if _, found := slices.BinarySearch(there, n); !found && !dump[n] {
					t.Fatalf("seed %d, moody %v: %d is lost", seed, moody, n)
				}
			}
		}
		t.Logf("moody %v: twice in %d runs", moody, twice)
	}
}

// TestEqualEvents: an equal event is another one, and written as often as it comes.
func TestEqualEvents(t *testing.T) {
	far := newTable()
	write := func(once *Once, id string, n int) (wrote int) {
		for range n {
			if once.New(numbered(1)) {
				wrote++
			}
		}
		if err := once.Checkpoint(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return wrote
	}
	once := &Once{Rows: far}
	once.Commit(t.Context(), "S:0:a")
	if n := write(once, "S:1:a", 2) + write(once, "S:2:a", 1); n != 3 {
		t.Errorf("%d of 3 equal events", n)
	}
	once = &Once{Rows: far} // after a crash both windows come again, and one more
	once.Commit(t.Context(), "S:0:b")
	if n := write(once, "S:1:b", 2); n != 0 {
		t.Errorf("%d events twice", n)
	}
	once.New(numbered(1))
	once.Undo() // its transaction failed
	if n := write(once, "S:2:b", 1) + write(once, "S:3:b", 1); n != 1 {
		t.Errorf("%d new events, want 1", n)
	}
	other := &Once{Rows: far}
	other.Commit(t.Context(), "T:0:c")
	if n := write(other, "T:1:c", 1); n != 1 {
		t.Error("another source's event was taken for known")
	}
	if plain := (&Once{Rows: far}); !plain.New(numbered(1)) {
		t.Error("an event in a stream without control lines was skipped")
	}
}

func TestIDs(t *testing.T) {
	run := func(nonce string) (ids []string) {
		i := new(IDs)
		ids = append(ids, i.Next(numbered(1)))
		i.Control("S:16:" + nonce)
		ids = append(ids, i.Next(numbered(1)), i.Next(numbered(1)), i.Next(numbered(2)))
		i.Control("S:17:" + nonce)
		i.Control("S:16:" + nonce) // a Commit of what was before
		ids = append(ids, i.Next(numbered(1)))
		return ids
	}
	first := run("a")
	if first[0] != "" || len(slices.Compact(slices.Sorted(slices.Values(first)))) != 5 {
		t.Errorf("%q", first)
	}
	if again := run("b"); !slices.Equal(first, again) {
		t.Errorf("%q and %q", first, again)
	}
}
