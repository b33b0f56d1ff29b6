package rawtext

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
)

// pairs has the two digits of base64 for every 12 bits, in memory order.
var pairs = sync.OnceValue(func() *[4096]uint16 {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var t [4096]uint16
	for i := range t {
		t[i] = uint16(digits[i>>6]) | uint16(digits[i&63])<<8
	}
	return &t
})

// AppendBase64 is the standard encoding, two digits at a time: raw is the
// longest field of most events, and encoding it costs a parser most.
func AppendBase64(dst, src []byte) []byte {
	n, size := len(dst), base64.StdEncoding.EncodedLen(len(src))
	dst = slices.Grow(dst, size)[:n+size]
	out := dst[n:]
	i, j := 0, 0
	for t := pairs(); i+8 <= len(src) && j+8 <= len(out); i, j = i+6, j+8 {
		w := binary.BigEndian.Uint64(src[i:])
		binary.LittleEndian.PutUint64(out[j:], uint64(t[w>>52])|uint64(t[w>>40&0xfff])<<16|uint64(t[w>>28&0xfff])<<32|uint64(t[w>>16&0xfff])<<48)
	}
	base64.StdEncoding.Encode(out[j:], src[i:])
	return dst
}

// Encoder is AppendBase64 for one raw after another. Rows of a report often begin
// alike, with the names of the columns, and that is encoded once.
type Encoder struct {
	head   []byte // what a raw began with
	text   []byte // the same in base64
	misses uint   // raws that began with something else
}

// A head has at most so many bytes, a multiple of three. One that is common to less
// than the second figure is not worth it.
const (
	longestHead  = 1536
	shortestHead = 48
)

// Append appends the standard encoding of src.
func (e *Encoder) Append(dst, src []byte) []byte {
	n := common(e.head, src) / 3 * 3
	if n >= shortestHead {
		return AppendBase64(append(dst, e.text[:n/3*4]...), src[n:])
	}
	// Where raws have nothing in common, only now and then one is kept.
	if e.misses++; e.misses%16 == 1 && len(src) >= shortestHead {
		e.head = append(e.head[:0], src[:min(len(src), longestHead)/3*3]...)
		e.text = AppendBase64(e.text[:0], e.head)
	}
	return AppendBase64(dst, src)
}

// common is how many bytes a and b have in common at their beginnings.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
