package event

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// appendBase64 is the standard encoding, six bytes at a time: raw is the
// longest field of most events, and encoding it costs a parser most.
func appendBase64(dst, src []byte) []byte {
	n, size := len(dst), base64.StdEncoding.EncodedLen(len(src))
	dst = slices.Grow(dst, size)[:n+size]
	out := dst[n:]
	i, j := 0, 0
	for ; i+8 <= len(src) && j+8 <= len(out); i, j = i+6, j+8 {
		binary.BigEndian.PutUint64(out[j:], digits64(binary.BigEndian.Uint64(src[i:])>>16))
	}
	base64.StdEncoding.Encode(out[j:], src[i:])
	return dst
}

// digits64 returns the eight digits for the 48 bits of x, the first one on top.
func digits64(x uint64) uint64 {
	// Six bits go into each byte, by halves.
	x = x&0xffffff | x&0xffffff000000<<8
	x = x&0x00000fff00000fff | x&0x00fff00000fff000<<4
	x = x&0x003f003f003f003f | x&0x0fc00fc00fc00fc0<<2
	// The bit on top of a byte says whether the byte is 26, 52, 62, 63 or
	// more. With 65 added as the code of A, each of these steps corrects it
	// by as much as the alphabet jumps there; no byte ever overflows.
	const top = ones * 0x80
	at26 := (x + ones*(0x80-26)) & top >> 7
	at52 := (x + ones*(0x80-52)) & top >> 7
	at62 := (x + ones*(0x80-62)) & top >> 7
	at63 := (x + ones*(0x80-63)) & top >> 7
	return x + ones*'A' + at26*('a'-'Z'-1) - at52*('z'+1-'0') - at62*('9'+1-'+') + at63*('/'-'+'-1)
}
