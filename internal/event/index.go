package event

import (
	"errors"
	"hash/maphash"

	"github.com/intelpipe/intelpipe/internal/event/scan"
)

// MaxFields is how many fields a message may have, and how many members an
// object of a feed.
const MaxFields = scan.MaxMembers

var errTooMany = errors.New(scan.TooMany)

// full reports whether there is no room for one more field.
func (m *Message) full() bool { return len(m.fields) >= MaxFields && m.Len() >= MaxFields }

// few is how many fields are searched one by one. More of them have an index,
// and a deleted one stays among them as a gap until they are next walked through.
const few = 64

// index finds the fields of a message that has many of them. It covers the
// first ones, and takes up the rest when one is looked for.
type index struct {
	slots   []uint32 // numbers of fields, from 1; 0 is free
	covered int      // how many fields are in it
	seed    maphash.Seed
}

// forget empties the index, which there may be none of.
func (x *index) forget() {
	if x != nil {
		x.covered = 0
	}
}

// lookup is find by the index.
func (m *Message) lookup(key string) int {
	m.cover()
	x := m.index
	for i := x.place(key); x.slots[i] != 0; i = x.after(i) {
		at := int(x.slots[i] - 1)
		if f := &m.fields[at]; f.End > 0 && string(m.buf[f.Key:f.Key+f.KeyLen]) == key {
			return at
		}
	}
	return -1
}

// cover takes up the fields that have come since.
func (m *Message) cover() {
	n := len(m.fields)
	x := m.index
	if x == nil {
		x = &index{seed: maphash.MakeSeed()} // keeps a sender from choosing keys that meet
		m.index = x
	}
	if 2*n > len(x.slots) || x.covered == 0 && len(x.slots) > 64*n {
		size := 4 * few
		for size < 4*n {
			size *= 2
		}
		x.slots, x.covered = make([]uint32, size), 0
	} else if x.covered == 0 {
		clear(x.slots)
	}
	for ; x.covered < n; x.covered++ {
		f := &m.fields[x.covered]
		if f.End == 0 {
			continue
		}
		i := x.placeOf(m.buf[f.Key : f.Key+f.KeyLen])
		for x.slots[i] != 0 {
			i = x.after(i)
		}
		x.slots[i] = uint32(x.covered) + 1
	}
}

func (x *index) place(key string) int {
	return int(maphash.String(x.seed, key) & uint64(len(x.slots)-1))
}

func (x *index) placeOf(key []byte) int {
	return int(maphash.Bytes(x.seed, key) & uint64(len(x.slots)-1))
}

func (x *index) after(i int) int { return (i + 1) & (len(x.slots) - 1) }

// deleteAt removes a field, and reports whether those behind it have moved up.
func (m *Message) deleteAt(i int) (moved bool) {
	m.dirty = true
	if len(m.fields) > few {
		m.fields[i] = field{}
		m.dead++
		return false
	}
	m.fields = append(m.fields[:i], m.fields[i+1:]...)
	return true
}

// settle closes the gaps that deleted fields have left.
func (m *Message) settle() {
	if m.dead == 0 {
		return
	}
	kept := m.fields[:0]
	for i := range m.fields {
		if m.fields[i].End > 0 {
			kept = append(kept, m.fields[i])
		}
	}
	m.fields, m.dead = kept, 0
	m.index.forget()
}
