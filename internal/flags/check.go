package flags

import (
	"errors"
	"fmt"
)

// Check looks for numbers that mean nothing. A receiver that only prints what there
// is, without a pipeline, cannot wait for more.
func (f *ReceiverFlags) Check(prints bool) error {
	switch {
	case f == nil:
		return nil
	case f.Follow && prints:
		return errors.New("--follow: needs a pipeline after -- or then, so that what was read can be removed")
	case f.WindowMessages < 1:
		return errors.New("--window-messages: a number above 0 is expected")
	case f.WindowBytes < 1:
		return errors.New("--window-bytes: a size above 0 is expected")
	case !(f.WindowAge > 0):
		return errors.New("--window-age: a number of seconds above 0 is expected")
	case f.OpenWindows < 1:
		return errors.New("--open-windows: a number above 0 is expected")
	}
	return nil
}

// Check looks for numbers that mean nothing. Patience is for how many seconds the
// source waits for its pipeline, or 0 where there is none.
func (f *BatchFlags) Check(patience float64) error {
	switch {
	case f == nil:
		return nil
	case f.BatchEvents < 1:
		return errors.New("--batch-events: a number above 0 is expected")
	case f.BatchBytes < 1:
		return errors.New("--batch-bytes: a size above 0 is expected")
	case !(f.BatchAge > 0):
		return errors.New("--batch-age: a number of seconds above 0 is expected")
	case !(f.RetryFor >= 0):
		return errors.New("--retry-for: a number of seconds is expected, or 0")
	case patience > 0 && f.RetryFor > patience:
		return fmt.Errorf("--retry-for %v: the source waits only %v s for its pipeline; give it more --patience, or less here", f.RetryFor, patience)
	}
	return nil
}
