package seen

import (
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A slot is one key of the table. The two expiries that are no times mark a
// slot that was never used, which ends a search, and one whose key is gone.
type slot struct {
	k0, k1 uint64
	exp    uint32 // unix seconds
	tag    uint32 // the epoch that remembered the key; 0 is state from before
}

const (
	expEmpty = 0
	expGone  = 1
	expNever = 1<<32 - 1

	slotSize = 24
	segments = 64
	minSlots = 16
)

// A table is an open-addressed hash table in 64 segments that grow one by one,
// so that growing needs at most one segment twice and no insertion waits for
// all the others. Only growing drops what has expired.
type table struct {
	seg  [segments]segment
	seed [2]uint64 // keeps a sender of events from choosing its slots

	bytes, peak int // of all slots, for tests
}

type segment struct {
	slots  []slot
	used   int // slots that are not empty
	limit  int // of used, before the segment is rebuilt
	mapped []byte
}

// place returns the segment of a key and where its search begins there. The
// place grows with the hash, so that a rebuild walks both arrays in order.
func (t *table) place(k0, k1 uint64) (*segment, uint64) {
	hi, lo := bits.Mul64(k0^t.seed[0], k1^t.seed[1])
	h := hi ^ lo
	return &t.seg[h>>58], h << 6
}

func start(h uint64, slots []slot) int {
	i, _ := bits.Mul64(h, uint64(len(slots)))
	return int(i)
}

// find returns the slot of a key, or the empty one where it would go. In a
// segment without slots it returns nil.
func (s *segment) find(h, k0, k1 uint64) *slot {
	if len(s.slots) == 0 {
		return nil
	}
	for i := start(h, s.slots); ; {
		p := &s.slots[i]
		if p.k0 == k0 && p.k1 == k1 || p.exp == expEmpty {
			return p
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

// times are the bounds of an expiry that is believed: after now, and no later than
// that of a key which is remembered now. A clock that was ahead made a later one,
// or a time to live that was longer.
type times struct{ now, until uint32 }

// timesAt returns the bounds at a moment, and with them what expires last. Only a
// time to live of 0, or one beyond all times, makes a key that never expires.
func timesAt(now, ttl int64) times {
	t := times{uint32(min(max(now, expGone), expNever-1)), expNever}
	if ttl > 0 && ttl < expNever {
		t.until = uint32(min(max(now+ttl, expGone+1), expNever-1))
	}
	return t
}

func (t times) believed(exp uint32) bool {
	return t.unexpired(exp) && (exp <= t.until || exp == expNever)
}

// unexpired is what is asked before a key is dropped for good: if the clock is
// wrong now, it may be believed again.
func (t times) unexpired(exp uint32) bool { return exp > max(t.now, expGone) }

// check says whether the key is there and unexpired, and puts it there if not.
func (t *table) check(k0, k1 uint64, at times, exp, tag uint32) bool {
	s, h := t.place(k0, k1)
	p := s.find(h, k0, k1)
	if p == nil {
		p = t.fresh(s, h, k0, k1, at)
	} else if at.believed(p.exp) {
		return true
	} else if p.exp == expEmpty {
		if s.used >= s.limit {
			p = t.fresh(s, h, k0, k1, at)
		} else {
			s.used++
		}
	}
	*p = slot{k0, k1, exp, tag}
	return false
}

// fresh rebuilds the segment and returns the slot for a key that is not in it.
func (t *table) fresh(s *segment, h, k0, k1 uint64, at times) *slot {
	t.rebuild(s, at)
	s.used++
	return s.find(h, k0, k1)
}

// get returns the slot of a key, or nil.
func (t *table) get(k0, k1 uint64) *slot {
	s, h := t.place(k0, k1)
	if p := s.find(h, k0, k1); p != nil && p.exp != expEmpty {
		return p
	}
	return nil
}

// rebuild moves what is unexpired into an array with room to grow by a third.
func (t *table) rebuild(s *segment, at times) {
	live := 0
	for i := range s.slots {
		if at.unexpired(s.slots[i].exp) {
			live++
		}
	}
	old := *s
	*s = newSegment(live*9/5 + minSlots)
	s.used = live
	t.bytes += len(s.slots) * slotSize
	t.peak = max(t.peak, t.bytes)
	for i := range old.slots {
		p := &old.slots[i]
		if !at.unexpired(p.exp) {
			continue
		}
		hi, lo := bits.Mul64(p.k0^t.seed[0], p.k1^t.seed[1])
		j := start((hi^lo)<<6, s.slots)
		for s.slots[j].exp != expEmpty {
			if j++; j == len(s.slots) {
				j = 0
			}
		}
		s.slots[j] = *p
	}
	t.release(&old)
}

// newSegment makes an array of at least n slots. A large one is taken from the
// system and given back to it at once: waiting for the garbage collector would
// double the memory while the table grows.
func newSegment(n int) segment {
	const page = 4096
	var s segment
	if size := (n*slotSize + page - 1) / page * page; size >= 16*page {
		b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err == nil {
			s.mapped = b
			s.slots = unsafe.Slice((*slot)(unsafe.Pointer(&b[0])), size/slotSize)
		}
	}
	if s.slots == nil {
		s.slots = make([]slot, n)
	}
	s.limit = limit(len(s.slots))
	return s
}

func limit(n int) int { return n / 4 * 3 }

// release gives the memory of a segment back.
func (t *table) release(s *segment) {
	t.bytes -= len(s.slots) * slotSize
	if s.mapped != nil {
		unix.Munmap(s.mapped) // cannot fail on what Mmap returned
	}
	*s = segment{}
}

func (t *table) free() {
	for i := range t.seg {
		t.release(&t.seg[i])
	}
}

// raw is the array as bytes, in the machine's own order.
func (s *segment) raw() []byte { return rawSlots(s.slots) }

func rawSlots(s []slot) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*slotSize)
}

// An entry is a key and when it expires.
type entry struct {
	k0, k1 uint64
	exp    uint32
}
