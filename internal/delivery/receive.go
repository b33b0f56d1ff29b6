package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// keepAlive is how often a receiver is heard of that has to be.
const keepAlive = 10 * time.Second

// received is what Receive has returned.
type received struct {
	stage.Delivery
	err error
}

// inbox calls Receive in a goroutine of its own.
type inbox struct {
	stage.Receiver
	ready  chan received
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// openInbox opens a receiver behind the position that is acknowledged. To close it
// is a matter of the caller.
func openInbox(ctx context.Context, r stage.Receiver, position string) (*inbox, error) {
	if err := r.Open(ctx, position); err != nil {
		return nil, stage.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	in := &inbox{Receiver: r, ready: make(chan received, 1), cancel: cancel}
	in.done.Go(func() {
		for {
			d, err := r.Receive(ctx)
			select {
			case in.ready <- received{d, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	if alive, ok := r.(stage.KeepAlive); ok {
		in.done.Go(func() { stayAlive(ctx, alive) })
	}
	return in, nil
}

func stayAlive(ctx context.Context, r stage.KeepAlive) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(keepAlive):
			r.KeepAlive(ctx) // what is wrong with the connection Receive finds out
		}
	}
}

// close gives back what was delivered and not taken, and lets go.
func (in *inbox) close(open []stage.Delivery) error {
	in.cancel()
	var err error
	if r, ok := in.Receiver.(stage.Rejecter); ok {
		select {
		case d := <-in.ready:
			if d.err == nil {
				open = append(open, d.Delivery)
			}
		default:
		}
		if len(open) > 0 {
			err = r.Reject(context.Background(), open)
		}
	}
	err = errors.Join(err, in.Close())
	in.done.Wait()
	return err
}

// batch is the window that is being received.
type batch struct {
	deliveries []stage.Delivery
	messages   int
	bytes      int64
	since      time.Time
	sum        hash.Hash // of the positions
}

// receiving sends what a receiver delivers, in windows of whole deliveries.
type receiving struct {
	*windows
	emit     stage.Emit
	limits   Limits
	once     bool        // nothing more is received behind it
	needed   func() bool // asks, while nothing is to be done, whether a dead run has left something
	asked    time.Time   // when it was asked
	in       *inbox
	batch    batch
	inFlight [][]stage.Delivery // of the windows that are open
	taken    map[string]bool    // positions that are in one of them
	kind     stage.OriginKind
	keeper   bool
}

// run takes what is delivered until the origin is empty, or a signal comes.
func (v *receiving) run(ctx context.Context, r stage.Receiver) (err error) {
	if v.in, err = openInbox(ctx, r, v.State()); err != nil {
		return err
	}
	v.taken, v.kind = map[string]bool{}, r.Origin()
	_, v.keeper = r.(stage.Keeper)
	defer func() { err = errors.Join(err, stage.Fatal(v.in.close(v.left()))) }()
	if err := v.loop(ctx); err != nil {
		return err
	}
	v.ending = v.once || ctx.Err() != nil
	return v.Settle() // before the origin is let go of
}

// left are the deliveries that nobody has acknowledged.
func (v *receiving) left() (all []stage.Delivery) {
	for _, d := range v.inFlight {
		all = append(all, d...)
	}
	return append(all, v.batch.deliveries...)
}

func (v *receiving) loop(ctx context.Context) error {
	w := v.windows
	for {
		var aged <-chan time.Time
		if len(v.batch.deliveries) > 0 && len(w.plan) == 0 {
			aged = time.After(time.Until(v.batch.since.Add(v.limits.Age)))
		}
		select {
		case a, ok := <-w.pipe.Back:
			if !ok {
				return stage.ErrStop
			}
			if err := w.take(a); err != nil {
				return err
			}
		case d := <-v.in.ready:
			ended, err := v.add(ctx, d)
			if ended || err != nil {
				return err
			}
		case <-aged:
			if err := v.cut(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return v.cut(ctx)
		case <-time.After(nudge):
			if err := errors.Join(w.chain.LetGo(), w.nudge()); err != nil {
				return err
			}
			if v.makesWay() {
				return nil
			}
		}
	}
}

// askEvery is how often a run that has nothing to do looks for what others have left.
const askEvery = 5 * time.Second

// makesWay ends a run that waits for more where a dead one has left something.
func (v *receiving) makesWay() bool {
	if v.needed == nil || len(v.open) > 0 || len(v.batch.deliveries) > 0 || time.Since(v.asked) < askEvery {
		return false
	}
	v.asked = time.Now()
	return v.needed()
}

// add sends one delivery.
func (v *receiving) add(ctx context.Context, d received) (ended bool, err error) {
	switch {
	case d.err == io.EOF:
		return true, v.cut(ctx)
	case d.err != nil && ctx.Err() != nil:
		return true, v.cut(ctx)
	case d.err != nil:
		return true, errors.Join(v.cut(ctx), stage.Fatal(d.err))
	case d.Position != "" && v.taken[d.Position]:
		return false, nil // the origin delivers again what is on its way
	}
	b := &v.batch
	if len(b.deliveries) == 0 {
		v.beginWindow(d.Name)
		b.since, b.sum = time.Now(), sha256.New()
	}
	if err := d.Send(func(m *event.Message) error { b.messages++; return v.emit(m) }); err != nil {
		return true, err
	}
	b.deliveries = append(b.deliveries, d.Delivery)
	b.bytes += d.Bytes
	io.WriteString(b.sum, d.Position+"\x00")
	v.taken[d.Position] = true
	if v.isFull() {
		return false, v.cut(ctx)
	}
	return false, nil
}

// isFull says whether the window is to be cut. One that is sent again is cut where
// it was cut before, whatever the limits are now.
func (v *receiving) isFull() bool {
	b, plan := &v.batch, v.plan
	if v.keeper { // gives up one delivery in one step with the number
		return true
	}
	if len(plan) > 0 && plan[0].Extent != "" {
		return len(b.deliveries) >= plan[0].Deliveries
	}
	return b.messages >= v.limits.Messages || b.bytes >= v.limits.Bytes ||
		v.kind == stage.OriginSender && len(v.in.ready) == 0
}

// cut ends the window.
func (v *receiving) cut(ctx context.Context) error {
	b := v.batch
	if len(b.deliveries) == 0 {
		return nil
	}
	extent := ""
	if v.kind == stage.OriginPosition {
		extent = hex.EncodeToString(b.sum.Sum(nil)[:16])
	}
	v.batch = batch{}
	v.inFlight = append(v.inFlight, b.deliveries)
	ack := func(number uint64) error {
		v.inFlight = v.inFlight[1:]
		for _, d := range b.deliveries {
			delete(v.taken, d.Position)
		}
		return v.acknowledge(context.WithoutCancel(ctx), number, b.deliveries)
	}
	last := b.deliveries[len(b.deliveries)-1]
	return v.endWindow(window{name: b.deliveries[0].Name, position: last.Position, intact: true, ack: ack}, extent, len(b.deliveries))
}

// acknowledge gives deliveries up at the origin, which may keep the number in the
// same step.
func (v *receiving) acknowledge(ctx context.Context, number uint64, deliveries []stage.Delivery) error {
	if k, ok := v.in.Receiver.(stage.Keeper); ok {
		return k.AcknowledgeAs(ctx, v.name, number, deliveries)
	}
	return v.in.Acknowledge(ctx, deliveries)
}

// Print takes what a receiver delivers in a bare pipe. It acknowledges what is
// written.
func Print(ctx context.Context, r stage.Receiver, emit stage.Emit, written func() error) (err error) {
	in, err := openInbox(ctx, r, "")
	if err != nil {
		return err
	}
	var open []stage.Delivery
	defer func() { err = errors.Join(err, stage.Fatal(in.close(open))) }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-in.ready:
			switch {
			case d.err == io.EOF || d.err != nil && ctx.Err() != nil:
				return nil
			case d.err != nil:
				return stage.Fatal(d.err)
			}
			open = []stage.Delivery{d.Delivery}
			if err := d.Send(emit); err != nil {
				return err
			}
			if err := written(); err != nil {
				return err
			}
			open = nil
			if err := r.Acknowledge(context.WithoutCancel(ctx), []stage.Delivery{d.Delivery}); err != nil {
				return stage.Fatal(err)
			}
		}
	}
}
