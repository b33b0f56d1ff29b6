package event

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

// appendBase64 is the standard encoding, two digits at a time: raw is the
// longest field of most events, and encoding it costs a parser most.
func appendBase64(dst, src []byte) []byte {
	if len(src) < 64 {
		return base64.StdEncoding.AppendEncode(dst, src)
	}
	t := pairs()
	n := len(dst)
	dst = slices.Grow(dst, base64.StdEncoding.EncodedLen(len(src)))
	dst = dst[:n+base64.StdEncoding.EncodedLen(len(src))]
	out := dst[n:]
	for len(src) >= 8 && len(out) >= 8 {
		w := binary.BigEndian.Uint64(src)
		binary.LittleEndian.PutUint64(out, uint64(t[w>>52])|uint64(t[w>>40&0xfff])<<16|uint64(t[w>>28&0xfff])<<32|uint64(t[w>>16&0xfff])<<48)
		src, out = src[6:], out[8:]
	}
	base64.StdEncoding.Encode(out, src)
	return dst
}
