package lookup

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/intelpipe/intelpipe/internal/lookup/cache"
)

// The pauses before a retry: the first, doubled each time, and the longest. A
// service that asks to be left alone for longer than maxAfter is not retried.
const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
	maxAfter   = 2 * time.Minute
)

// downAfter is how many requests have to fail in a row before none is retried
// until one is answered: retries would only make a queue of a service that is
// down.
const downAfter = 10

// shared is what all lookups of a command have in common.
type shared struct {
	limit *rate.Limiter // nil for no limit
	tries int
	cache cache.Cache // or nil

	mu     sync.Mutex
	alone  time.Time // until when the service asks to be left alone
	failed int       // requests in a row
}

// wait waits until a request may be sent.
func (s *shared) wait(ctx context.Context) error {
	s.mu.Lock()
	alone := s.alone
	s.mu.Unlock()
	if err := sleep(ctx, time.Until(alone)); err != nil {
		return err
	}
	if s.limit == nil {
		return ctx.Err()
	}
	return s.limit.Wait(ctx)
}

// answered notes that the service is there.
func (s *shared) answered() {
	s.mu.Lock()
	s.failed = 0
	s.mu.Unlock()
}

// failure notes that a request has failed for now, and that the service asks to
// be left alone for a time. It says whether to retry.
func (s *shared) failure(n int, after time.Duration) (retry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed++
	if until := time.Now().Add(min(after, maxAfter)); after > 0 && until.After(s.alone) {
		s.alone = until
	}
	return n < s.tries && after <= maxAfter && s.failed < downAfter
}

// pause waits before retry n, which is counted from 0. Half of the time is by
// chance, so that those who failed together do not come back together.
func pause(ctx context.Context, n int) error {
	d := min(firstPause<<min(n, 10), maxPause)
	return sleep(ctx, d/2+rand.N(d/2))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
