package csv

import (
	"bytes"
	"io"
	"unsafe"
)

// place is a spot in the row to which reading can return.
type place struct {
	line      int // number of the line
	lineStart int // where the line begins, relative to the row
	lineEnd   int // where it ends, its line ending included
	field     int // where the field begins
}

// readQuoted splits a row by the full rules. Its first line is buf[row:end],
// the text of which ends at content. All positions below are relative to the
// row, since buf may move whenever a further line is fetched.
func (r *Reader) readQuoted(content, end int) ([]string, error) {
	r.spans, r.scratch = r.spans[:0], r.scratch[:0]
	limit := r.fieldLimit()
	base := r.buf[r.row:]
	content, end = content-r.row, end-r.row
	first := place{line: r.line, lineEnd: end}
	line := first // the line at hand; its field is the one being read
	for i := 0; ; {
		for r.SkipBlanks && i < content && base[i] == ' ' {
			i++
		}
		line.field = i
		if len(r.spans) == r.maxFields() {
			return nil, r.fail(line, line, ErrTooManyFields)
		}
		if i == content || base[i] != '"' {
			i, content := i, content
			if n := bytes.Index(base[i:content], r.delim); n >= 0 {
				content = i + n
			}
			if content-i > limit {
				return nil, r.fail(line, line, ErrFieldTooLong)
			}
			r.spans = append(r.spans, span{i, content})
		} else {
			open := line // where the quote was opened
			kept := len(r.scratch)
			i++
			seg := i // base[seg:i] is text that is not in scratch yet
			for {
				n := bytes.IndexByte(base[i:end], '"')
				if n < 0 {
					// The line ends inside the quotes.
					i = end
					if len(r.scratch)-kept+i-seg > limit {
						return nil, r.failQuoted(open, line, ErrFieldTooLong)
					}
					if r.offset+int64(r.row) < r.recover {
						return nil, r.fail(open, open, ErrUnbalancedQuote)
					}
					e, c, err := r.nextLine()
					base = r.buf[r.row:]
					switch {
					case err == nil:
						line = place{line: line.line + 1, lineStart: end, lineEnd: e - r.row}
						content, end = c-r.row, e-r.row
						continue
					case err == ErrRowTooLong:
						// What was read in vain is read again line by line, so that hostile input costs
						// no more than twice its length.
						r.recover = r.offset + int64(r.end)
						return nil, r.fail(first, first, ErrRowTooLong)
					case err != io.EOF:
						return nil, err
					case !r.KeepUnbalanced:
						return nil, r.fail(open, open, ErrUnbalancedQuote)
					}
					r.save(base, kept, seg, i)
					return r.strings(), nil
				}
				i += n + 1
				if i < content && base[i] == '"' {
					r.scratch = append(r.scratch, base[seg:i]...)
					i++
					seg = i
					continue
				}
				break
			}
			// A quote that was opened on an earlier line and seems to be closed in the
			// middle of a field is one that was never closed: what looks like its end
			// opens a field of this line.
			if line.line != open.line && !r.KeepUnbalanced && i < content && !bytes.HasPrefix(base[i:content], r.delim) {
				return nil, r.fail(open, open, ErrUnbalancedQuote)
			}
			// base[i-1] is the closing quote. Whatever follows it up to the delimiter is text.
			rest := i
			if i < content && !bytes.HasPrefix(base[i:content], r.delim) {
				rest = content
				if n := bytes.Index(base[i:content], r.delim); n >= 0 {
					rest = i + n
				}
			}
			if len(r.scratch)-kept+rest-seg-1 > limit {
				return nil, r.failQuoted(open, line, ErrFieldTooLong)
			}
			if rest > i {
				r.scratch = append(append(r.scratch, base[seg:i-1]...), base[i:rest]...)
				seg = i
			}
			r.save(base, kept, seg, i-1)
			if rest > i {
				i = rest
			}
			if i == content {
				return r.strings(), nil
			}
			i += len(r.delim)
			continue
		}
		last := r.spans[len(r.spans)-1].hi
		if last == content {
			return r.strings(), nil
		}
		i = last + len(r.delim)
	}
}

// save records a quoted field whose text is scratch[kept:] followed by base[seg:i].
func (r *Reader) save(base []byte, kept, seg, i int) {
	if len(r.scratch) == kept {
		r.spans = append(r.spans, span{seg, i})
		return
	}
	if i > seg {
		r.scratch = append(r.scratch, base[seg:i]...)
	}
	r.spans = append(r.spans, span{^kept, len(r.scratch)})
}

// strings makes fields of the spans.
func (r *Reader) strings() []string {
	r.fields = r.fields[:0]
	row := r.buf[r.row:]
	for _, s := range r.spans {
		b := row
		if s.lo < 0 {
			b, s.lo = r.scratch, ^s.lo
		}
		b = b[s.lo:s.hi]
		r.fields = append(r.fields, unsafe.String(unsafe.SliceData(b), len(b)))
	}
	return r.fields
}

// failQuoted fails a quoted field that opened at open and is at fault at now.
// A field that is too long because it spans lines is taken for one that somebody
// forgot to close: the lines behind its first are given another chance.
func (r *Reader) failQuoted(open, now place, err error) error {
	if r.KeepUnbalanced || open.line == now.line {
		return r.fail(open, now, err)
	}
	return r.fail(open, open, ErrUnbalancedQuote)
}

// fail ends the row behind the line of resume, and blames the field at fault.
func (r *Reader) fail(fault, resume place, err error) error {
	if end := r.row + resume.lineEnd; end < r.pos {
		r.pos = end
		r.resetFinders()
	}
	r.next = resume.line + 1
	return &Error{fault.line, fault.field - fault.lineStart + 1, err}
}
