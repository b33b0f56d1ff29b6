package tool

import (
	"io"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// fail puts a message into the dump.
func (n *node) fail(m *event.Message, reason error) error {
	n.failed()
	if s := n.run.source; s != nil && m.Kind == event.Report {
		s.lost++
	}
	place := m.Place()
	if place.File == "" {
		place = event.Place{File: n.run.in.name(), Line: n.line, Again: place.Again}
	}
	place, err := n.again(m, place)
	if err != nil {
		n.run.fatalf("%w", err)
		return stage.ErrStop
	}
	n.run.voice.say(n.spec.Name, place.String()+": ", reason.Error())
	return n.kept(n.keep(m, place, reason))
}

// kept deals with a message that is in the dump, or would have to be. If the
// dump is full a source sends it again; in a bare pipe it was the last one.
func (n *node) kept(err error) error {
	if err != nil {
		n.run.fatalf("%w", err)
		return stage.ErrStop
	}
	n.counts.kept++
	if !n.run.controlled {
		n.run.full = n.dump.Full()
	}
	return nil
}

// room is an error if there is none in a dump for what may fail next. Behind a
// source that is asked when it fails, since the source sends it again.
func (r *run) room() error {
	if r.process.Getenv(stage.InPipeline) != "" {
		return nil
	}
	for _, n := range r.nodes {
		if err := n.dump.Full(); err != nil {
			return err
		}
	}
	return nil
}

// failed counts a message that failed.
func (n *node) failed() {
	n.counts.failed.Add(1)
	n.run.failed.Add(1)
}

// keep puts a message into the dump. Of a report that is being streamed that is
// more than what is at hand.
func (n *node) keep(m *event.Message, place event.Place, reason error) error {
	if n.run.controlled {
		if err := n.dump.Full(); err != nil {
			return err
		}
	}
	if h := n.run.held; h != nil && h.report == m && m.Body() != nil {
		return n.dump.Large(h.whole, place, reason, n.run.controlled)
	}
	if in := n.run.in; in != nil && in.rest != nil && in.rest.report == m && in.rest.seen.err != errPassed {
		if err := in.rest.seen.err; err != nil {
			return err
		}
		return n.dump.Large(func(w io.Writer) error { return in.rest.whole(m, w) }, place, reason, n.run.controlled)
	}
	return n.dump.Add(dumpText(m), place, reason)
}

// failLarge puts a line into the dump that is longer than a record may be.
func (n *node) failLarge(line func(io.Writer) error, place event.Place, reason error) error {
	err := n.dump.Large(line, place, reason, n.run.controlled)
	if err == nil {
		n.failed()
		n.run.voice.say(n.spec.Name, place.String()+": ", reason.Error())
	}
	return n.kept(err)
}

// dumpText is the message as it was received or, for an event that a parser has
// made, a report of the one piece of input, so that it can be parsed again.
func dumpText(m *event.Message) []byte {
	raw, report := m.Origin()
	if report == nil {
		if m.Len() == 0 {
			return m.Line() // it could not be decoded
		}
		return m.Append(nil)
	}
	line := event.New(event.Report, m.Dictionary)
	for key, text := range report.All() {
		if key != "raw" {
			line.SetText(key, text)
		}
	}
	line.SetRaw(raw)
	line.Finish()
	return line.Append(nil)
}
