package stream

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// blockSize is how much output is collected before it is written, unless the
// input pauses before.
const blockSize = 64 << 10

// ErrClosed says that the reader of the output has gone, which is no error.
var ErrClosed = errors.New("stdout is closed")

// A ContentError says that the content of a report could not be read to its
// end, while it was written. What was written of its line is no message for
// anybody.
type ContentError struct{ Err error }

func (e *ContentError) Error() string { return "the content of the report: " + e.Err.Error() }
func (e *ContentError) Unwrap() error { return e.Err }

// Writer writes messages in whole lines.
type Writer struct {
	dst io.Writer
	buf []byte
}

// NewWriter writes to dst. Nothing is there before Flush, or 64 KiB.
func NewWriter(dst io.Writer) *Writer {
	if f, ok := dst.(*os.File); ok {
		enlarge(f)
	}
	return &Writer{dst: dst, buf: make([]byte, 0, blockSize+blockSize/2)}
}

// Fd is the file descriptor of the output, or -1.
func (w *Writer) Fd() int {
	if f, ok := w.dst.(*os.File); ok {
		return int(f.Fd())
	}
	return -1
}

// Message writes a message.
func (w *Writer) Message(m *event.Message) error {
	if m.Body() != nil {
		return w.stream(m)
	}
	w.buf = append(m.Append(w.buf), '\n')
	if len(w.buf) >= blockSize {
		return w.Flush()
	}
	return nil
}

// Lines writes whole lines as they are.
func (w *Writer) Lines(p []byte) error {
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := w.dst.Write(p)
	return writeError(err)
}

// stream writes a report whose content is read as it is written. If the stream
// breaks the line stays torn.
func (w *Writer) stream(m *event.Message) error {
	if err := w.Flush(); err != nil {
		return err
	}
	dst := &guard{dst: w.dst}
	if _, err := m.WriteTo(dst); dst.err != nil {
		return writeError(dst.err)
	} else if stage.IsFatal(err) {
		return err
	} else if err != nil {
		if _, broken := w.dst.Write([]byte("\n")); broken != nil {
			return writeError(broken)
		}
		return &ContentError{err}
	}
	return nil
}

// guard tells errors of writing from those of reading.
type guard struct {
	dst io.Writer
	err error
}

func (g *guard) Write(p []byte) (int, error) {
	n, err := g.dst.Write(p)
	g.err = err
	return n, err
}

// Control writes a control line, and all that stands before it.
func (w *Writer) Control(kind event.Kind, id string) error {
	w.buf = append(event.AppendControl(w.buf, kind, id), '\n')
	return w.Flush()
}

// Flush writes what was collected.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.dst.Write(w.buf)
	w.buf = w.buf[:0]
	return writeError(err)
}

func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe), errors.Is(err, os.ErrClosed): // the last by ourselves, when the input of a pipeline was ended
		return ErrClosed
	}
	return fmt.Errorf("stdout: %w", err)
}

// Quiet writes for a command, and ends the stream without a word when the reader
// has gone.
type Quiet struct{ W io.Writer }

func (q Quiet) Write(p []byte) (int, error) {
	n, err := q.W.Write(p)
	if err = writeError(err); errors.Is(err, ErrClosed) {
		err = stage.ErrStop
	}
	return n, err
}
