package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
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

// left is how long may be tried still.
func (b *Batch) left(r *retry) time.Duration { return b.RetryFor - time.Since(r.since) }

// pause waits before the next attempt, at least for as long as the far end asks,
// and no longer than may be tried still: then follows the last one. An error says
// why there is no other attempt.
func (b *Batch) pause(ctx context.Context, r *retry, after time.Duration, failed error) error {
	r.failed++
	left := b.left(r)
	var later *stage.RetryAfter
	if errors.As(failed, &later) {
		after = later.After
	}
	switch {
	case stage.IsFatal(failed), errors.Is(failed, stage.ErrStop):
		return failed
	case ctx.Err() != nil:
		return fmt.Errorf("%w: interrupted after %v", failed, r)
	case left <= 0:
		return fmt.Errorf("%w: gave up after %v, see --retry-for", failed, r)
	}
	if b.warned.IsZero() || time.Since(b.warned) >= warnEvery {
		b.warned = time.Now()
		b.host.Warn("%v: retrying for up to %v", failed, left.Round(time.Second))
	}
	wait := time.NewTimer(min(max(after, b.Jitter(r.backOff())), left))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w: interrupted after %v", failed, r)
	case <-wait.C:
		return nil
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
