package file

import (
	"context"
	"errors"
	"io"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// stdout is the destination that --file - names. It keeps nothing that a
// checkpoint promises, which is why there is none in a stream with control lines.
type stdout struct {
	w   io.Writer
	buf []byte
}

var errNotDurable = errors.New("--file -: stdout cannot keep what a checkpoint promises; name a file")

func (o *stdout) Append(_ context.Context, _ string, line []byte, controlled bool) error {
	if controlled {
		return errNotDurable
	}
	if o.buf = append(append(o.buf, line...), '\n'); len(o.buf) < 64<<10 {
		return nil
	}
	return o.flush()
}

func (o *stdout) Held() bool { return len(o.buf) > 0 }

func (o *stdout) Flush(context.Context, stage.Emit) error { return o.flush() }

func (o *stdout) flush() error {
	if len(o.buf) == 0 {
		return nil
	}
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

func (o *stdout) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	if err := o.Commit(ctx, id); err != nil {
		return err
	}
	return o.flush()
}

func (o *stdout) Commit(_ context.Context, id string) error {
	if id != "" {
		return errNotDurable
	}
	return nil
}

func (o *stdout) Reopen(context.Context) error { return nil }

func (o *stdout) Close() error {
	if err := o.flush(); !errors.Is(err, stage.ErrStop) {
		return err
	}
	return nil
}
