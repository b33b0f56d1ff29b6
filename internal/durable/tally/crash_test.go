package tally

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func key(n int) (k Key) {
	k[0] = byte(n)
	return k
}

// A stream is what a source sends: windows of events, of which each counts under a key.
// It is sent by one run after the other, and knows what has to come of it.
type stream struct {
	*testing.T
	rnd     *rand.Rand
	now     int64 // seconds
	windows [][]int
	acked   int             // windows that the source knows to have arrived
	sent    int             // windows whose checkpoint has come back in the run at work, or one before
	times   map[int][]int64 // that windows were told when their checkpoint came back
}

func newStream(t *testing.T, rnd *rand.Rand) *stream {
	s := &stream{T: t, rnd: rnd, now: 1000, times: map[int][]int64{}}
	for range 12 {
		var w []int
		for range rnd.IntN(6) {
			w = append(w, rnd.IntN(3))
		}
		s.windows = append(s.windows, w)
	}
	return s
}

func (s *stream) env() *stage.Env {
	env := stage.Standalone()
	env.Controlled = true
	env.Now = func() time.Time { s.now += int64(s.rnd.IntN(2)); return time.Unix(s.now, 0) }
	return env
}

func id(n int) string { return fmt.Sprintf("source:%d:x", n) }

// run sends windows until an error, or to the end. Up to three are open at once.
func (s *stream) run(t *Tally) error {
	ctx := context.Background()
	if _, err := t.Commit(ctx, id(s.acked)); err != nil {
		return err
	}
	for n := s.acked; n < len(s.windows); n++ {
		var told []int64
		for _, k := range s.windows[n] {
			now := t.Now()
			told = append(told, now)
			e, err := t.Get(ctx, key(k))
			if err != nil {
				return err
			}
			change := Entry{Count: 1, Since: e.Since, Seen: now}
			if e.Since == 0 {
				change.Since = now
			}
			if e.Count == 5 { // as an entry that has come to its end
				change.Anew, change.Count = true, 100
			}
			if err := t.Add(ctx, key(k), change); err != nil {
				return err
			}
		}
		told = append(told, t.End())
		if before := s.times[n]; before != nil && len(s.windows[n]) > 0 && !slices.Equal(before, told) {
			s.Errorf("window %d was told %d, and %d when it came again", n+1, before, told)
		}
		if err := t.Checkpoint(ctx, id(n+1)); err != nil {
			return err
		}
		s.sent = n + 1
		s.times[n] = told
		for s.acked < s.sent && (s.sent-s.acked > 2 || s.rnd.IntN(2) == 0) {
			s.acked++
			if _, err := t.Commit(ctx, id(s.acked)); err != nil {
				return err
			}
		}
	}
	for ; s.acked < s.sent; s.acked++ {
		if _, err := t.Commit(ctx, id(s.acked+1)); err != nil {
			return err
		}
	}
	return nil
}

// crashed is what the source may learn after a crash: more windows have arrived than it
// has said.
func (s *stream) crashed() { s.acked += s.rnd.IntN(s.sent - s.acked + 1) }

// check looks at what is left in the end.
func (s *stream) check(t *Tally, what string) {
	s.Helper()
	want := map[Key]int64{}
	for _, w := range s.windows {
		for _, k := range w {
			if want[key(k)]++; want[key(k)] == 6 {
				want[key(k)] = 100
			}
		}
	}
	err := t.All(context.Background(), func(k Key, e Entry) {
		if e.Count != want[k] {
			s.Errorf("%s: key %d has %d, want %d", what, k[0], e.Count, want[k])
		}
		delete(want, k)
	})
	if err != nil || len(want) > 0 {
		s.Errorf("%s: %v, and not there: %v", what, err, want)
	}
}

func alive(Entry) bool { return true }

// TestFileCrashEverywhere lets the process die, or the power fail, at every operation on
// the disk, and goes on with what is there.
func TestFileCrashEverywhere(t *testing.T) {
	for seed := range uint64(2) {
		for n := 1; ; n++ {
			var plan *disktest.Plan
			for _, powerLost := range []bool{false, true} {
				rnd := rand.New(rand.NewPCG(seed, uint64(n)))
				dir := t.TempDir()
				rec := disktest.Record(t, dir)
				after := dir
				plan = &disktest.Plan{N: n, Half: n%2 == 0, Dead: true, Err: disktest.Errors[0], At: func() {
					if powerLost {
						after = t.TempDir()
						rec.PowerLost(t, after, rnd)
					}
				}}
				restore := rec.Wrap(t, plan)
				s := newStream(t, rnd)
				tally, err := openWait(context.Background(), filepath.Join(dir, "counts"), 0, s.env(), alive)
				if err == nil {
					err = s.run(tally)
					tally.state.(*file).abandon()
				}
				restore()
				if err == nil && plan.Count() >= n {
					t.Fatalf("operation %d failed, and nobody has said so", n)
				}
				s.crashed()
				what := fmt.Sprintf("seed %d, operation %d, power lost %v", seed, n, powerLost)
				tally, err = openWait(context.Background(), filepath.Join(after, "counts"), 0, s.env(), alive)
				if err == nil {
					err = s.run(tally)
				}
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				s.check(tally, what)
				if err := tally.Close(); err != nil {
					t.Fatal(err)
				}
				if tally, err = openWait(context.Background(), filepath.Join(after, "counts"), 0, s.env(), alive); err != nil {
					t.Fatal(err)
				}
				s.check(tally, what+", opened again")
				tally.Close()
			}
			if plan.Count() < n || t.Failed() {
				break
			}
		}
	}
}

// abandon gives a file back as the end of the process would.
func (s *file) abandon() {
	if s.f != nil {
		s.f.Close()
	}
	s.lock.Unlock()
}

// plainForm keeps counts as threshold does, and no times.
type plainForm struct{}

func (plainForm) Get(ctx context.Context, client *redis.Client, name string) (Entry, error) {
	text, ok, err := client.Get(ctx, name)
	if !ok || err != nil {
		return Entry{}, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return Entry{Count: n, Since: 1, Seen: 1}, err
}

func (plainForm) Put(commands [][]any, name string, e Entry) ([][]any, error) {
	return append(commands, []any{"SET", name, e.Count}), nil
}

// TestRedisCrashEverywhere lets the process die before each command that it sends.
func TestRedisCrashEverywhere(t *testing.T) {
	server := miniredis.RunT(t)
	config := redis.Config{Host: server.Host(), Port: server.Server().Addr().Port}
	for n := 1; ; n++ {
		server.FlushAll()
		s := newStream(t, rand.New(rand.NewPCG(7, uint64(n))))
		tally, err := Shared(config, Place{plainForm{}, "count.", "prepared", alive}, s.env())
		if err != nil {
			t.Fatal(err)
		}
		dying := &dying{state: tally.state, left: (n + 1) / 2, done: n%2 == 0}
		tally.state = dying
		if err = s.run(tally); (err == nil) != (dying.left > 0) {
			t.Fatalf("operation %d: %v", n, err)
		}
		tally.Close()
		s.crashed()
		if tally, err = Shared(config, Place{plainForm{}, "count.", "prepared", alive}, s.env()); err != nil {
			t.Fatal(err)
		}
		if err := s.run(tally); err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprint("operation ", n)
		s.check(tally, what)
		tally.Close()
		if server.Exists("prepared") {
			t.Errorf("%s: something waits", what)
		}
		if dying.left > 0 || t.Failed() {
			return
		}
	}
}
