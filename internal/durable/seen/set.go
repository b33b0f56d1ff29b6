package seen

import (
	"math/rand/v2"
	"slices"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
)

// A Set is a set of keys that expire. It may be used by one goroutine at a
// time.
//
// An expiry that lies further ahead than the time to live is not believed: such a
// key is new. It was remembered while the clock was ahead, by an unknown time, and
// would drop events for just as long. A key is therefore never remembered for
// longer than its time to live from now. After a clock was set back, or the time
// to live lowered, an event may pass once more.
//
// What a crashed run prepared does not count as seen before its source has
// settled it: an event too many is better than one too few.
type Set struct {
	t        table
	now      times  // what Check was told last
	epoch    uint32 // the tag of what is remembered now, from 1
	fresh    int    // how much that is
	prepared checkpoint.Pending[batch]
	shadow   []entry // state that an uncommitted key of a later expiry hides
	f        *file   // nil in memory only
	err      error   // of the disk; it stays
}

// A batch is what was remembered between two checkpoints. Its keys are in the
// table if this run has prepared it, else only in the file.
type batch struct {
	epoch uint32 // the tag of its keys in the table
	spans []span // where they are in the file
}

// New makes a set that lives in memory only.
func New() *Set {
	return &Set{t: table{seed: [2]uint64{rand.Uint64(), rand.Uint64()}}, epoch: 1, now: times{until: expNever}}
}

// promote puts a key of a run before into the table as state. Of several expiries
// the latest counts that is believed.
func (s *Set) promote(e entry) {
	if !s.now.believed(e.exp) {
		return
	}
	p := s.t.get(e.k0, e.k1)
	switch {
	case p == nil:
		s.t.check(e.k0, e.k1, s.now, e.exp, 0)
	case e.exp > p.exp || !s.now.believed(p.exp):
		*p = slot{e.k0, e.k1, e.exp, 0}
	case p.tag != 0 && s.uncommitted()(p.tag):
		s.shadow = append(s.shadow, e)
	}
}

// uncommitted returns a test for the tags of keys that are not state.
func (s *Set) uncommitted() func(tag uint32) bool {
	var own []uint32 // ascending, as epochs are
	for _, b := range s.prepared.Own() {
		own = append(own, b.Value.epoch)
	}
	own = append(own, s.epoch)
	return func(tag uint32) bool {
		if tag < own[0] {
			return false
		}
		_, found := slices.BinarySearch(own, tag)
		return found
	}
}
