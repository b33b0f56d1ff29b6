package chain

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// Emit is how the messages of a collector enter the chain.
func (c *Chain) Emit() stage.Emit {
	n := c.nodes[0]
	_, relays := n.Command.(stage.Relay)
	return func(m *event.Message) error {
		c.attendance.Hold()
		defer c.attendance.Release()
		n.line++
		c.Progress.Count(1)
		if err := c.attendance.Reload(); err != nil {
			return err
		}
		if c.isFull != nil {
			return c.Break(c.isFull)
		}
		send := c.report
		if relays || m.Kind != event.Report { // an event was described when it was made
			send = c.relay
		}
		if err := send(m); err != nil {
			return err
		}
		return c.attendance.Flush()
	}
}

// relay takes messages that have come from another pipeline.
func (c *Chain) relay(m *event.Message) error {
	n := c.nodes[0]
	if m.Kind > event.Report {
		m.Fail(errControlLine)
	}
	if err := m.Err(); err != nil {
		return n.settle(m, err)
	}
	n.counts.Passed++
	return n.next.emit(m)
}

var errControlLine = errors.New("a control line is no message")

// report takes the reports of a collector. One that is condemned, or whose
// content turns out to be bad, goes into the dump.
func (c *Chain) report(m *event.Message) error {
	n := c.nodes[0]
	bad, err := c.deliver(m)
	if err != nil {
		return err
	}
	if bad != nil {
		n.lost++
		if m.Body() != nil { // a raw that is in memory is kept
			m.SetBody(nil)
		}
		place := m.Place()
		place.File = cmp.Or(place.File, m.Get("extra.file_name"), m.Get("feed.url"), "report")
		m.SetPlace(place)
		if err := n.settle(m, bad); err != nil {
			return err
		}
	} else {
		n.counts.Passed++
	}
	return n.idle()
}

// deliver hands a report on, and returns why it is bad.
func (c *Chain) deliver(m *event.Message) (bad, err error) {
	n := c.nodes[0]
	if m.Err() != nil {
		return m.Err(), nil
	}
	if err := n.describe(m); err != nil {
		return nil, err
	}
	held, err := stream.Hold(m, n.Dump.Scratch)
	if err != nil {
		held.Close()
		return nil, c.Break(err)
	}
	defer held.Close()
	if m.Err() != nil {
		return m.Err(), nil
	}
	var content *stream.ContentError
	if err := n.next.emit(m); errors.As(err, &content) {
		return content, nil
	} else if err != nil {
		return nil, err
	}
	return nil, nil
}

// Collect calls the collector of a bare pipe, once or in intervals.
func (c *Chain) Collect(ctx context.Context, collect func(context.Context, stage.Emit) error, interval time.Duration) error {
	if err := c.Room(); err != nil {
		return err
	}
	for {
		err := collect(ctx, c.Emit())
		if fatal := c.Broken(); fatal != nil {
			return fatal
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, stage.ErrStop) {
			return err
		}
		if err != nil {
			if interval == 0 {
				return err
			}
			c.nodes[0].failures.Count()
			c.Voice.Say(c.nodes[0].Name, "", err.Error())
		}
		if interval == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
	}
}
