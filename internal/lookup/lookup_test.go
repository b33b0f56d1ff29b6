package lookup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// mixed fails for every tenth key, and knows nothing of the key behind that.
func (s *service) mixed(ctx context.Context, key string) (string, error) {
	answer, err := s.fetch(ctx, key)
	switch {
	case strings.HasSuffix(key, "0"):
		return "", errors.New("broken")
	case strings.HasSuffix(key, "1"):
		return "", fmt.Errorf("%s: %w", key, ErrNotThere)
	}
	return answer, err
}

// TestOnError: a failure is the message's, or nothing, or the end of the stream.
func TestOnError(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		how   string
		err   error
		is    error // that Get returns
		fatal bool
	}{
		{"dump", broken, broken, false}, {"pass", broken, nil, false}, {"stop", broken, broken, true},
		{"pass", stage.Fatal(broken), broken, true},
	} {
		f := flags()
		f.OnError = c.how
		l := start(t, f, &service{fail: func(int64) error { return c.err }})
		for range 2 {
			_, found, err := l.Get(t.Context(), "a")
			if found || !errors.Is(err, c.is) || stage.IsFatal(err) != c.fatal {
				t.Errorf("%s: %v, %v", c.how, found, err)
			}
		}
		if got := l.counts.text(); got != "asked 1, from cache 1, failed 2" {
			t.Errorf("%s: %s", c.how, got)
		}
	}
}

// TestPanic: a client that panics fails for one key.
func TestPanic(t *testing.T) {
	l := start(t, flags(), &service{fail: func(n int64) error {
		if n == 1 {
			panic("nothing there")
		}
		return nil
	}})
	if _, _, err := l.Get(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), `"a": panic: nothing there`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	get(t, l, "b")
}

// TestRetry: what fails for now is asked again, after a pause that grows; what
// fails for good is not.
func TestRetry(t *testing.T) {
	temporary := &stage.RetryAfter{Err: errors.New("busy")}
	for name, c := range map[string]struct {
		fail     func(n int64) error
		asked    int64
		min, max time.Duration
		fails    bool
	}{
		"once":   {func(n int64) error { return when(n < 2, temporary) }, 2, time.Second / 2, 2 * time.Second, false},
		"always": {func(int64) error { return temporary }, 3, 1500 * time.Millisecond, 4 * time.Second, true},
		"final":  {func(int64) error { return errors.New("no") }, 1, 0, time.Second / 2, true},
		"as asked": {func(n int64) error {
			return when(n < 2, &stage.RetryAfter{Err: errors.New("busy"), After: 90 * time.Second})
		}, 2, 90 * time.Second, 92 * time.Second, false},
		"too long": {func(int64) error { return &stage.RetryAfter{Err: errors.New("busy"), After: time.Hour} }, 1, 0, time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{fail: c.fail}
				l := start(t, flags(), s)
				began := time.Now()
				_, _, err := l.Get(t.Context(), "a")
				if took := time.Since(began); (err != nil) != c.fails || s.asked.Load() != c.asked || took < c.min || took > c.max {
					t.Errorf("%v, %d requests in %v", err, s.asked.Load(), took)
				}
			})
		})
	}
}

func when(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}

// TestLeftAlone: a service that asks to be left alone is, by all.
func TestLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := &service{fail: func(n int64) error {
			if n > 1 && time.Since(began) < 10*time.Second {
				t.Errorf("asked after %v", time.Since(began))
			}
			return when(n == 1, &stage.RetryAfter{Err: errors.New("busy"), After: 10 * time.Second})
		}}
		l := start(t, flags(), s)
		go l.Get(t.Context(), "first")
		time.Sleep(time.Second)
		parallel(8, 8, func(i int) { get(t, l, strconv.Itoa(i)) })
	})
}

// TestDown: of a service that is down every key is asked for, but not again and
// again, so that a thousand keys take seconds; when it is back, retries are, too.
func TestDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := false
		s := &service{fail: func(int64) error { return when(!back, &stage.RetryAfter{Err: errors.New("refused")}) }}
		l := start(t, flags(), s)
		began := time.Now()
		parallel(16, 1000, func(i int) {
			if _, _, err := l.Get(t.Context(), strconv.Itoa(i)); err == nil {
				t.Error("an answer of nobody")
			}
		})
		if took := time.Since(began); took > 10*time.Second || s.asked.Load() < 1000 {
			t.Errorf("%d requests in %v", s.asked.Load(), took)
		}
		back = true
		get(t, l, "a")
		back = false
		s.asked.Store(0)
		if l.Get(t.Context(), "b"); s.asked.Load() != 3 {
			t.Errorf("%d requests", s.asked.Load())
		}
	})
}

// TestRequestsPerSecond bounds requests of all lookups of a command, and not
// answers.
func TestRequestsPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := flags()
		f.RequestsPerSecond = 10
		a, b := start(t, f, &service{}), start(t, f, &service{})
		began := time.Now()
		parallel(64, 1000, func(i int) { get(t, []*Lookup[string]{a, b}[i%2], strconv.Itoa(i%100)) })
		if took := time.Since(began); took < 9900*time.Millisecond || took > 11*time.Second {
			t.Errorf("100 requests take %v", took)
		}
	})
}
