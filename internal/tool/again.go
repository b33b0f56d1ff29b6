package tool

import (
	"errors"
	"fmt"
	"os"

	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// openTrail opens the trail of the replay that this process is, or in whose
// pipeline it stands.
func (r *run) openTrail() error {
	path := r.process.Getenv(stage.InReplay)
	if again, ok := r.nodes[0].cmd.(stage.Replayer); ok && r.source != nil {
		path = again.Trail()
	}
	if path == "" {
		return nil
	}
	var err error
	if r.trail, err = dump.OpenTrail(path); errors.Is(err, os.ErrNotExist) {
		err = nil // the replay has ended, and asks no more
	}
	return err
}

// mark notes which message of a replay has come, in case that it fails.
func (r *run) mark(m *event.Message) {
	place := m.Place()
	place.Again = &event.Again{Sum: dump.Sum(m)}
	m.SetPlace(place)
}

// again says of a message that has failed again so to the replay, and returns
// the place where it stood when it failed first.
func (n *node) again(m *event.Message, place event.Place) (event.Place, error) {
	trail, a := n.run.trail, place.Again
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
