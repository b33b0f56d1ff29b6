package file

import (
	"errors"
	"io"
)

// stdout is the destination that --file - names. It keeps nothing that a
// checkpoint promises, which is why there is none in a stream with control lines.
type stdout struct {
	w   io.Writer
	buf []byte
}

// add adds a line.
func (o *stdout) add(line []byte) error {
	if o.buf = append(append(o.buf, line...), '\n'); len(o.buf) < 64<<10 {
		return nil
	}
	return o.flush()
}

func (o *stdout) flush() error {
	if len(o.buf) == 0 {
		return nil
	}
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

var errNotDurable = errors.New("--file -: stdout cannot keep what a checkpoint promises; name a file")
