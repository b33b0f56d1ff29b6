package csv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// skipBlanks is where a field begins, at or behind i.
func (r *Reader) skipBlanks(i, content int) int {
	for r.SkipBlanks && i < content && r.buf[i] == ' ' {
		i++
	}
	return i
}

// split makes fields of the line buf[row:content], eight bytes at a time, if its
// quotes only surround whole fields, and notes where these are.
func (r *Reader) split(content int) (ok bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	buf, delim := r.buf, r.delim[0]
	text := unsafe.String(unsafe.SliceData(buf), len(buf))
	delims := ones * uint64(delim)
	fields, quotes := r.fields[:0], r.quotes[:0]
	start := r.skipBlanks(r.row, content)
words:
	for i := start; i < content; i += 8 {
		var w uint64
		if i+8 <= len(buf) {
			w = binary.LittleEndian.Uint64(buf[i:])
		} else {
			var last [8]byte
			copy(last[:], buf[i:content])
			w = binary.LittleEndian.Uint64(last[:])
		}
		// The top bit of each byte of hits is set where x or y has a zero byte; behind
		// such a byte it may be set for nothing.
		x, y := w^delims, w^ones*'"'
		hits := ((x-ones)&^x | (y-ones)&^y) & tops
		if left := content - i; left < 8 {
			hits &= 1<<(8*left) - 1
		}
		for ; hits != 0; hits &= hits - 1 {
			at := i + bits.TrailingZeros64(hits)>>3
			if buf[at] == delim {
				fields = append(fields, text[start:at])
				start = r.skipBlanks(at+1, content)
				continue
			}
			if buf[at] != '"' {
				continue
			}
			size := bytes.IndexByte(buf[at+1:content], '"')
			if at > start || size < 0 {
				r.fields, r.quotes = fields, quotes
				return false
			}
			start, at = at+1, at+1+size
			fields = append(fields, text[start:at])
			quotes = append(quotes, span{start - r.row, at - r.row})
			if at++; at == content {
				r.fields, r.quotes, r.usual = fields, quotes, true
				return true
			}
			if buf[at] != delim {
				r.fields, r.quotes = fields, quotes
				return false
			}
			start = r.skipBlanks(at+1, content)
			i = start - 8
			continue words
		}
	}
	r.fields, r.quotes, r.usual = append(fields, text[start:content]), quotes, true
	return true
}
