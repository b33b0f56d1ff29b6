package tool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// blockSize is how much output is collected before it is written, unless the
// input pauses before.
const blockSize = 64 << 10

const pipeSize = 256 << 10

// errClosed says that the reader of stdout has gone.
var errClosed = errors.New("stdout is closed")

// writer writes messages to stdout, in whole lines.
type writer struct {
	dst io.Writer
	buf []byte
}

func newWriter(dst io.Writer) *writer {
	if f, ok := dst.(*os.File); ok && isPipe(f) {
		// Both ends of a pipe run longer before they have to wait for each
		// other. If the system does not allow it, it is as it was.
		unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, pipeSize)
	}
	return &writer{dst: dst, buf: make([]byte, 0, blockSize+blockSize/2)}
}

func (w *writer) message(m *event.Message) error {
	if m.Body() != nil {
		return w.stream(m)
	}
	w.buf = append(m.Append(w.buf), '\n')
	if len(w.buf) >= blockSize {
		return w.flush()
	}
	return nil
}

// lines writes whole lines as they are.
func (w *writer) lines(p []byte) error {
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.dst.Write(p)
	return outputError(err)
}

// stream writes a report whose content is read as it is written. If the
// content is bad the report is condemned, and what was written of its line is
// no message for anybody. If the stream breaks the line stays torn.
func (w *writer) stream(m *event.Message) error {
	if err := w.flush(); err != nil {
		return err
	}
	dst := &guard{dst: w.dst}
	if _, err := m.WriteTo(dst); dst.err != nil {
		return outputError(dst.err)
	} else if stage.IsFatal(err) {
		return err
	} else if err != nil {
		m.Fail(fmt.Errorf("the content of the report: %w", err))
		_, err := w.dst.Write([]byte("\n"))
		return outputError(err)
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

func (w *writer) control(kind event.Kind, id string) error {
	w.buf = append(event.AppendControl(w.buf, kind, id), '\n')
	return w.flush()
}

func (w *writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.dst.Write(w.buf)
	w.buf = w.buf[:0]
	return outputError(err)
}

func outputError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe), errors.Is(err, os.ErrClosed): // the last by ourselves, see nudge
		return errClosed
	}
	return fmt.Errorf("stdout: %w", err)
}
