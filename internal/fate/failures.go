package fate

import (
	"fmt"
	"io"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// Host is what a stage needs of the chain it stands in.
type Host interface {
	Break(err error) error // the stream is: returns ErrStop
	Say(name, before, text string)
	Controlled() bool
	CountFailed()
	SetFull(err error) // a dump is, so that nothing more may be read
	Replay() *dump.Trail
	Input() string // what the input is called
	Line() int64   // of the input that was read last, or 0
}

// Failures is where the messages of a stage go that fail.
type Failures struct {
	Name string
	Dump *dump.Writer
	Host Host
	Dry  bool // what fails is only told: nothing may be touched
	*Counts
}

// Add puts a message into the dump, and says so.
func (f *Failures) Add(m *event.Message, place event.Place, reason error) error {
	f.Count()
	place, err := f.again(m, place)
	if err != nil {
		return f.Host.Break(err)
	}
	f.Host.Say(f.Name, place.String()+": ", reason.Error())
	if f.Dry {
		return nil
	}
	return f.kept(f.keep(m, place, reason))
}

// Count counts a message that failed.
func (f *Failures) Count() {
	f.Counts.Failed.Add(1)
	f.Host.CountFailed()
}

// kept deals with a message that is in the dump, or would have to be. If the
// dump is full a source sends it again; in a bare pipe it was the last one.
func (f *Failures) kept(err error) error {
	if err != nil {
		return f.Host.Break(err)
	}
	f.Counts.Kept++
	if !f.Host.Controlled() {
		f.Host.SetFull(f.Dump.Full())
	}
	return nil
}

// keep puts a message into the dump. Of a report that is being streamed that is
// more than what is at hand.
func (f *Failures) keep(m *event.Message, place event.Place, reason error) error {
	if body, ok := m.Body().(stream.Rereadable); ok {
		if whole := body.Whole(); whole != nil {
			return f.Dump.Large(whole, place, reason, f.Host.Controlled())
		}
	}
	return f.Dump.Add(dumpText(m), place, reason)
}

// Large puts a line into the dump that is longer than a record may be.
func (f *Failures) Large(line func(io.Writer) error, place event.Place, reason error) error {
	if f.Dry {
		f.Count()
		f.Host.Say(f.Name, place.String()+": ", reason.Error())
		return line(io.Discard)
	}
	err := f.Dump.Large(line, place, reason, f.Host.Controlled())
	if err == nil {
		f.Count()
		f.Host.Say(f.Name, place.String()+": ", reason.Error())
	}
	return f.kept(err)
}

// Control tells the dump where in the stream of a source it is: what is stored of
// a window that is sent again is not stored again.
func (f *Failures) Control(kind event.Kind, id string) error {
	at, err := checkpoint.Parse(id)
	switch {
	case err != nil:
	case kind == event.Commit:
		err = f.Dump.Committed(at)
	default:
		f.Dump.Checkpointed(at)
	}
	if err != nil {
		return f.Host.Break(err)
	}
	return nil
}

// again says of a message that has failed again so to the replay, and returns
// the place where it stood when it failed first.
func (f *Failures) again(m *event.Message, place event.Place) (event.Place, error) {
	trail, a := f.Host.Replay(), place.Again
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
