package chain

import (
	"fmt"
	"io"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// host is what a stage needs of the chain it stands in.
type host interface {
	broken(err error) error // the stream is: returns ErrStop
	say(name, before, text string)
	controlled() bool
	countFailed()
	full(err error) // a dump is, so that nothing more may be read
	trail() *dump.Trail
	input() string // what the input is called
	line() int64   // of the input that was read last, or 0
}

// failures is where the messages of a stage go that fail.
type failures struct {
	name string
	dump *dump.Writer
	host host
	*counts
}

// add puts a message into the dump, and says so.
func (f *failures) add(m *event.Message, place event.Place, reason error) error {
	f.count()
	place, err := f.again(m, place)
	if err != nil {
		return f.host.broken(err)
	}
	f.host.say(f.name, place.String()+": ", reason.Error())
	return f.kept(f.keep(m, place, reason))
}

// count counts a message that failed.
func (f *failures) count() {
	f.failed.Add(1)
	f.host.countFailed()
}

// kept deals with a message that is in the dump, or would have to be. If the
// dump is full a source sends it again; in a bare pipe it was the last one.
func (f *failures) kept(err error) error {
	if err != nil {
		return f.host.broken(err)
	}
	f.counts.kept++
	if !f.host.controlled() {
		f.host.full(f.dump.Full())
	}
	return nil
}

// keep puts a message into the dump. Of a report that is being streamed that is
// more than what is at hand.
func (f *failures) keep(m *event.Message, place event.Place, reason error) error {
	if body, ok := m.Body().(stream.Rereadable); ok {
		if whole := body.Whole(); whole != nil {
			return f.dump.Large(whole, place, reason, f.host.controlled())
		}
	}
	return f.dump.Add(dumpText(m), place, reason)
}

// large puts a line into the dump that is longer than a record may be.
func (f *failures) large(line func(io.Writer) error, place event.Place, reason error) error {
	err := f.dump.Large(line, place, reason, f.host.controlled())
	if err == nil {
		f.count()
		f.host.say(f.name, place.String()+": ", reason.Error())
	}
	return f.kept(err)
}

// control tells the dump where in the stream of a source it is: what is stored of
// a window that is sent again is not stored again.
func (f *failures) control(kind event.Kind, id string) error {
	at, err := checkpoint.Parse(id)
	switch {
	case err != nil:
	case kind == event.Commit:
		err = f.dump.Committed(at)
	default:
		f.dump.Checkpointed(at)
	}
	if err != nil {
		return f.host.broken(err)
	}
	return nil
}

// again says of a message that has failed again so to the replay, and returns
// the place where it stood when it failed first.
func (f *failures) again(m *event.Message, place event.Place) (event.Place, error) {
	trail, a := f.host.trail(), place.Again
	if trail != nil {
		if a != nil && a.Time == "" {
			found, err := trail.Find(a.Sum)
			if err != nil {
				return place, fmt.Errorf("the trail of the replay: %w", err)
			}
			if place.Again = found; found != nil {
				*a = *found // which other pieces of the same report have, too
			}
			a = found
		}
		if err := trail.Failed(a, dump.Sum(m)); err != nil {
			return place, fmt.Errorf("the trail of the replay: %w", err)
		}
	}
	switch {
	case a == nil:
	case a.Line > 0 || place.File == "stdin": // rather than the line of what was sent
		place.File, place.Line, place.Column = a.File, a.Line, a.Column
	default: // of a whole report some lines have failed
		place.File = a.File
	}
	return place, nil
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
