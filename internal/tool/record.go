package tool

import (
	"bytes"
	"errors"
	"io"

	"github.com/intelpipe/intelpipe/internal/event"
)

// recordSize is how much of a report is kept in memory while it is read.
const recordSize = 1 << 20

// A record keeps the beginning of bare input while it is read, so that all of
// it can go into the dump if its parser fails early. Later its origin still has
// it: bare input never comes from a source.
type record struct {
	text []byte
	err  error // errPassed, or nil
}

// errPassed says that what was read is gone.
var errPassed = errors.New("the report was not kept")

func (r *record) add(p []byte) {
	if r.err == nil && len(r.text)+len(p) > recordSize {
		r.text, r.err = nil, errPassed
	} else if r.err == nil {
		r.text = append(r.text, p...)
	}
}

// whole writes the report that is being streamed as one line, from its
// beginning and without a newline.
func (s *rest) whole(m *event.Message, w io.Writer) error {
	text := s.seen.text
	s.seen, s.left = record{err: errPassed}, 1<<62
	m.SetBody(io.MultiReader(bytes.NewReader(text), s))
	_, err := m.WriteTo(chomp{w})
	return err
}

// chomp drops the newline of the line that is written.
type chomp struct{ w io.Writer }

func (c chomp) Write(p []byte) (int, error) {
	_, err := c.w.Write(bytes.TrimSuffix(p, []byte("\n")))
	return len(p), err
}
