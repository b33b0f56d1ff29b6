package tool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// A heldReport was read to its end before anything is made of it: if its
// content breaks off, nothing of it is delivered, whether it comes from a
// collector of this process or through a pipe. What is more than recordSize is
// in a file without a name in the state directory.
type heldReport struct {
	node   *node
	report *event.Message
	line   bool // the line as it stands is held, else the content
	text   []byte
	file   *os.File
}

func (h *heldReport) Write(p []byte) (int, error) {
	if h.file == nil && len(h.text)+len(p) <= recordSize {
		h.text = append(h.text, p...)
		return len(p), nil
	}
	if h.file == nil {
		f, err := h.node.dump.Scratch()
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
func (h *heldReport) from(n int) io.Reader {
	first := bytes.NewReader(h.text[min(n, len(h.text)):])
	if h.file == nil {
		return first
	}
	return io.MultiReader(first, io.NewSectionReader(h.file, int64(max(n-len(h.text), 0)), 1<<62))
}

// whole writes the report as one line, without a newline.
func (h *heldReport) whole(w io.Writer) error {
	if h.line {
		_, err := io.Copy(w, h.from(0))
		return err
	}
	h.report.SetBody(h.from(0))
	_, err := h.report.WriteTo(chomp{w})
	h.report.SetBody(nil)
	return err
}

func (h *heldReport) close() {
	if h != nil && h.file != nil {
		h.file.Close()
	}
}

// holdBody holds the content of a report that a collector streams.
func (n *node) holdBody(m *event.Message) error {
	body := m.Body()
	if _, ok := body.(event.Whole); ok || body == nil {
		return nil
	}
	h := &heldReport{node: n, report: m}
	n.run.held = h
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{body}, make([]byte, 64<<10)); err != nil {
		if stage.IsFatal(err) {
			return n.broken(err)
		}
		m.Fail(fmt.Errorf("the content of the report: %w", err))
		return nil
	}
	m.SetBody(h.from(0))
	return nil
}

// letGo forgets the report that was held.
func (r *run) letGo() {
	r.held.close()
	r.held = nil
}

// hold reads a report above the record limit to the end of its line. Its raw
// begins behind the given number of bytes.
func (r *reader) hold(m *event.Message, head int) (*event.Message, error) {
	p := r.node.flags.parserFlags
	h := &heldReport{node: r.node, report: m, line: true}
	r.node.run.held = h
	scan := &event.RawScan{}
	left := int64(p.MaxReport)/3*4 + 4 + int64(head)
	reason := error(nil)
	skip := head
	for more := true; more; {
		text := r.buf[r.start:r.end]
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text, more = text[:i], false
		}
		if left -= int64(len(text)); left < 0 {
			reason = errReportTooLarge
			break
		}
		if _, err := h.Write(text); err != nil {
			return nil, err
		}
		scan.Add(text[min(skip, len(text)):])
		skip -= min(skip, len(text))
		r.start += len(text)
		if !more {
			r.start++
		} else if r.eof {
			if r.err != nil {
				return nil, r.err
			} else if r.node.env.Controlled {
				return nil, errTorn
			}
			more = false
		} else if err := r.fill(); err != nil {
			return nil, err
		}
	}
	if reason == nil {
		reason = scan.Err()
	}
	if reason == nil {
		m.SetBody(event.NewRawReader(h.from(head)))
		return m, nil
	}
	r.node.counts.read++
	return nil, r.node.failLarge(func(w io.Writer) error {
		err := h.whole(w)
		if errors.Is(reason, errReportTooLarge) {
			r.rest = &rest{r: r, left: 1 << 62, seen: record{err: errPassed}}
			_, more := io.Copy(w, r.rest)
			err = errors.Join(err, more)
		}
		return err
	}, r.place(), reason)
}
