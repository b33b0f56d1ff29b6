package lookup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// flags are those of a command that was given none.
func flags() *Flags {
	return &Flags{RedisCacheTTL: 86400, CacheTTLMissing: 3600, CacheTTLFailure: 60, Retries: 2, OnError: "dump"}
}

// service counts what it is asked, and takes 20 ms for each answer.
type service struct {
	asked atomic.Int64
	fail  func(n int64) error // what request n gets, from 1 on, or nil
	ttl   time.Duration       // of answers, where the service says so
}

func (s *service) fetch(ctx context.Context, key string) (string, error) {
	n := s.asked.Add(1)
	time.Sleep(20 * time.Millisecond)
	if s.ttl > 0 {
		GoodFor(ctx, 2*s.ttl)
		GoodFor(ctx, s.ttl)
	}
	if s.fail != nil {
		if err := s.fail(n); err != nil {
			return "", err
		}
	}
	return "answer to " + key, nil
}

func start(t *testing.T, f *Flags, s *service) *Lookup[string] {
	t.Helper()
	l, err := New(t.Context(), stage.Standalone(), f, "names", s.fetch)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// get expects an answer.
func get(t *testing.T, l *Lookup[string], key string) {
	t.Helper()
	if a, ok, err := l.Get(t.Context(), key); a != "answer to "+key || !ok || err != nil {
		t.Errorf("%s: %q, %v, %v", key, a, ok, err)
	}
}

// parallel calls f for each of n numbers from so many goroutines.
func parallel(jobs, n int, f func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range jobs {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				f(i)
			}
		})
	}
	all.Wait()
}

// TestOneRequestPerKey: 100,000 events with 100 keys are 100 requests.
func TestOneRequestPerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		l := start(t, flags(), s)
		parallel(64, 100_000, func(i int) { get(t, l, strconv.Itoa(i%100)) })
		if n := s.asked.Load(); n != 100 {
			t.Errorf("%d requests", n)
		}
		if got := l.counts.text(); got != "asked 100, from cache 99900" {
			t.Error(got)
		}
	})
}

// TestJobs: with 64 jobs a service that takes 20 ms is asked 64 times as fast.
func TestJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := map[int]time.Duration{}
		for _, jobs := range []int{1, 64} {
			l := start(t, flags(), &service{})
			began := time.Now()
			parallel(jobs, 6400, func(i int) { get(t, l, strconv.Itoa(i)) })
			took[jobs] = time.Since(began)
		}
		if took[1] < 50*took[64] {
			t.Errorf("64 jobs take %v, one %v", took[64], took[1])
		}
	})
}

// TestFlightOutlivesItsMessage: the next message gets what the first one has
// asked for and not waited for.
func TestFlightOutlivesItsMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		l := start(t, flags(), s)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, _, err := l.Get(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		get(t, l, "a")
		if n := s.asked.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestTimesToLive asks again when an answer, a "not there" and a failure have
// grown old, and not before.
func TestTimesToLive(t *testing.T) {
	for name, c := range map[string]struct {
		err error
		ttl time.Duration
	}{
		"answer":    {nil, 24 * time.Hour},
		"not there": {fmt.Errorf("x: %w", ErrNotThere), time.Hour},
		"failure":   {errors.New("broken"), time.Minute},
		"short":     {ErrNotThere, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{fail: func(int64) error { return c.err }}
				if name == "short" {
					s.ttl = c.ttl
				}
				l := start(t, flags(), s)
				for i, wait := range []time.Duration{0, c.ttl - time.Millisecond, time.Millisecond} {
					time.Sleep(wait)
					_, found, err := l.Get(t.Context(), "a")
					if want := int64(1 + i/2); s.asked.Load() != want {
						t.Errorf("%d requests, want %d", s.asked.Load(), want)
					}
					if found != (c.err == nil) || (err != nil) != (name == "failure") {
						t.Errorf("found %v, %v", found, err)
					}
				}
			})
		})
	}
}
