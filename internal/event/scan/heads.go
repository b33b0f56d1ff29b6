package scan

import (
	"bytes"
	"slices"
)

// heads remembers how the members of the objects before began, quotes and colon
// included. The events of a feed have mostly the same keys in the same order: to
// compare a few words is a third of what it costs to scan them and to find out
// that no key comes twice.
type heads struct {
	list    []head // no two with the same key
	next    int    // where the next one is expected
	objects int    // that have begun: what is read once is not worth it
	spent   int    // on learning
}

// head is `"key":`, and the quote behind it if the value is a string.
type head struct {
	text   []byte
	keyLen uint32
	mark   uint32
	word   int // where Marks have the mark
	bit    uint64
	quoted bool
}

const (
	maxHeads = 128
	maxHead  = 64 // bytes
	ahead    = 4  // how many members may be missing that others had

	// Where keys do not repeat, to learn them is in vain: in the long run one is
	// learned from an object, but many at once.
	maxSpent = 1024
)

// rewind begins with the next object.
func (h *heads) rewind() {
	h.next = 0
	h.objects++
	if h.spent > 0 {
		h.spent--
	}
}

// match returns the head that b has at pos, or nil. Those of one object are in
// the order of the list, so that no two of them are the same.
func (h *heads) match(b []byte, pos int) *head {
	for i := h.next; i < len(h.list) && i < h.next+ahead; i++ {
		x := &h.list[i]
		if end := pos + len(x.text); end <= len(b) && string(b[pos:end]) == string(x.text) {
			h.next = i + 1
			return x
		}
	}
	return nil
}

// learn takes note of the head of a member, which ends at end.
func (h *heads) learn(b []byte, f *Member, end int, quoted bool) {
	text := b[f.Start:end]
	if h.objects == 1 || h.next == maxHeads || len(text) > maxHead || h.spent == maxSpent ||
		f.Key != f.Start+1 || bytes.ContainsAny(text, "\r\n") {
		return
	}
	h.spent++
	key := b[f.Key : f.Key+f.KeyLen]
	for i := range h.list {
		if x := &h.list[i]; i != h.next && string(x.text[1:1+x.keyLen]) == string(key) {
			if i < h.next {
				return // it comes once more, or in another order
			}
			h.list = slices.Delete(h.list, i, i+1)
			break
		}
	}
	if h.next == len(h.list) {
		h.list = append(h.list, head{})
	}
	x := &h.list[h.next]
	h.next++
	x.text = append(x.text[:0], text...)
	x.keyLen, x.mark, x.quoted = f.KeyLen, f.Mark, quoted
	x.word, x.bit = (*Marks)(nil).place(f.Mark)
}
