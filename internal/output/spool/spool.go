// Package spool implements output-spool.
//
// output-spool: keep events in a directory until collect-spool takes them
//
// The spool is a queue on the disk. Events are written to segments in DIR/tmp,
// which appear in DIR/new when they are full, or a second old, or when the
// stream ends: they are on the disk then, and never change. A segment is plain
// NDJSON, so that cat DIR/new/* shows what is waiting. Its name says when it
// was sealed, how many events it has, and their checksum. The directories are
// made if they are not there. Several writers may share one spool, also those of
// one pipeline.
//
// With --quota, output-spool waits while the segments that nobody has consumed
// hold more bytes than that. It may be exceeded by one segment of each writer,
// and by the windows that are open in a stream with checkpoints. The size is kept
// in DIR/.size, and counted anew when that is not certain: when output-spool
// starts, when a process has died in the middle of a change, before it waits, and
// at most once a minute for what people do by hand.
//
// Directories and files are made for their owner alone (700 and 600). A directory
// that is there already keeps its permissions.
//
// If output-spool dies, the whole lines it has written are recovered by the next
// one, or by a consumer that has taken all the rest. When the disk is full it
// ends with exit code 3, and nothing appears that is not whole.
//
// In a stream with checkpoints the events of a window are on the disk when its
// checkpoint is passed on, but appear only when its source has acknowledged
// them. After a crash nothing is lost, and nothing is there twice. If the source
// is never run again, the command spool shows what waits for it and can
// put it into the queue.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | output-spool queue && cat queue/new/*
//	echo '{"source.ip":"192.0.2.1"}' | output-spool --quota 10GiB queue
package spool

import (
	"context"
	"errors"
	"time"

	queue "github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is output-spool.
type Command struct {
	Dir          string     `arg:"" help:"The directory of the spool."`
	SegmentBytes stage.Size `help:"How large a segment becomes. A larger event has one for itself." default:"4MiB" placeholder:"SIZE"`
	SegmentAge   float64    `help:"After how many seconds a segment appears that is not full, in a stream without checkpoints." default:"1" placeholder:"SECONDS"`
	Quota        stage.Size `help:"Wait while the spool holds more than this. 0 is no limit." default:"0" placeholder:"SIZE"`

	w *queue.Writer
}

// maxSegmentBytes keeps segments readable as a whole.
const maxSegmentBytes = 512 << 20

// Start opens the spool.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	switch {
	case c.SegmentBytes < 1 || c.SegmentBytes > maxSegmentBytes:
		return errors.New("--segment-bytes: choose a size between 1 and 512MiB")
	case !(c.SegmentAge > 0 && c.SegmentAge <= 86400):
		return errors.New("--segment-age: choose a number of seconds above 0, and no more than a day")
	}
	if env.DryRun {
		return nil
	}
	var err error
	c.w, err = queue.OpenWriter(ctx, c.Dir, queue.Options{
		SegmentBytes: int64(c.SegmentBytes),
		Quota:        int64(c.Quota),
		Now:          env.Now,
		Warn:         env.Warn,
	})
	return err
}

// Encode says what would be in the spool.
func (c *Command) Encode(m *event.Message) (stage.Item, error) {
	return stage.Item{Data: m.Append(nil)}, nil
}

// Process adds one message.
func (c *Command) Process(ctx context.Context, m *event.Message, _ stage.Emit) error {
	return stage.Fatal(c.w.Append(ctx, m))
}

// Holds is how long a segment waits to become full.
func (c *Command) Holds() time.Duration {
	if !c.w.Held() {
		return 0
	}
	return time.Duration(c.SegmentAge * float64(time.Second))
}

// Flush publishes what there is of it.
func (c *Command) Flush(context.Context, stage.Emit) error { return c.w.Flush() }

// Checkpoint makes durable what was added.
func (c *Command) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	return c.w.Checkpoint(ctx, id)
}

// Commit publishes it.
func (c *Command) Commit(ctx context.Context, id string) error { return c.w.Commit(ctx, id) }

// Close lets go of the spool.
func (c *Command) Close() error {
	if c.w == nil {
		return nil
	}
	return c.w.Close()
}
