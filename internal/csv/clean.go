package csv

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Clean returns a reader of what is left of r without NUL bytes and without
// bytes that are not UTF-8, the way Python's decoder does with errors="ignore".
func Clean(r io.Reader) io.Reader { return &cleaner{src: r, buf: make([]byte, 32<<10)} }

type cleaner struct {
	src   io.Reader
	err   error
	buf   []byte
	ready []byte                // the clean part of buf that is still to be read
	held  [utf8.UTFMax - 1]byte // the beginning of a character whose end is still to come
	n     int                   // length of held
}

func (c *cleaner) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		n := copy(c.buf, c.held[:c.n])
		m, err := c.src.Read(c.buf[n:])
		c.n, c.err = 0, err
		c.ready = c.clean(c.buf[:n+m])
		if m == 0 && err == nil {
			return 0, nil
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

// clean drops from p what does not belong. The beginning of a character at the
// end is held back while more may follow.
func (c *cleaner) clean(p []byte) []byte {
	if bytes.IndexByte(p, 0) < 0 && utf8.Valid(p) {
		return p
	}
	n := 0
	for i := 0; i < len(p); {
		if p[i] < utf8.RuneSelf {
			p[n] = p[i]
			if p[i] != 0 {
				n++
			}
			i++
			continue
		}
		if c.err == nil && !utf8.FullRune(p[i:]) {
			c.n = copy(c.held[:], p[i:])
			break
		}
		_, size := utf8.DecodeRune(p[i:])
		if size > 1 {
			n += copy(p[n:], p[i:i+size])
		}
		i += size
	}
	return p[:n]
}
