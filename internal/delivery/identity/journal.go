package identity

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/store"
)

// A Cut is a window as it was sent, so that it can be sent again as the same: a
// number is used again only for the very same messages.
type Cut struct {
	Number      uint64 `json:"number"`
	Extent      string `json:"extent"`      // what is in it
	Deliveries  int    `json:"deliveries"`  // of a receiver: how many
	Observation string `json:"observation"` // time.observation of its reports
}

// Journal is what a source knows from run to run.
type Journal struct {
	cursor   *store.Cursor
	Acked    uint64 // the last window that is acknowledged
	Position string // State of that window
	Words    string // of the pipeline
	Cuts     []Cut  // sent and not acknowledged, the oldest first
	Ended    bool   // the last run has brought all of it to an end
	// optional says that the origin knows what is acknowledged: a consumer
	// makes room on a disk that is full, and goes on without these notes.
	optional bool
	lock     *disk.Lock // where the cursor has none
}

// openJournal opens the file of a source, and locks it.
func openJournal(ctx context.Context, path string, wait time.Duration, optional bool) (*Journal, error) {
	lock, err := disk.LockPath(ctx, path, wait)
	if err != nil {
		return nil, err
	}
	j := &Journal{optional: optional}
	c, err := store.OpenCursorLocked(path, lock)
	switch {
	case err == nil:
		j.cursor = c
	case j.needed(err) == nil:
		j.cursor, j.lock = store.NewCursor(), lock
	default:
		return nil, errors.Join(err, lock.Unlock())
	}
	for name, v := range map[string]any{"acknowledged": &j.Acked, "state": &j.Position, "pipeline": &j.Words, "open": &j.Cuts, "ended": &j.Ended} {
		if _, err := c.Get(name, v); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return j, nil
}

// Forget drops the windows up to number.
func (j *Journal) Forget(number uint64) {
	j.Acked = number
	for len(j.Cuts) > 0 && j.Cuts[0].Number <= number {
		j.Cuts = j.Cuts[1:]
	}
}

// Save makes everything durable.
func (j *Journal) Save() error {
	err := errors.Join(j.cursor.Set("acknowledged", j.Acked), j.cursor.Set("state", j.Position), j.cursor.Set("pipeline", j.Words), j.cursor.Set("open", j.Cuts), j.cursor.Set("ended", j.Ended))
	if err != nil {
		return err
	}
	return j.needed(j.cursor.Save())
}

func (j *Journal) needed(err error) error {
	if j.optional && (errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)) {
		return nil
	}
	return err
}

// Close lets go of the name.
func (j *Journal) Close() error {
	err := j.needed(j.cursor.Close())
	if j.lock != nil {
		err = errors.Join(err, j.lock.Unlock())
	}
	return err
}

// IsLocked says that another run has the file.
func IsLocked(err error) bool {
	var locked *disk.LockedError
	return errors.As(err, &locked)
}
