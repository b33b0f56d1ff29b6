package charset

import (
	"io"
	"slices"
	"unicode/utf8"
)

// A Reader reads text as UTF-8 and without its mark. Text that is UTF-8 passes
// as it is, mistakes included, and is looked at once. Of any other the bytes
// are kept, so that Source returns what a line was made of; a mistake in it
// becomes a byte that no UTF-8 has.
type Reader struct {
	src     io.Reader
	err     error // of src, once all is decoded
	named   *Encoding
	enc     *Encoding
	started bool
	broken  bool
	mark    []byte

	head []byte // read in search of a mark, and still to be handed on as it is
	part [utf8.UTFMax]byte
	n    int // length of part, a character whose end is still to come

	dec   decoder
	in    []byte // from position base of the source
	base  int64
	pos   int // in[:pos] is decoded
	out   []byte
	ready []byte // the part of out that is still to be read
	text  int64  // how much was decoded
	ends  []end
}

// end is the end of a line, or of a piece of one, in both texts.
type end struct{ text, source int64 }

const bufferSize = 32 << 10

// NewReader returns a reader of src, whose encoding is the named one if it has
// no mark.
func NewReader(src io.Reader, named *Encoding) *Reader { return &Reader{src: src, named: named} }

// Start looks for a mark and returns the encoding. Read calls it too.
func (r *Reader) Start() *Encoding {
	if r.started {
		return r.enc
	}
	r.started = true
	head := make([]byte, 0, utf8.UTFMax)
	for r.err == nil && len(head) < cap(head) && maybeMark(head) {
		var n int
		n, r.err = r.src.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
	}
	enc, n := Detect(head, r.named)
	r.enc, r.mark, r.head = enc, head[:n], head[n:]
	if enc != nil {
		r.dec, r.in, r.head, r.base = enc.decoder(), r.head, nil, int64(n)
		r.out = make([]byte, 0, bufferSize)
	}
	return r.enc
}

// Mark returns the mark if the text would be read differently without it.
func (r *Reader) Mark() []byte {
	if r.enc == r.named || r.enc != nil && r.named != nil && r.enc.name == r.named.name {
		return nil
	}
	return r.mark
}

// Broken reports whether there was a mistake in what was read so far.
func (r *Reader) Broken() bool { return r.broken }

// Read reads text. It blocks for less than a buffer if there is less to be had.
func (r *Reader) Read(p []byte) (n int, err error) {
	if r.Start() != nil {
		return r.decode(p)
	}
	if len(r.head) > 0 {
		n = copy(p, r.head)
		r.head = r.head[n:]
	} else if r.err != nil {
		err = r.err
	} else {
		n, err = r.src.Read(p)
	}
	if !r.broken {
		r.broken = !r.look(p[:n], err == io.EOF)
	}
	return n, err
}

// look checks UTF-8 that comes in pieces.
func (r *Reader) look(p []byte, last bool) bool {
	for r.n > 0 && len(p) > 0 && !utf8.FullRune(r.part[:r.n]) {
		r.part[r.n] = p[0]
		r.n++
		p = p[1:]
	}
	if r.n > 0 && (last || utf8.FullRune(r.part[:r.n])) {
		if !utf8.Valid(r.part[:r.n]) {
			return false
		}
		r.n = 0
	}
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if tail := p[len(p)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) && !last {
				r.n = copy(r.part[:], tail)
				p = p[:len(p)-i]
			}
			break
		}
	}
	return Valid(p)
}

// decode is Read for any encoding but UTF-8.
func (r *Reader) decode(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.pos == len(r.in) && r.err != nil {
			r.note()
			return 0, r.err
		}
		if !r.convert() {
			if err := r.fill(); err != nil {
				return 0, err
			}
		}
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// convert decodes what fits into out, and reports whether that is anything.
func (r *Reader) convert() bool {
	out, start := r.out[:0], r.pos
	for r.pos < len(r.in) && len(out)+utf8.UTFMax <= cap(out) {
		c, n := r.dec.next(r.in[r.pos:], r.err != nil)
		if n == 0 {
			break
		}
		was := len(out)
		out = appendRune(out, c)
		r.pos += n
		r.text += int64(len(out) - was)
		if c == '\n' || c == '\r' {
			r.note()
		}
		r.broken = r.broken || c == mistake
	}
	r.ready = out
	return r.pos > start && len(out) > 0 || r.pos == len(r.in) && r.err != nil
}

// fill reads once more from the source.
func (r *Reader) fill() error {
	for range 100 {
		r.in = slices.Grow(r.in, bufferSize)
		n, err := r.src.Read(r.in[len(r.in):cap(r.in)])
		r.in, r.err = r.in[:len(r.in)+n], err
		if n > 0 || err != nil {
			return nil
		}
	}
	return io.ErrNoProgress
}

// note remembers where both texts are.
func (r *Reader) note() {
	r.ends = append(r.ends, end{r.text, r.base + int64(r.pos)})
}

// Source returns the bytes that the text from one position to another was made
// of, where both are ends of lines. It is valid until the next call of any
// method. What stands before from is forgotten.
func (r *Reader) Source(from, to int64) []byte {
	r.Forget(from)
	stop := r.pos
	for _, e := range r.ends {
		if e.text >= to {
			stop = int(e.source - r.base)
			break
		}
	}
	return r.in[:stop:stop]
}

// Forget lets go of what text before a position was made of.
func (r *Reader) Forget(before int64) {
	n, drop := 0, 0
	for n < len(r.ends) && r.ends[n].text <= before {
		drop = int(r.ends[n].source - r.base)
		n++
	}
	if n == 0 {
		return
	}
	r.ends = append(r.ends[:0], r.ends[n:]...)
	r.in, r.pos, r.base = r.in[drop:], r.pos-drop, r.base+int64(drop)
}
