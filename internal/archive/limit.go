package archive

import "io"

// counter adds what is read to *n.
type counter struct {
	r io.Reader
	n *int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

// limited ends a reader with an error where a limit is passed.
type limited struct {
	r      io.Reader
	limits *Limits
	total  *int64 // bytes unpacked so far, of which there may be so many
	n      int64  // bytes of this reader
	packed *int64 // what they were packed in
	err    error  // what Read has returned
}

func (u *unpacker) limit(r io.Reader, total *int64) *limited {
	return &limited{r: r, limits: &u.limits, total: total, packed: &u.packed}
}

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.r.Read(p)
	*l.total += int64(n)
	l.n += int64(n)
	if over := *l.total - l.limits.Total; over > 0 {
		n, err = n-int(over), ErrTooLarge
	} else if l.n > ratioGrace && l.n/l.limits.Ratio > *l.packed {
		err = ErrRatio
	}
	l.err = err
	return n, err
}

// bounded is a ReaderAt that stops after a number of bytes.
type bounded struct {
	io.ReaderAt
	left int64
}

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, ErrMembers
	}
	return b.ReaderAt.ReadAt(p, off)
}
