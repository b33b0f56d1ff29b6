package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// farEnd is an output whose far end does as its script says.
type farEnd struct {
	send    func(items []stage.Item) (stage.Result, error)
	arrived []string
	sizes   []int // of the batches
}

func (f *farEnd) Encode(m *event.Message) (stage.Item, error) {
	if m.Has("extra.bad") {
		return stage.Item{}, errors.New("is bad")
	}
	return stage.Item{Group: m.Get("extra.group"), Data: []byte(m.Get("comment"))}, nil
}

func (f *farEnd) Send(ctx context.Context, items []stage.Item) (stage.Result, error) {
	f.sizes = append(f.sizes, len(items))
	var result stage.Result
	if f.send != nil {
		var err error
		if result, err = f.send(items); err != nil {
			return result, err
		}
	}
	for i, it := range items {
		if !slices.Contains(result.Again, i) && !slices.ContainsFunc(result.Refused, func(r stage.Refused) bool { return r.Index == i }) {
			f.arrived = append(f.arrived, string(it.Data))
		}
	}
	return result, nil
}

// committing is one that commits at Checkpoint alone.
type committing struct {
	*farEnd
	commit func() error
}

func (c *committing) Checkpoint(context.Context, string, stage.Emit) error { return c.commit() }

// host writes down what becomes of messages.
type host struct {
	refused, sent, said []string
	controlled          bool
}

func (h *host) Refused(m *event.Message, reason error) error {
	h.refused = append(h.refused, fmt.Sprintf("%s:%d %v", m.Get("comment"), m.Place().Line, reason))
	return nil
}
func (h *host) Sent(m *event.Message) error { h.sent = append(h.sent, m.Get("comment")); return nil }
func (h *host) Warn(format string, args ...any) {
	h.said = append(h.said, fmt.Sprintf(format, args...))
}
func (h *host) Controlled() bool { return h.controlled }

// message is the nth of a stream.
func message(n int) *event.Message {
	m := event.New(event.Event, nil)
	m.Set("comment", fmt.Sprint("e", n))
	m.SetPlace(event.Place{File: "stdin", Line: int64(n)})
	return m
}

func names(from, to int, but func(n int) bool) (all []string) {
	for n := from; n <= to; n++ {
		if but == nil || !but(n) {
			all = append(all, fmt.Sprint("e", n))
		}
	}
	return all
}

func options() Options {
	return Options{Events: 10, Bytes: 1 << 20, Age: time.Second, RetryFor: 5 * time.Minute}
}

// feed adds messages 1 to n, and a checkpoint behind them.
func feed(b *Batch, n int) error {
	for i := 1; i <= n; i++ {
		if err := b.Add(context.Background(), message(i)); err != nil {
			return err
		}
	}
	return b.Checkpoint(context.Background(), nil)
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     Options
		group func(n int) string
		want  []int
	}{
		{"by number", Options{Events: 10, Bytes: 1 << 20}, nil, []int{10, 10, 5}},
		{"by bytes", Options{Events: 100, Bytes: 100}, nil, nil},
		{"by group", Options{Events: 10, Bytes: 1 << 20}, func(n int) string { return fmt.Sprint(n % 2) }, []int{5, 5, 5, 5, 3, 2}},
	} {
		far, h := &farEnd{}, &host{}
		b := New(far, h, c.o, nil)
		for n := 1; n <= 25; n++ {
			m := message(n)
			if c.group != nil {
				m.Set("extra.group", c.group(n))
			}
			if err := b.Add(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if len(far.arrived) == 0 || len(far.arrived) == 25 {
			t.Errorf("%s: %d before the checkpoint", c.name, len(far.arrived))
		}
		if err := b.Checkpoint(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if c.want != nil && !slices.Equal(far.sizes, c.want) || c.want == nil && (len(far.sizes) < 4 || len(far.sizes) > 13) {
			t.Errorf("%s: batches of %v", c.name, far.sizes)
		}
		if !slices.Equal(h.sent, names(1, 25, nil)) {
			t.Errorf("%s: passed on %v", c.name, h.sent)
		}
	}
}

func TestHolds(t *testing.T) {
	far := &farEnd{}
	b := New(far, &host{}, options(), nil)
	if b.Holds() != 0 {
		t.Error("holds something at the start")
	}
	b.Add(t.Context(), message(1))
	if b.Holds() != time.Second {
		t.Errorf("holds for %v", b.Holds())
	}
	if err := b.Send(t.Context()); err != nil || b.Holds() != 0 || len(far.arrived) != 1 {
		t.Errorf("%v, %v", err, far.arrived)
	}
	bad := message(2)
	bad.Set("extra.bad", "yes")
	if err := b.Add(t.Context(), bad); err == nil || stage.IsFatal(err) {
		t.Errorf("%v condemns more than its message", err)
	}
}

// TestTrouble is a far end that is not as it should be.
func TestTrouble(t *testing.T) {
	seventh := func(n int) bool { return n%7 == 0 }
	for name, c := range map[string]struct {
		send    func(calls int, items []stage.Item) (stage.Result, error)
		refused []string
		took    time.Duration // at least
	}{
		"refuses every seventh": {func(_ int, items []stage.Item) (r stage.Result, _ error) {
			for i, it := range items {
				if n := number(it); seventh(n) {
					r.Refused = append(r.Refused, stage.Refused{Index: i, Err: errors.New("unwanted")})
				}
			}
			return r, nil
		}, []string{"e7:7 unwanted", "e14:14 unwanted", "e21:21 unwanted"}, 0},
		"every fifth later": {func(calls int, items []stage.Item) (r stage.Result, _ error) {
			for i, it := range items {
				if n := number(it); n%5 == 0 && len(items) > 2 {
					r.Again, r.After = append(r.Again, i), 3*time.Second
				}
			}
			return r, nil
		}, nil, 6 * time.Second},
		"the whole request later": {func(calls int, _ []stage.Item) (stage.Result, error) {
			if calls%2 == 1 {
				return stage.Result{}, &stage.RetryAfter{Err: errors.New("429"), After: 10 * time.Second}
			}
			return stage.Result{}, nil
		}, nil, 30 * time.Second},
		"closes in the second batch": {func(calls int, _ []stage.Item) (stage.Result, error) {
			if calls == 2 {
				return stage.Result{}, errors.New("reset")
			}
			return stage.Result{}, nil
		}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				far, h := &farEnd{}, &host{controlled: true}
				far.send = func(items []stage.Item) (stage.Result, error) { calls++; return c.send(calls, items) }
				b := New(far, h, options(), nil)
				begun := time.Now()
				if err := feed(b, 25); err != nil {
					t.Fatal(err)
				}
				gone := func(n int) bool { return c.refused != nil && seventh(n) }
				arrived := slices.Clone(far.arrived)
				slices.SortFunc(arrived, func(a, b string) int {
					return number(stage.Item{Data: []byte(a)}) - number(stage.Item{Data: []byte(b)})
				})
				if want := names(1, 25, gone); !slices.Equal(arrived, want) || !slices.Equal(h.sent, want) || !slices.Equal(h.refused, c.refused) {
					t.Errorf("arrived %v, passed on %v, refused %v", far.arrived, h.sent, h.refused)
				}
				if took := time.Since(begun); took < c.took || took > c.took+time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func number(it stage.Item) (n int) {
	fmt.Sscanf(string(it.Data), "e%d", &n)
	return n
}

// TestAway is a far end that is away for a while.
func TestAway(t *testing.T) {
	for _, c := range []struct {
		away       time.Duration
		controlled bool
		ends       bool
		refused    int
	}{
		{45 * time.Second, true, false, 0},
		{45 * time.Second, false, false, 0},
		{6 * time.Minute, true, true, 0},
		{6 * time.Minute, false, true, 10}, // nobody sends them again
	} {
		synctest.Test(t, func(t *testing.T) {
			back := time.Now().Add(c.away)
			far, h := &farEnd{}, &host{controlled: c.controlled}
			far.send = func([]stage.Item) (stage.Result, error) {
				if time.Now().Before(back) {
					return stage.Result{}, errors.New("connection refused")
				}
				return stage.Result{}, nil
			}
			err := feed(New(far, h, options(), nil), 25)
			switch {
			case c.ends != (err != nil), c.ends && (!stage.IsFatal(err) || !strings.Contains(err.Error(), "--retry-for")):
				t.Errorf("%+v: %v", c, err)
			case !c.ends && !slices.Equal(far.arrived, names(1, 25, nil)), len(h.refused) != c.refused:
				t.Errorf("%+v: arrived %v, refused %v", c, far.arrived, h.refused)
			}
			if minutes := int(min(c.away, 5*time.Minute).Minutes()) + 1; len(h.said) == 0 || len(h.said) > minutes {
				t.Errorf("%+v: said %q", c, h.said)
			}
		})
	}
}

// TestHangs is a far end that does not answer until the grace is over.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		far := &farEnd{send: func([]stage.Item) (stage.Result, error) { <-ctx.Done(); return stage.Result{}, ctx.Err() }}
		b := New(far, &host{controlled: true}, options(), nil)
		b.Add(ctx, message(1))
		begun := time.Now()
		if err := b.Send(ctx); !stage.IsFatal(err) || time.Since(begun) > 11*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// TestCommits sends all items of a window again when the output could not commit
// them, and passes none on before.
func TestCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, h, commits := &farEnd{}, &host{controlled: true}, 0
		out := &committing{far, func() error {
			if commits++; commits == 1 {
				far.arrived = nil // the transaction was rolled back
				return errors.New("deadlock")
			}
			return nil
		}}
		b := New(out, h, options(), nil)
		for n := 1; n <= 25; n++ {
			b.Add(t.Context(), message(n))
		}
		if len(h.sent) > 0 {
			t.Errorf("passed on before the commit: %v", h.sent)
		}
		if err := b.Checkpoint(t.Context(), out.commit); err != nil {
			t.Fatal(err)
		}
		if want := names(1, 25, nil); commits != 2 || !slices.Equal(far.arrived, want) || !slices.Equal(h.sent, want) {
			t.Errorf("%d commits, arrived %v, passed on %v", commits, far.arrived, h.sent)
		}
		if err := b.Checkpoint(t.Context(), out.commit); err != nil || len(h.sent) != 25 {
			t.Errorf("%v, %v", err, h.sent)
		}
	})
}
