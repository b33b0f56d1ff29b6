package csv

import "bytes"

// finder remembers where a byte comes next, so that every byte of the input is
// looked at once per byte that is sought, however short or long the lines are.
type finder struct {
	c   byte
	hit bool
	pos int // the next c if hit, else the point up to which there is none
}

// find returns the position of the first c in b at or behind from, or len(b).
// The positions asked for must not decrease.
func (f *finder) find(b []byte, from int) int {
	if f.hit && f.pos >= from {
		return f.pos
	}
	f.pos = max(f.pos, from)
	n := bytes.IndexByte(b[f.pos:], f.c)
	if f.hit = n >= 0; f.hit {
		f.pos += n
	} else {
		f.pos = len(b)
	}
	return f.pos
}

// shift follows the buffer when its first n bytes are dropped.
func (f *finder) shift(n int) {
	f.hit = f.hit && f.pos >= n
	f.pos = max(f.pos-n, 0)
}
