package tool

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/event"
)

// recordSize is how much of a report is kept in memory while it is read.
const recordSize = 1 << 20

// A record keeps what was read of a report larger than memory, so that all of
// it can go into the dump if its parser fails. What is more than recordSize
// goes to a file, but only in a stream with control lines, whose source gives
// up what it has sent: any other source still has it.
type record struct {
	text  []byte
	file  *os.File
	spill func() (*os.File, error) // makes the file, or nil
	room  int64                    // for more; the dump does not take it either
	err   error                    // of the file, or errPassed
}

// errPassed says that what was read is gone.
var errPassed = errors.New("the report was not kept")

func (r *record) add(p []byte) {
	p = p[:min(int64(len(p)), r.room)]
	r.room -= int64(len(p))
	switch {
	case r.err != nil:
		return
	case r.file == nil && len(r.text)+len(p) <= recordSize:
		r.text = append(r.text, p...)
		return
	case r.file == nil && r.spill == nil:
		r.text, r.err = nil, errPassed
		return
	case r.file == nil:
		if r.file, r.err = r.spill(); r.err != nil {
			return
		}
	}
	_, r.err = r.file.Write(p)
}

// again reads what was kept.
func (r *record) again() io.Reader {
	if r.file == nil {
		return bytes.NewReader(r.text)
	}
	return io.MultiReader(bytes.NewReader(r.text), io.NewSectionReader(r.file, 0, 1<<62))
}

func (r *record) close() {
	if r.file != nil {
		r.file.Close()
	}
}

// whole writes the report that is being streamed as one line, from its
// beginning and without a newline.
func (s *rest) whole(m *event.Message, w io.Writer) error {
	again := s.seen.again()
	s.seen.room, s.left = 0, 1<<62
	if !s.bare {
		_, err := io.Copy(w, io.MultiReader(bytes.NewReader(s.head), again, s))
		return err
	}
	m.SetBody(io.MultiReader(again, s))
	_, err := m.WriteTo(chomp{w})
	return err
}

// chomp drops the newline of the line that is written.
type chomp struct{ w io.Writer }

func (c chomp) Write(p []byte) (int, error) {
	_, err := c.w.Write(bytes.TrimSuffix(p, []byte("\n")))
	return len(p), err
}
