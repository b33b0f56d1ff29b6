package csv

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"

	"unsafe"
)

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

func (r *Reader) resetFinders() {
	r.lf, r.cr = finder{c: '\n'}, finder{c: '\r'}
}

// nextLine moves pos behind the next line and returns that position and the end
// of the line's text. The buffer may move, but keeps everything from row on.
// The error is ErrRowTooLong if the row would grow over its limit; pos then
// stands at the limit.
func (r *Reader) nextLine() (end, content int, err error) {
	for {
		b := r.buf[:r.end]
		lf, cr := r.lf.find(b, r.pos), r.cr.find(b, r.pos)
		switch {
		case lf < cr:
			content, end = lf, lf+1
		case cr+1 == lf && lf < r.end:
			content, end = cr, cr+2
		case cr < r.end && (cr+1 < r.end || r.err != nil):
			content, end = cr, cr+1
		case r.err == nil && r.end-r.row <= r.maxRow():
			r.fill()
			continue
		case r.err == nil:
			end = r.end
		case r.err == io.EOF && r.pos < r.end:
			content, end = r.end, r.end
		default:
			r.pos = r.end
			return 0, 0, r.err
		}
		if limit := r.row + r.maxRow(); end > limit {
			r.pos = max(r.pos, limit)
			return 0, 0, ErrRowTooLong
		}
		r.pos = end
		r.next++
		return end, content, nil
	}
}

// discardLine throws away the rest of a line that was too long.
func (r *Reader) discardLine() {
	for r.More() {
	}
}

// More moves on in a single line over MaxRow that Read has just reported: Row
// then holds the next part of it, of at most MaxRow bytes. It says false at the
// end of the line, and where there is no such line.
func (r *Reader) More() bool {
	if !r.discard {
		return false
	}
	r.row = r.pos
	_, _, err := r.nextLine()
	r.discard = err == ErrRowTooLong
	return r.pos > r.row
}

// Last reports whether nothing follows the last row, and waits for more input if it
// has to. The row stays valid.
func (r *Reader) Last() bool {
	for r.pos == r.end && r.err == nil {
		if r.end == len(r.buf) { // fill would move the row, and Read has given out parts of it
			r.buf = append(r.buf, make([]byte, initialBuffer)...)
		}
		r.fill()
	}
	return r.pos == r.end
}

// fill reads once into the free part of the buffer, after making room.
func (r *Reader) fill() {
	if r.end == len(r.buf) {
		if live := r.end - r.row; live > len(r.buf)/2 || r.buf == nil {
			bigger := make([]byte, max(initialBuffer, 2*len(r.buf)))
			copy(bigger, r.buf[r.row:r.end])
			r.buf = bigger
		} else {
			copy(r.buf, r.buf[r.row:r.end])
		}
		r.lf.shift(r.row)
		r.cr.shift(r.row)
		r.offset += int64(r.row)
		r.pos -= r.row
		r.end -= r.row
		r.row = 0
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// split makes fields of the line buf[row:content], eight bytes at a time, if its
// quotes only surround whole fields, and notes where these are.
func (r *Reader) split(content int) (ok bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	buf, delim := r.buf, r.delim[0]
	text := unsafe.String(unsafe.SliceData(buf), len(buf))
	delims := ones * uint64(delim)
	fields, quotes := r.fields[:0], r.quotes[:0]
	start := r.row
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
				start = at + 1
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
			start = at + 1
			i = start - 8
			continue words
		}
	}
	r.fields, r.quotes, r.usual = append(fields, text[start:content]), quotes, true
	return true
}
