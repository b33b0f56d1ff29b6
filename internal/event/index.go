package event

import (
	"hash/maphash"

	"github.com/intelpipe/intelpipe/internal/event/scan"
)

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

// newIndex returns an empty index. Its seed keeps a sender from choosing keys that meet.
func newIndex() *index { return &index{seed: maphash.MakeSeed()} }

// forget empties the index, which there may be none of.
func (x *index) forget() {
	if x != nil {
		x.covered = 0
	}
}

// find returns the number of the field with the key, or -1. The text of the fields is
// in buf.
func (x *index) find(buf []byte, fields []scan.Member, key string) int {
	x.cover(buf, fields)
	for i := x.place(key); x.slots[i] != 0; i = x.after(i) {
		at := int(x.slots[i] - 1)
		if f := &fields[at]; f.End > 0 && string(buf[f.Key:f.Key+f.KeyLen]) == key {
			return at
		}
	}
	return -1
}

// cover takes up the fields that have come since.
func (x *index) cover(buf []byte, fields []scan.Member) {
	n := len(fields)
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
		f := &fields[x.covered]
		if f.End == 0 {
			continue
		}
		i := x.placeOf(buf[f.Key : f.Key+f.KeyLen])
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
