package through

import (
	"bytes"
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// maxLine bounds what a command may write without the end of a line.
const maxLine = 16 << 20

// lines emits the whole lines of out, and the rest too if it is the last one.
func (c *Command) lines(last bool, emit stage.Emit) error {
	rest := c.out
	for {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !whole && (!last || len(line) == 0) {
			break
		}
		rest = after
		if err := c.emit(line, emit); err != nil {
			return err
		}
	}
	c.out = append(c.out[:0], rest...)
	if len(c.out) > maxLine {
		return c.failed(errors.New("wrote a line that is longer than 16 MiB"))
	}
	return nil
}

// emit makes a message of a line. The command has seen no control line, so
// that it has none to pass on.
func (c *Command) emit(line []byte, emit stage.Emit) error {
	c.line++
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	m := event.Borrow() // which whoever takes it gives back
	m.Reset(event.Event, c.env.Dictionary)
	err := m.Decode(line)
	if err == nil && m.Kind > event.Report {
		err = errors.New("a control line is no message")
	}
	if err != nil {
		m.Fail(err)
	}
	m.SetPlace(event.Place{File: string(c.Command[0]), Line: c.line})
	return emit(m)
}
