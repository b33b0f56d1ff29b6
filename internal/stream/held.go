package stream

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// memory is how much of a report is kept in memory while it is read.
const memory = 1 << 20

// Held is a report that was read to its end before anything is made of it: if
// its content breaks off, nothing of it is delivered, whether it comes from a
// collector of this process or through a pipe. What is more than a mebibyte is
// in a file without a name.
type Held struct {
	scratch func() (*os.File, error)
	report  *event.Message
	line    bool // the line as it stands is held, else the content
	text    []byte
	file    *os.File
}

// Hold reads the content of a report that a collector streams. It returns nil if
// there is nothing to hold. An error of the content condemns the report; one that
// is Fatal says that there is no room.
func Hold(m *event.Message, scratch func() (*os.File, error)) (*Held, error) {
	body := m.Body()
	if _, ok := body.(event.Whole); ok || body == nil {
		return nil, nil
	}
	h := &Held{scratch: scratch, report: m}
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{body}, make([]byte, 64<<10)); err != nil {
		if stage.IsFatal(err) {
			return h, err
		}
		m.Fail(fmt.Errorf("the content of the report: %w", err))
		return h, nil
	}
	m.SetBody(&heldBody{h.from(0), h})
	return h, nil
}

func (h *Held) Write(p []byte) (int, error) {
	if h.file == nil && len(h.text)+len(p) <= memory {
		h.text = append(h.text, p...)
		return len(p), nil
	}
	if h.file == nil {
		f, err := h.scratch()
		if err != nil {
			return 0, stage.Fatal(fmt.Errorf("no room to hold a report: %w", err))
		}
		h.file = f
	}
	n, err := h.file.Write(p)
	if err != nil {
		err = stage.Fatal(fmt.Errorf("no room to hold a report: %w", err))
	}
	return n, err
}

// from reads what is held, but for the first bytes.
func (h *Held) from(n int) io.Reader {
	first := bytes.NewReader(h.text[min(n, len(h.text)):])
	if h.file == nil {
		return first
	}
	return io.MultiReader(first, io.NewSectionReader(h.file, int64(max(n-len(h.text), 0)), 1<<62))
}

// writeWhole writes the report as one line, without a newline.
func (h *Held) writeWhole(w io.Writer) error {
	if h.line {
		_, err := io.Copy(w, h.from(0))
		return err
	}
	return WriteWhole(w, h.report, h.from(0))
}

// WriteWhole writes a report with this content as one line, without a newline. The
// report has no content then.
func WriteWhole(w io.Writer, report *event.Message, content io.Reader) error {
	report.SetBody(content)
	_, err := report.WriteTo(chomp{w})
	report.SetBody(nil)
	return err
}

// Close lets go of it. A nil one holds nothing.
func (h *Held) Close() {
	if h != nil && h.file != nil {
		h.file.Close()
	}
}

// heldBody is the content of a report that is held.
type heldBody struct {
	io.Reader
	held *Held
}

// Whole writes the report of which some of the content may have been read.
func (b *heldBody) Whole() func(io.Writer) error { return b.held.writeWhole }

// A Rereadable body can give all of its report once more, as one line without a
// newline, also when some of it was read. It returns nil if that is gone.
type Rereadable interface{ Whole() func(io.Writer) error }

// chomp drops the newline of the line that is written.
type chomp struct{ w io.Writer }

func (c chomp) Write(p []byte) (int, error) {
	_, err := c.w.Write(bytes.TrimSuffix(p, []byte("\n")))
	return len(p), err
}
