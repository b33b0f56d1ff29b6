package chain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// Read feeds what src has into the chain; file is its name, or "" for stdin.
func (c *Chain) Read(ctx context.Context, src io.Reader, file string) error {
	head := c.nodes[0]
	o := stream.Options{File: file, Limit: head.RecordLimit, Dictionary: head.Env.Dictionary}
	if head.Parse != nil {
		o.Parser = &head.Parse.Parser
	} else if _, ok := head.Command.(stage.Streaming); ok {
		o.Parser = &stream.Parser{Input: "report", MaxReport: 64 << 30} // the default of --max-report
	}
	c.in = stream.NewReader(src, &feeder{c}, o)
	c.isFull = c.Room()
	c.attendance.Hold()
	defer c.attendance.Release()
	defer c.in.Close()
	for ctx.Err() == nil {
		if err := c.attendance.Reload(); err != nil {
			return err
		}
		m, err := c.in.Next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if m == nil {
			continue // a line that went into the dump
		}
		c.Progress.Count(1)
		if err = c.take(m, file); c.fatal != nil {
			return c.fatal
		} else if err != nil {
			return err
		}
		if err := c.attendance.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// take feeds one line into the chain.
func (c *Chain) take(m *event.Message, file string) error {
	head := c.nodes[0]
	switch {
	case m.Kind <= event.Report:
		if c.Source != "" && !c.isControlled && c.keeps() {
			return c.early()
		}
		c.open, c.covered = true, ""
		if c.Trail != nil {
			place := m.Place()
			place.Again = &event.Again{Sum: dump.Sum(m)} // in case that it fails
			m.SetPlace(place)
		}
		return c.links[0].emit(m)
	case file != "": // nobody waits for what comes back
		head.counts.Read++
		return head.fail(m, errControlLine)
	}
	if c.Dry {
		return c.Break(stage.Usage(errDry))
	}
	c.isControlled = true
	for _, n := range c.nodes {
		n.Env.Controlled = true
	}
	c.follow(m.Kind, m.ID())
	return c.links[0].control(m.Kind, m.ID())
}

var errDry = errors.New("--dry-run: not in a stream with control lines, where what is not sent cannot be acknowledged")

func (c *Chain) keeps() bool {
	for _, n := range c.nodes {
		if n.keeps() {
			return true
		}
	}
	return false
}

// early is the error for data that has come before the control lines of a
// source. To keep it would be to have it twice: it is not acknowledged, and the
// source sends it again.
func (c *Chain) early() error {
	return fmt.Errorf("data has come before the control lines of %s: %s; what is no part of the pipeline runs behind env -u %s", c.Source, c.Swallowed(), stage.InPipeline)
}

// follow finds out whether the stream may end here. Several windows can be
// open: a Commit counts if it is that of the last one.
func (c *Chain) follow(kind event.Kind, id string) {
	switch {
	case kind == event.Checkpoint:
		c.open, c.covered = true, id
	case id == c.covered:
		c.open = false
	}
}

// feeder is what a reader sees of the chain.
type feeder struct{ *Chain }

func (f *feeder) Controlled() bool { return f.isControlled }
func (f *feeder) Full() error      { return f.isFull }
func (f *feeder) Idle() error      { return f.links[0].idle() }
func (f *feeder) Wait(fd int) error {
	return f.attendance.Wait(fd, f.End.Fd(), f.links[0].idle)
}
func (f *feeder) Read(bytes int)                  { f.Progress.Read(bytes) }
func (f *feeder) Scratch() (*os.File, error)      { return f.nodes[0].Dump.Scratch() }
func (f *feeder) Describe(m *event.Message) error { return f.nodes[0].describe(m) }

func (f *feeder) Unattended(read func()) {
	f.attendance.Release()
	defer f.attendance.Hold()
	read()
}

func (f *feeder) Fail(m *event.Message, reason error) error {
	f.nodes[0].counts.Read++
	return f.nodes[0].fail(m, reason)
}

func (f *feeder) FailLarge(write func(io.Writer) error, place event.Place, reason error) error {
	f.nodes[0].counts.Read++
	return f.nodes[0].failures.Large(write, place, reason)
}
