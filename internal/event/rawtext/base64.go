package rawtext

import (
	"encoding/base64"
	"encoding/binary"
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
