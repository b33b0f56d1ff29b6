package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// farEnd is a Batcher whose far end does what answer says. Items are numbers in
// text, their group is the letter that may stand before it.
type farEnd struct {
	answer func(ctx context.Context, try int, items []string) (stage.Result, error)
	tries  int
	calls  []string // what each Send was given, and when
	taken  []string // what has arrived, in order
	ids    map[string]string
	begun  time.Time
}

func (f *farEnd) Encode(m *event.Message) (stage.Item, error) {
	text := m.Get("extra.item")
	if text == "bad" {
		return stage.Item{}, errors.New("extra.item: nothing for this output")
	}
	m.Set("extra.encoded", "yes")
	if text == "odd" {
		panic("odd")
	}
	return stage.Item{Group: strings.TrimRight(text, "0123456789"), Data: []byte(text)}, nil
}

func (f *farEnd) Send(ctx context.Context, items []stage.Item) (result stage.Result, err error) {
	var texts []string
	for _, it := range items {
		texts = append(texts, string(it.Data))
		if id := f.ids[string(it.Data)]; id != "" && id != it.ID {
			return result, stage.Fatal(fmt.Errorf("%s has the id %s, and had %s", it.Data, it.ID, id))
		}
		if f.ids != nil {
			f.ids[string(it.Data)] = it.ID
		}
	}
	f.tries++
	f.calls = append(f.calls, fmt.Sprint(time.Since(f.begun).Round(time.Millisecond), " ", strings.Join(texts, " ")))
	if f.answer != nil {
		result, err = f.answer(ctx, f.tries, texts)
	}
	if err != nil {
		return result, err
	}
	for i, text := range texts {
		refused := slices.ContainsFunc(result.Refused, func(r stage.Refused) bool { return r.Index == i })
		if !refused && !slices.Contains(result.Again, i) {
			f.taken = append(f.taken, text)
		}
	}
	return result, nil
}

// store is a farEnd with transactions.
type store struct {
	farEnd
	stored  []string // what was committed
	commits []string // the ids under which
	refuse  func(try int) error
	asked   int
}

func (s *store) Send(ctx context.Context, items []stage.Item) (stage.Result, error) {
	result, err := s.farEnd.Send(ctx, items)
	if err != nil {
		s.taken = nil
	}
	return result, err
}

func (s *store) Checkpoint(_ context.Context, id string, _ stage.Emit) error {
	s.asked++
	if s.refuse != nil {
		if err := s.refuse(s.asked); err != nil {
			s.taken = nil
			return err
		}
	}
	s.stored = append(s.stored, s.taken...)
	s.taken = nil
	s.commits = append(s.commits, id)
	return nil
}

// host writes down what it is told.
type host struct {
	t          *testing.T
	controlled bool
	dumped     []string // line and reason
	passed     []string
	warnings   []string // when and what
	begun      time.Time
	stop       error
}

func (h *host) Controlled() bool { return h.controlled }

func (h *host) Warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	h.warnings = append(h.warnings, fmt.Sprint(time.Since(h.begun).Round(time.Millisecond), " ", text))
}

func (h *host) Refused(m *event.Message, reason error) error {
	h.check(m)
	h.dumped = append(h.dumped, fmt.Sprintf("%v %v", m.Place(), reason))
	return h.stop
}

func (h *host) Sent(m *event.Message) error {
	h.check(m)
	h.passed = append(h.passed, m.Get("extra.item"))
	return h.stop
}

// check makes sure that a message is what was received, and knows its place.
func (h *host) check(m *event.Message) {
	h.t.Helper()
	item := m.Get("extra.item")
	if want := received(item); m.String() != want {
		h.t.Errorf("the host gets %s, want %s", m, want)
	}
	if number := strings.TrimLeft(item, "abc"); m.Place().String() != "in:"+number {
		h.t.Errorf("%s is at %v", item, m.Place())
	}
}

func received(item string) string {
	return fmt.Sprintf(`{"extra.item" : "%s" , "extra.kept":1.0}`, item)
}

// rig is a Batch between a far end and a host. Pauses are not shortened.
type rig struct {
	*Batch
	*host
	ctx     context.Context
	message event.Message
}

var usual = Options{Events: 10, Bytes: 1 << 20, Age: time.Second, RetryFor: 5 * time.Minute, Pass: true}

func newRig(t *testing.T, b stage.Batcher, o Options, controlled bool) *rig {
	o.Jitter = func(d time.Duration) time.Duration { return d }
	h := &host{t: t, controlled: controlled, begun: time.Now()}
	switch f := b.(type) {
	case *farEnd:
		f.begun = time.Now()
	case *store:
		f.begun = time.Now()
	}
	return &rig{Batch: New(b, h, o, nil), host: h, ctx: t.Context()}
}

// add adds an item whose line is its number.
func (b *rig) add(item string) error {
	if err := b.message.Decode([]byte(received(item))); err != nil {
		b.t.Fatal(err)
	}
	var line int64
	fmt.Sscan(strings.TrimLeft(item, "abc"), &line)
	b.message.SetPlace(event.Place{File: "in", Line: line})
	err := b.Add(b.ctx, &b.message)
	if text := b.message.String(); text != received(item) {
		b.t.Errorf("Add leaves %s", text)
	}
	return err
}

// addAll adds the numbers up to n, or stops at an error.
func (b *rig) addAll(n int) error {
	for i := range n {
		if err := b.add(fmt.Sprint(i + 1)); err != nil {
			return err
		}
	}
	return nil
}

func (b *rig) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func numbers(n int, without ...int) (list []string) {
	for i := range n {
		if !slices.Contains(without, i+1) {
			list = append(list, fmt.Sprint(i+1))
		}
	}
	return list
}

var errAway = errors.New("far:1: connection refused")

// bubble runs a test in which time is simulated.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestCut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &farEnd{}
		o := usual
		o.Events = 3
		b := newRig(t, far, o, false)
		if b.Holds() != 0 {
			t.Error("something is held at the beginning")
		}
		for _, item := range []string{"a1", "b2", "a3", "a4", "b5"} { // the a are full
			b.must(b.add(item))
		}
		equal(t, "by number", far.calls, "0s a1 a3 a4")
		equal(t, "passed, in order of input", b.passed, "a1")
		if b.Holds() != time.Second {
			t.Errorf("what waits may do so for %v", b.Holds())
		}
		b.must(b.add("a6"))
		b.must(b.Send(b.ctx)) // by age
		equal(t, "by age", far.calls[1:], "0s a6", "0s b2 b5")
		equal(t, "passed", b.passed, "a1", "b2", "a3", "a4", "b5", "a6")
		b.must(b.Send(b.ctx))
		if len(far.calls) != 3 || b.Holds() != 0 {
			t.Errorf("nothing is sent: %q, %v", far.calls, b.Holds())
		}
		b.must(b.add("b7"))
		b.must(b.Checkpoint(b.ctx, "S:1:n"))
		equal(t, "by checkpoint", far.calls[3:], "0s b7")
	})
}

// TestCutByBytes counts all copies: an item here needs some 300 bytes.
func TestCutByBytes(t *testing.T) {
	far := &farEnd{}
	o := usual
	o.Bytes = 1000
	b := newRig(t, far, o, false)
	for i := range 8 {
		b.must(b.add(fmt.Sprint("a", i+1)))
	}
	var batches []string
	for _, call := range far.calls {
		_, items, _ := strings.Cut(call, " ")
		batches = append(batches, items)
	}
	equal(t, "batches", batches, "a1 a2 a3", "a4 a5 a6")
	o.Bytes = 1 // what is larger goes alone
	far = &farEnd{}
	b = newRig(t, far, o, false)
	b.must(b.addAll(3))
	equal(t, "taken", far.taken, numbers(3)...)
	if len(far.calls) != 3 || len(b.items) != 0 {
		t.Errorf("%q, %d left", far.calls, len(b.items))
	}
}

// TestBytesOfAllGroups bounds what waits in many groups, none of which is full.
func TestBytesOfAllGroups(t *testing.T) {
	far := &farEnd{}
	o := usual
	o.Bytes = 10_000
	b := newRig(t, far, o, false)
	for i := range 1000 {
		b.must(b.add(strings.Repeat("a", i%7) + fmt.Sprint(i+1)))
		if len(b.items) > 40 {
			t.Fatalf("%d items wait, some 12 kB", len(b.items))
		}
	}
}

func TestRefusesEverySeventh(t *testing.T) {
	for _, controlled := range []bool{false, true} {
		far := &farEnd{answer: func(_ context.Context, _ int, items []string) (result stage.Result, err error) {
			for i, text := range items {
				var n int
				if fmt.Sscan(text, &n); n%7 == 0 {
					result.Refused = append(result.Refused, stage.Refused{Index: i, Err: fmt.Errorf("%d is refused", n)})
				}
			}
			return result, nil
		}}
		b := newRig(t, far, usual, controlled)
		b.must(b.addAll(25))
		b.must(b.Checkpoint(b.ctx, "S:1:n"))
		equal(t, "dump", b.dumped, "in:7 7 is refused", "in:14 14 is refused", "in:21 21 is refused")
		equal(t, "taken", far.taken, numbers(25, 7, 14, 21)...)
		equal(t, "passed", b.passed, numbers(25, 7, 14, 21)...)
		equal(t, "warned", b.warnings)
	}
}

// TestPutsOffEveryFifth has each fifth item taken when it comes for the second
// time.
func TestPutsOffEveryFifth(t *testing.T) {
	bubble(t, func(t *testing.T) {
		seen := make(map[string]bool)
		far := &farEnd{}
		far.answer = func(_ context.Context, _ int, items []string) (result stage.Result, err error) {
			for i, text := range items {
				if (text[len(text)-1] == '5' || text[len(text)-1] == '0') && !seen[text] {
					seen[text] = true
					result.Again = append(result.Again, i)
				}
			}
			if len(result.Again) > 0 && far.tries > 1 {
				result.After = 3 * time.Second
			}
			return result, nil
		}
		b := newRig(t, far, usual, true)
		b.must(b.addAll(20))
		equal(t, "calls", far.calls, "0s 1 2 3 4 5 6 7 8 9 10", "200ms 5 10", "200ms 11 12 13 14 15 16 17 18 19 20", "3.2s 15 20")
		equal(t, "passed", b.passed, numbers(20)...)
		equal(t, "dump", b.dumped)
		equal(t, "warned", b.warnings, "0s 2 of 10 messages were put off by the far end: retrying for up to 5m0s")
		if slices.Sort(far.taken); len(slices.Compact(far.taken)) != 20 {
			t.Errorf("taken: %v", far.taken)
		}
	})
}

// TestPutsOffRequests has a far end that answers 429 to whole requests.
func TestPutsOffRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: func(_ context.Context, try int, _ []string) (stage.Result, error) {
			switch try {
			case 1:
				return stage.Result{}, fmt.Errorf("wrapped: %w", &stage.RetryAfter{Err: errors.New("429 Too Many Requests"), After: 90 * time.Second})
			case 2:
				return stage.Result{}, &stage.RetryAfter{Err: errors.New("429 Too Many Requests"), After: time.Millisecond}
			}
			return stage.Result{}, nil
		}}
		b := newRig(t, far, usual, true)
		b.must(b.addAll(10))
		equal(t, "calls", far.calls, "0s 1 2 3 4 5 6 7 8 9 10", "1m30s 1 2 3 4 5 6 7 8 9 10", "1m30.4s 1 2 3 4 5 6 7 8 9 10")
		equal(t, "taken", far.taken, numbers(10)...)
		equal(t, "warned", b.warnings, "0s wrapped: 429 Too Many Requests: retrying for up to 5m0s", "1m30s 429 Too Many Requests: retrying for up to 3m30s")
	})
}

// TestAskedToWaitTooLong tries a last time when the time is over.
func TestAskedToWaitTooLong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) {
			return stage.Result{}, &stage.RetryAfter{Err: errors.New("503"), After: time.Hour}
		}}
		b := newRig(t, far, usual, true)
		b.must(b.add("1"))
		err := b.Checkpoint(b.ctx, "S:1:n")
		if !stage.IsFatal(err) || err.Error() != "503: gave up after 2 attempts in 5m0s, see --retry-for" {
			t.Errorf("%v", err)
		}
		equal(t, "calls", far.calls, "0s 1", "5m0s 1")
	})
}

func TestAwayFor45s(t *testing.T) {
	bubble(t, func(t *testing.T) {
		begun := time.Now()
		far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) {
			if time.Since(begun) < 45*time.Second {
				return stage.Result{}, errAway
			}
			return stage.Result{}, nil
		}}
		b := newRig(t, far, usual, false)
		b.must(b.addAll(20))
		if len(far.calls) != 12 || !strings.HasPrefix(far.calls[9], "42.6s 1 ") || !strings.HasPrefix(far.calls[10], "52.6s 1 ") {
			t.Errorf("%q", far.calls)
		}
		equal(t, "taken", far.taken, numbers(20)...)
		equal(t, "passed", b.passed, numbers(20)...)
		equal(t, "dump", b.dumped)
		equal(t, "warned", b.warnings, "0s "+errAway.Error()+": retrying for up to 5m0s")
	})
}

func TestAwayFor6Minutes(t *testing.T) {
	for _, controlled := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			far := &farEnd{}
			b := newRig(t, far, usual, controlled)
			b.must(b.addAll(10))
			time.Sleep(time.Hour) // is no part of the next attempts
			back := time.Now().Add(6 * time.Minute)
			far.answer = func(context.Context, int, []string) (stage.Result, error) {
				if time.Now().Before(back) {
					return stage.Result{}, errAway
				}
				return stage.Result{}, nil
			}
			for _, item := range []string{"a11", "b12"} {
				b.must(b.add(item))
			}
			err := b.Send(b.ctx)
			reason := errAway.Error() + ": gave up after 36 attempts in 5m0s, see --retry-for"
			if !stage.IsFatal(err) || err.Error() != reason {
				t.Errorf("%v", err)
			}
			if again := b.add("13"); again != err || b.Send(b.ctx) != err || b.Checkpoint(b.ctx, "S:1:n") != err {
				t.Errorf("it goes on with %v", again)
			}
			equal(t, "taken", far.taken, numbers(10)...)
			equal(t, "passed", b.passed, numbers(10)...)
			if controlled {
				equal(t, "dump", b.dumped)
			} else {
				equal(t, "dump", b.dumped, "in:11 "+reason, "in:12 "+reason)
			}
			var told []string
			for _, text := range b.warnings {
				at, _, _ := strings.Cut(text, " ")
				told = append(told, at)
			}
			equal(t, "warned", told, "1h0m0s", "1h1m2.6s", "1h2m2.6s", "1h3m2.6s", "1h4m2.6s")
		})
	}
}

// TestHangs is a far end that takes a request and never answers.
func TestHangs(t *testing.T) {
	hang := func(ctx context.Context, _ int, _ []string) (stage.Result, error) {
		<-ctx.Done()
		return stage.Result{}, fmt.Errorf("far:1: no answer: %w", ctx.Err())
	}
	const reason = "far:1: no answer: context deadline exceeded: gave up after 1 attempt in 5m0s, see --retry-for"
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: hang}
		b := newRig(t, far, usual, false)
		b.must(b.addAll(2))
		if err := b.Send(b.ctx); !stage.IsFatal(err) || err.Error() != reason {
			t.Errorf("%v", err)
		}
		equal(t, "calls", far.calls, "0s 1 2")
		equal(t, "dump", b.dumped, "in:1 "+reason, "in:2 "+reason)
		if passed := time.Since(b.begun); passed != 5*time.Minute {
			t.Errorf("it has waited for %v", passed)
		}
	})
	bubble(t, func(t *testing.T) { // once, and answers then
		far := &farEnd{}
		far.answer = func(ctx context.Context, try int, items []string) (stage.Result, error) {
			if try == 1 {
				ctx, cancel := context.WithTimeout(ctx, 20*time.Second) // as the command's own flag says
				defer cancel()
				return hang(ctx, try, items)
			}
			return stage.Result{}, nil
		}
		b := newRig(t, far, usual, true)
		b.must(b.addAll(10))
		equal(t, "calls", far.calls, "0s 1 2 3 4 5 6 7 8 9 10", "20.2s 1 2 3 4 5 6 7 8 9 10")
		equal(t, "taken", far.taken, numbers(10)...)
	})
}

// TestInterrupted is what happens when the grace after SIGTERM is over.
func TestInterrupted(t *testing.T) {
	for _, controlled := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) { return stage.Result{}, errAway }}
			b := newRig(t, far, usual, controlled)
			ctx, cancel := context.WithCancel(t.Context())
			b.must(b.add("1"))
			time.AfterFunc(10*time.Second, cancel)
			err := b.Send(ctx)
			const reason = "far:1: connection refused: interrupted after 6 attempts in 10s"
			if !stage.IsFatal(err) || err.Error() != reason || time.Since(b.begun) != 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(b.begun))
			}
			if controlled {
				equal(t, "dump", b.dumped)
			} else {
				equal(t, "dump", b.dumped, "in:1 "+reason)
			}
		})
	}
}

// TestInterruptedSend says nothing of retries that do not follow.
func TestInterruptedSend(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: func(ctx context.Context, _ int, _ []string) (stage.Result, error) {
			<-ctx.Done()
			return stage.Result{}, ctx.Err()
		}}
		b := newRig(t, far, usual, true)
		b.must(b.add("1"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := b.Send(ctx)
		if !stage.IsFatal(err) || err.Error() != "context deadline exceeded: interrupted after 1 attempt in 10s" {
			t.Errorf("%v", err)
		}
		equal(t, "warned", b.warnings)
	})
}

// TestReaderIsGone ends quietly, with nothing in the dump.
func TestReaderIsGone(t *testing.T) {
	far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) { return stage.Result{}, stage.ErrStop }}
	b := newRig(t, far, usual, false)
	b.must(b.add("1"))
	if err := b.Send(b.ctx); !errors.Is(err, stage.ErrStop) {
		t.Errorf("%v", err)
	}
	equal(t, "dump", b.dumped)
}

func TestFatalIsNotTriedAgain(t *testing.T) {
	for name, answer := range map[string]func() error{
		"the table is gone": func() error { return stage.Fatal(errors.New("the table is gone")) },
		"panic: lost":       func() error { panic("lost") },
	} {
		for _, controlled := range []bool{false, true} {
			far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) { return stage.Result{}, answer() }}
			b := newRig(t, far, usual, controlled)
			b.must(b.add("1"))
			if err := b.Send(b.ctx); !stage.IsFatal(err) || err.Error() != name || len(far.calls) != 1 {
				t.Errorf("%v, %q", err, far.calls)
			}
			if controlled {
				equal(t, "dump", b.dumped)
			} else {
				equal(t, "dump", b.dumped, "in:1 "+name)
			}
		}
	}
}

// TestResultIsWrong names what is not there: nothing of the batch is taken for
// sent.
func TestResultIsWrong(t *testing.T) {
	far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) {
		return stage.Result{Again: []int{2}}, nil
	}}
	b := newRig(t, far, usual, false)
	b.must(b.addAll(2))
	if err := b.Send(b.ctx); !stage.IsFatal(err) || len(b.dumped) != 2 || len(b.passed) != 0 {
		t.Errorf("%v, %q, %q", err, b.dumped, b.passed)
	}

	far.answer = func(context.Context, int, []string) (stage.Result, error) { // what is refused is not sent again
		return stage.Result{Refused: []stage.Refused{{Index: 0, Err: errors.New("odd")}}, Again: []int{0}}, nil
	}
	far.calls = nil
	b = newRig(t, far, usual, false)
	b.must(b.add("1"))
	b.must(b.Send(b.ctx))
	if equal(t, "dump", b.dumped, "in:1 odd"); len(far.calls) != 1 {
		t.Errorf("%q", far.calls)
	}
}

// TestClosesInSecondBatch has the connection closed while the second batch of a
// window is on its way. An output that does not commit sends that batch again,
// one that does the whole window.
func TestClosesInSecondBatch(t *testing.T) {
	closes := func(_ context.Context, try int, items []string) (stage.Result, error) {
		if try == 2 {
			return stage.Result{}, errors.New("far:1: connection reset by peer")
		}
		if i := slices.Index(items, "7"); i >= 0 {
			return stage.Result{Refused: []stage.Refused{{Index: i, Err: errors.New("odd")}}}, nil
		}
		return stage.Result{}, nil
	}
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: closes}
		b := newRig(t, far, usual, true)
		b.must(b.addAll(25))
		b.must(b.Checkpoint(b.ctx, "S:1:n"))
		equal(t, "taken", far.taken, numbers(25, 7)...)
		equal(t, "dump", b.dumped, "in:7 odd")
		equal(t, "calls", far.calls, "0s 1 2 3 4 5 6 7 8 9 10", "0s 11 12 13 14 15 16 17 18 19 20",
			"200ms 11 12 13 14 15 16 17 18 19 20", "200ms 21 22 23 24 25")
	})
	bubble(t, func(t *testing.T) {
		far := &store{farEnd: farEnd{answer: closes, ids: map[string]string{}}}
		b := newRig(t, far, usual, true)
		b.id = func(m *event.Message) string { return "id of " + m.Get("extra.item") + m.Get("extra.encoded") }
		b.must(b.addAll(25))
		if len(b.passed) > 0 {
			t.Errorf("passed before the commit: %q", b.passed)
		}
		b.must(b.Checkpoint(b.ctx, "S:1:n"))
		equal(t, "stored", far.stored, numbers(25, 7)...)
		equal(t, "passed", b.passed, numbers(25, 7)...)
		equal(t, "dump", b.dumped, "in:7 odd")
		equal(t, "commits", far.commits, "S:1:n")
		equal(t, "calls", far.calls, "0s 1 2 3 4 5 6 7 8 9 10", "0s 11 12 13 14 15 16 17 18 19 20",
			"200ms 1 2 3 4 5 6 8 9 10 11", "200ms 12 13 14 15 16 17 18 19 20", "200ms 21 22 23 24 25")
		if far.ids["3"] != "id of 3" {
			t.Errorf("%q", far.ids["3"])
		}
	})
}

func TestCommitFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &store{refuse: func(try int) error {
			if try < 3 {
				return errors.New("far:1: serialization failure")
			}
			return nil
		}}
		o := usual
		o.Bytes = 1000 // for three of them
		b := newRig(t, far, o, true)
		for _, item := range []string{"a1", "b2", "a3", "a4", "a5", "a6"} {
			b.must(b.add(item))
		}
		b.must(b.Checkpoint(b.ctx, "S:1:n"))
		equal(t, "calls", far.calls, "0s a1 a3", "0s b2", "0s a4 a5 a6",
			"200ms a1 a3 a4", "200ms a5 a6", "200ms b2", "600ms a1 a3 a4", "600ms a5 a6", "600ms b2")
		equal(t, "stored", far.stored, "a1", "a3", "a4", "a5", "a6", "b2")
		equal(t, "passed", b.passed, "a1", "b2", "a3", "a4", "a5", "a6")
		b.must(b.Checkpoint(b.ctx, "S:2:n")) // is committed even if it has nothing
		equal(t, "commits", far.commits, "S:1:n", "S:2:n")
	})
}

// TestSecondBatchFailsForever ends although the first batch of the window arrives
// again and again.
func TestSecondBatchFailsForever(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &store{}
		far.answer = func(_ context.Context, _ int, items []string) (stage.Result, error) {
			if slices.Contains(items, "20") {
				return stage.Result{}, errAway
			}
			return stage.Result{}, nil
		}
		b := newRig(t, far, usual, true)
		err := b.addAll(20)
		if !stage.IsFatal(err) || !strings.HasSuffix(err.Error(), "gave up after 36 attempts in 5m0s, see --retry-for") {
			t.Errorf("%v", err)
		}
		equal(t, "stored", far.stored)
		equal(t, "passed", b.passed)
	})
}

// TestSuccessStartsAnew does not count the time before something was taken.
func TestSuccessStartsAnew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: func(_ context.Context, _ int, items []string) (result stage.Result, err error) {
			for i := 1; i < len(items); i++ {
				result.Again = append(result.Again, i)
			}
			result.After = 4 * time.Minute
			return result, nil
		}}
		b := newRig(t, far, usual, true)
		b.must(b.addAll(5))
		b.must(b.Send(b.ctx))
		equal(t, "calls", far.calls, "0s 1 2 3 4 5", "4m0s 2 3 4 5", "8m0s 3 4 5", "12m0s 4 5", "16m0s 5")
	})
}

// TestBarePipeCommits does so after each batch, and sends nothing again that is
// committed, although it cannot pass on yet.
func TestBarePipeCommits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &store{}
		o := usual
		o.Events = 2
		b := newRig(t, far, o, false)
		for _, item := range []string{"b1", "a2", "a3"} {
			b.must(b.add(item))
		}
		equal(t, "stored", far.stored, "a2", "a3")
		far.answer = func(_ context.Context, try int, _ []string) (stage.Result, error) {
			if try == 2 {
				return stage.Result{}, errAway
			}
			return stage.Result{}, nil
		}
		b.must(b.Send(b.ctx))
		equal(t, "stored", far.stored, "a2", "a3", "b1")
		equal(t, "commits", far.commits, "", "")
		equal(t, "passed", b.passed, "b1", "a2", "a3")

		far.refuse = func(int) error { return stage.Fatal(errors.New("gone")) }
		b.must(b.add("b4"))
		if err := b.Send(b.ctx); !stage.IsFatal(err) {
			t.Errorf("%v", err)
		}
		equal(t, "dump", b.dumped, "in:4 gone")
	})
}

func TestEncodeFails(t *testing.T) {
	far := &farEnd{}
	b := newRig(t, far, usual, true)
	b.must(b.add("1"))
	if err := b.add("bad"); err == nil || stage.IsFatal(err) {
		t.Errorf("%v", err)
	}
	func() {
		defer func() {
			if text := b.message.String(); recover() != "odd" || text != received("odd") {
				t.Errorf("a panic leaves %s", text)
			}
		}()
		b.add("odd")
	}()
	b.must(b.add("2"))
	b.must(b.Checkpoint(b.ctx, "S:1:n"))
	equal(t, "taken", far.taken, "1", "2")
	equal(t, "dump", b.dumped) // it is for the caller to put it there
}

// TestHostStops ends when nobody reads any further.
func TestHostStops(t *testing.T) {
	far := &farEnd{}
	b := newRig(t, far, usual, false)
	b.stop = stage.ErrStop
	b.must(b.addAll(2))
	if err := b.Send(b.ctx); !errors.Is(err, stage.ErrStop) {
		t.Errorf("%v", err)
	}
	equal(t, "passed", b.passed, "1")
	if err := b.Send(b.ctx); !errors.Is(err, stage.ErrStop) || len(b.passed) != 1 {
		t.Errorf("%v, %q", err, b.passed)
	}
}

// TestWithoutPass hands back only what was refused.
func TestWithoutPass(t *testing.T) {
	far := &farEnd{answer: func(context.Context, int, []string) (stage.Result, error) {
		return stage.Result{Refused: []stage.Refused{{Index: 1}}}, nil
	}}
	o := usual
	o.Pass = false
	b := newRig(t, far, o, true)
	b.must(b.addAll(3))
	b.must(b.Checkpoint(b.ctx, "S:1:n"))
	equal(t, "passed", b.passed)
	equal(t, "dump", b.dumped, "in:2 refused by the far end, which does not say why")
}

// TestRandomFailures holds the promises against a far end that does anything at
// any time: all arrive once or are in the dump, in order within their group, and
// pass on in the order of input.
func TestRandomFailures(t *testing.T) {
	for seed := range uint64(100) {
		bubble(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 8))
			far := &store{}
			far.answer = func(_ context.Context, _ int, items []string) (result stage.Result, err error) {
				if random.IntN(30) == 0 {
					return result, errAway
				}
				rest := len(items) // a suffix is put off, so that order can be kept
				if random.IntN(3) == 0 {
					rest = random.IntN(len(items) + 1)
				}
				for i, text := range items {
					switch {
					case i >= rest:
						result.Again = append(result.Again, i)
					case strings.HasSuffix(text, "7"):
						result.Refused = append(result.Refused, stage.Refused{Index: i, Err: errors.New("odd")})
					}
				}
				return result, nil
			}
			far.refuse = func(int) error {
				if random.IntN(4) == 0 {
					return errAway
				}
				return nil
			}
			var batcher stage.Batcher = far
			if seed%2 == 0 {
				batcher = &far.farEnd
			}
			o := usual
			o.RetryFor = 24 * time.Hour
			o.Events = 1 + random.IntN(8)
			o.Bytes = int64(500 + random.IntN(5000))
			b := newRig(t, batcher, o, seed%4 < 2)
			groups := map[byte][]string{}
			var want []string
			for i := range 200 {
				item := fmt.Sprint(string("abc"[random.IntN(3)]), i+1)
				b.must(b.add(item))
				if !strings.HasSuffix(item, "7") {
					want = append(want, item)
					groups[item[0]] = append(groups[item[0]], item)
				}
				switch random.IntN(20) {
				case 0:
					b.must(b.Send(b.ctx))
				case 1:
					b.must(b.Checkpoint(b.ctx, fmt.Sprint("S:", i, ":n")))
					if len(b.passed) != len(want) || len(b.items) != 0 || b.decided != 0 {
						t.Fatalf("seed %d: %d of %d passed at a checkpoint", seed, len(b.passed), len(want))
					}
				}
			}
			b.must(b.Checkpoint(b.ctx, "S:end:n"))
			equal(t, "passed", b.passed, want...)
			arrived := map[byte][]string{}
			for _, item := range append(far.stored, far.taken...) {
				arrived[item[0]] = append(arrived[item[0]], item)
			}
			for group, items := range groups {
				equal(t, fmt.Sprint("seed ", seed), arrived[group], items...)
			}
			if len(b.dumped) != 20 {
				t.Errorf("seed %d: %d in the dump", seed, len(b.dumped))
			}
		})
	}
}

// TestJitter stays between the half and the whole.
func TestJitter(t *testing.T) {
	for range 1000 {
		if d := halfToWhole(time.Second); d < time.Second/2 || d > time.Second {
			t.Fatal(d)
		}
	}
}

// TestNoRetries gives an attempt its time even if there is to be only one.
func TestNoRetries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		far := &farEnd{answer: func(ctx context.Context, try int, _ []string) (stage.Result, error) {
			if try > 1 {
				return stage.Result{}, errAway
			}
			time.Sleep(10 * time.Second)
			return stage.Result{}, ctx.Err()
		}}
		o := usual
		o.RetryFor = 0
		b := newRig(t, far, o, true)
		b.must(b.addAll(10))
		b.must(b.add("11"))
		if err := b.Send(b.ctx); err == nil || err.Error() != errAway.Error()+": gave up after 1 attempt in 0s, see --retry-for" {
			t.Errorf("%v", err)
		}
	})
}

func TestDryRun(t *testing.T) {
	var out strings.Builder
	far := &store{}
	b := newRig(t, NewDryRun(far, &out), usual, false)
	b.must(b.addAll(2))
	b.must(b.Checkpoint(b.ctx, ""))
	lines := NewDryRun(far, &out)
	if _, err := lines.Send(b.ctx, []stage.Item{{Data: []byte("To: a\r\n\r\ntext\n")}, {Group: "a\nb", Data: []byte("c")}}); err != nil {
		t.Error(err)
	}
	if want := "1\n2\nTo: a\\r\\n\\r\\ntext\na\\nb\tc\n"; out.String() != want || far.tries+far.asked != 0 {
		t.Errorf("%q, want %q", out.String(), want)
	}
	b = newRig(t, NewDryRun(far, full{}), usual, false)
	b.must(b.add("1"))
	if err := b.Send(b.ctx); !stage.IsFatal(err) {
		t.Errorf("%v", err)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
