// Package stagetest runs a Receiver as the runtime does, for tests of commands.
package stagetest

import (
	"context"
	"errors"
	"io"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Driver opens a Receiver, takes its deliveries in a goroutine of its own, and
// sends and acknowledges windows. What is acknowledged lasts from one Run to the
// next, as the state of a source does.
type Driver struct {
	Receiver stage.Receiver
	Emit     stage.Emit
	Window   int // how many deliveries a window has; 0 is 1
	Open     int // how many windows may be on their way at once; 0 is 1
	// Sent is called after each window, before anything is acknowledged. An error
	// ends the run there, as a crash does.
	Sent func(window []stage.Delivery) error

	Position string // of the last acknowledged delivery
	Number   uint64 // of the last acknowledged window
	// Forget is a crash between the state and the origin: the next window is
	// noted here, and Run returns ErrCrash instead of acknowledging it.
	Forget bool
}

// Numbered is a Receiver whose origin keeps the number of the last acknowledged
// window, in the step in which it gives that up.
type Numbered interface {
	AcknowledgeAs(ctx context.Context, source string, number uint64, deliveries []stage.Delivery) error
}

// Source is the name by which a Numbered knows the Driver.
const Source = "S"

// ErrCrash ends a Run that was told to Forget.
var ErrCrash = errors.New("a crash before the origin was told")

type received struct {
	delivery stage.Delivery
	err      error
}

// Run opens the Receiver, takes what it delivers until that ends, and closes it.
// It ends with io.EOF, which is no error, with an error of Receive, Acknowledge or
// Sent, or with ctx. A window is cut when it is full, and at io.EOF.
func (d *Driver) Run(ctx context.Context) (err error) {
	if err := d.Receiver.Open(ctx, d.Position); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	channel := make(chan received, 4)
	defer func() {
		cancel()
		err = errors.Join(err, d.Receiver.Close())
		for range channel { // until Receive has returned
		}
	}()
	go d.receive(ctx, channel)
	return d.loop(ctx, channel)
}

func (d *Driver) receive(ctx context.Context, to chan<- received) {
	defer close(to)
	for {
		delivery, err := d.Receiver.Receive(ctx)
		select {
		case to <- received{delivery, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (d *Driver) loop(ctx context.Context, from <-chan received) error {
	var window []stage.Delivery
	var open [][]stage.Delivery
	cut := func(most int) error {
		if len(window) > 0 {
			if d.Sent != nil {
				if err := d.Sent(window); err != nil {
					return err
				}
			}
			open = append(open, window)
			window = nil
		}
		for ; len(open) > most; open = open[1:] {
			if err := d.acknowledge(ctx, open[0]); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		next, more := <-from
		if !more { // ctx has ended
			return context.Cause(ctx)
		}
		if next.err != nil {
			if next.err == io.EOF {
				return cut(0)
			}
			return next.err
		}
		if err := next.delivery.Send(d.Emit); err != nil {
			return err
		}
		if window = append(window, next.delivery); len(window) >= max(d.Window, 1) {
			if err := cut(max(d.Open, 1) - 1); err != nil {
				return err
			}
		}
	}
}

func (d *Driver) acknowledge(ctx context.Context, window []stage.Delivery) error {
	d.Number++
	d.Position = window[len(window)-1].Position
	if d.Forget {
		return ErrCrash
	}
	if numbered, ok := d.Receiver.(Numbered); ok {
		return numbered.AcknowledgeAs(ctx, Source, d.Number, window)
	}
	return d.Receiver.Acknowledge(ctx, window)
}
