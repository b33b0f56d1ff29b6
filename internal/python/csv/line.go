package csv

import "io"

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

// ReadLine returns the next line as it is, without its line ending, for text
// that has no fields. Row, Line, Skip and the errors are those of Read, and so
// is the time for which it is valid.
func (r *Reader) ReadLine() ([]byte, error) {
	content, _, err := r.begin()
	if err != nil {
		return nil, err
	}
	return r.buf[r.row:content], nil
}

// begin reads the first line of the next row: its text ends at content, and
// with its line ending it ends at end.
func (r *Reader) begin() (content, end int, err error) {
	if r.discard {
		r.discardLine()
	}
	r.usual = false
	for {
		r.row, r.line = r.pos, r.next
		end, content, err := r.nextLine()
		if err == ErrRowTooLong {
			r.discard = true
			return 0, 0, &Error{r.line, 1, ErrRowTooLong}
		}
		if err != nil || r.Skip == nil || !r.Skip(r.buf[r.row:content]) {
			return content, end, err
		}
	}
}
