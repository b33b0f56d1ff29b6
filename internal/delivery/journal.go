package delivery

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/store"
)

// A cut is a window as it was sent, so that it can be sent again as the same: a
// number is used again only for the very same messages.
type cut struct {
	Number      uint64 `json:"number"`
	Extent      string `json:"extent"`      // what is in it
	Deliveries  int    `json:"deliveries"`  // of a receiver: how many
	Observation string `json:"observation"` // time.observation of its reports
}

// journal is what a source knows from run to run.
type journal struct {
	cursor   *store.Cursor
	acked    uint64 // the last window that is acknowledged
	position string // State of that window
	words    string // of the pipeline
	cuts     []cut  // sent and not acknowledged, the oldest first
	ended    bool   // the last run has brought all of it to an end
	// optional says that the origin knows what is acknowledged: a consumer
	// makes room on a disk that is full, and goes on without these notes.
	optional bool
	lock     *disk.Lock // where the cursor has none
}

// openJournal opens the file of a source, and locks it.
func openJournal(ctx context.Context, path string, wait time.Duration, optional bool) (*journal, error) {
	lock, err := disk.LockPath(ctx, path, wait)
	if err != nil {
		return nil, err
	}
	j := &journal{optional: optional}
	c, err := store.OpenCursorLocked(path, lock)
	switch {
	case err == nil:
		j.cursor = c
	case j.needed(err) == nil:
		j.cursor, j.lock = store.NewCursor(), lock
	default:
		return nil, errors.Join(err, lock.Unlock())
	}
	for name, v := range map[string]any{"acknowledged": &j.acked, "state": &j.position, "pipeline": &j.words, "open": &j.cuts, "ended": &j.ended} {
		if _, err := c.Get(name, v); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return j, nil
}

// forget drops the windows up to number.
func (j *journal) forget(number uint64) {
	j.acked = number
	for len(j.cuts) > 0 && j.cuts[0].Number <= number {
		j.cuts = j.cuts[1:]
	}
}

// save makes everything durable.
func (j *journal) save() error {
	err := errors.Join(j.cursor.Set("acknowledged", j.acked), j.cursor.Set("state", j.position), j.cursor.Set("pipeline", j.words), j.cursor.Set("open", j.cuts), j.cursor.Set("ended", j.ended))
	if err != nil {
		return err
	}
	return j.needed(j.cursor.Save())
}

func (j *journal) needed(err error) error {
	if j.optional && (errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)) {
		return nil
	}
	return err
}

func (j *journal) close() error {
	err := j.needed(j.cursor.Close())
	if j.lock != nil {
		err = errors.Join(err, j.lock.Unlock())
	}
	return err
}

// isLocked says that another run has the file.
func isLocked(err error) bool {
	var locked *disk.LockedError
	return errors.As(err, &locked)
}
