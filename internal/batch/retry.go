package batch

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 200 * time.Millisecond
	longPause  = 10 * time.Second
	warnEvery  = time.Minute
	// patience is how long one attempt may take at least, however little is left
	// of Options.RetryFor.
	patience = time.Minute
)

// retry is what is known of the attempts since the last success.
type retry struct {
	since  time.Time
	failed int // how many there were
	best   int // how many items were decided at most
}

// progress takes note of how many items are decided. What is sent a second time
// is no success, since it might go on like that for ever.
func (r *retry) progress(decided int) {
	if decided > r.best {
		*r = retry{since: time.Now(), best: decided}
	}
}

// backOff is how long to wait after so many failures.
func (r *retry) backOff() time.Duration {
	return min(firstPause<<min(r.failed-1, 16), longPause)
}

// String says what was done in vain.
func (r *retry) String() string {
	attempts := "attempts"
	if r.failed == 1 {
		attempts = "attempt"
	}
	return fmt.Sprintf("%d %s in %v", r.failed, attempts, time.Since(r.since).Round(time.Second))
}

// halfToWhole is the jitter of a process.
func halfToWhole(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2+1)
}
