package archive

import (
	"io"
	"math"
)

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// budget is how many bytes may be unpacked, and what it is called if they are more.
type budget struct {
	left int64
	err  error
}

// budgets are those for all that is unpacked from the archive.
func (w *walker) budgets() []*budget {
	return []*budget{{w.limits.Total, ErrTooLarge}, w.ratio(w.limits.Packed)}
}

// ratio is the budget of what was packed in so many bytes.
func (w *walker) ratio(packed int64) *budget {
	most := int64(math.MaxInt64)
	if packed < most/w.limits.Ratio {
		most = max(packed*w.limits.Ratio, ratioGrace)
	}
	return &budget{most, ErrRatio}
}

// limited ends a reader with an error where a budget is used up.
type limited struct {
	r       io.Reader
	budgets []*budget
	over    *budget // which it was
	err     error   // what Read has returned
}

func (w *walker) limit(r io.Reader, budgets ...*budget) *limited {
	return &limited{r: r, budgets: budgets}
}

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.r.Read(p)
	for _, b := range l.budgets {
		if b.left -= int64(n); b.left < 0 && l.over == nil {
			l.over, err = b, b.err
		}
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
