// Package spooled keeps on the disk what an origin delivers only once, before it is
// sent.
package spooled

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Receiver is a receiver of the segments of a spool in the state directory, into which
// it receives as long as the source runs, whatever becomes of its pipeline.
type Receiver struct {
	stage.Receiver // the origin
	env            *stage.Env
	dir            string
	age            time.Duration

	writer *spool.Writer
	reader *spool.Reader
	cancel context.CancelFunc
	done   sync.WaitGroup
	ended  chan struct{} // nothing more is received, and all of it is in the spool
	failed error         // why
}

// Open begins to receive into the spool in dir, whose segments are sealed after age.
func Open(ctx context.Context, r stage.Receiver, env *stage.Env, dir string, age time.Duration) (_ *Receiver, err error) {
	p := &Receiver{Receiver: r, env: env, dir: dir, age: age}
	if p.writer, err = spool.OpenWriter(ctx, p.dir, p.options()); err != nil {
		return nil, stage.Fatal(err)
	}
	if err := r.Open(ctx, ""); err != nil {
		return nil, stage.Fatal(errors.Join(err, p.writer.Close()))
	}
	ctx, p.cancel = context.WithCancel(ctx)
	p.ended = make(chan struct{})
	p.done.Go(func() {
		defer close(p.ended)
		err := p.fill(ctx)
		p.failed = errors.Join(err, p.writer.Close())
	})
	return p, nil
}

func (p *Receiver) options() spool.Options {
	return spool.Options{Now: p.env.Now, Warn: p.env.Warn}
}

// Stop ends the receiver. What is in the spool is sent by the next run.
func (p *Receiver) Stop() error {
	p.cancel()
	err := p.Receiver.Close()
	p.done.Wait()
	return errors.Join(err, p.failed)
}

// Origin is the spool.
func (*Receiver) Origin() stage.OriginKind { return stage.OriginPosition }

// Open opens the spool to read.
func (p *Receiver) Open(context.Context, string) (err error) {
	p.reader, err = spool.OpenReader(p.dir, p.options())
	return err
}

// received is what Receive has returned.
type received struct {
	stage.Delivery
	err error
}

// receive passes on what comes, until an error, or until nobody takes it.
func (p *Receiver) receive(ctx context.Context, ready chan<- received, over <-chan struct{}) {
	for {
		d, err := p.Receiver.Receive(ctx)
		select {
		case ready <- received{d, err}: // also what came with the signal: nobody else has it any longer
		case <-over:
			return
		}
		if err != nil {
			return
		}
	}
}

// fill writes what is received to the spool.
func (p *Receiver) fill(ctx context.Context) error {
	ready, over := make(chan received), make(chan struct{})
	defer close(over)
	p.done.Go(func() { p.receive(ctx, ready, over) })
	var due <-chan time.Time // when the segment is old enough
	for {
		var d received
		select {
		case <-due:
			if err := p.writer.Flush(); err != nil {
				return err
			}
			due = nil
			continue
		case d = <-ready:
		}
		err := d.err
		if err == io.EOF || err != nil && ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		err = d.Send(func(m *event.Message) error {
			if !m.Has("time.observation") {
				m.Set("time.observation", harmonization.FormatTime(p.env.Now().Truncate(time.Second)))
			}
			m.Finish()
			return p.writer.Append(ctx, m)
		})
		if err == nil {
			err = p.Receiver.Acknowledge(ctx, []stage.Delivery{d.Delivery})
		}
		if err != nil {
			return err
		}
		if due == nil && p.writer.Held() {
			due = time.After(p.age)
		}
	}
}

// Receive returns the next segment.
func (p *Receiver) Receive(ctx context.Context) (stage.Delivery, error) {
	for {
		var over bool
		select {
		case <-p.ended:
			over = true
		default:
		}
		s, err := p.reader.Next(context.WithoutCancel(ctx), false)
		switch {
		case err == io.EOF && over && p.failed != nil:
			return stage.Delivery{}, p.failed
		case err == io.EOF && over:
			return stage.Delivery{}, io.EOF
		case err == io.EOF:
			select {
			case <-p.ended:
			case <-time.After(p.age / 2):
			}
			continue
		case err != nil:
			return stage.Delivery{}, err
		}
		return stage.Delivery{Position: s.File, Name: s.File, Bytes: int64(len(s.Data)), Handle: s, Send: func(emit stage.Emit) error { return p.send(s, emit) }}, nil
	}
}

func (p *Receiver) send(s *spool.Segment, emit stage.Emit) error {
	defer s.Drop()
	m := event.Message{Dictionary: p.env.Dictionary}
	for line := range s.Lines() {
		if err := m.Decode(line); err != nil {
			m.Fail(err)
		}
		if err := emit(&m); err != nil {
			return err
		}
	}
	return nil
}

// Acknowledge removes segments.
func (p *Receiver) Acknowledge(_ context.Context, deliveries []stage.Delivery) error {
	for _, d := range deliveries {
		if err := p.reader.Ack(d.Handle.(*spool.Segment)); err != nil {
			return err
		}
	}
	return nil
}

// Close lets go of what was claimed.
func (p *Receiver) Close() error { return p.reader.Close() }
