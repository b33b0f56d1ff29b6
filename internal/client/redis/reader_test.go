package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// server is one with a queue, and a reader of it.
type server struct {
	*testing.T
	*miniredis.Miniredis
	flags *Flags
}

func newServer(t *testing.T) *server {
	s := miniredis.RunT(t)
	return &server{t, s, flags(t, s)}
}

func (s *server) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *server) open(position string) *Reader {
	s.Helper()
	r, err := s.flags.OpenReader(s.Context(), position)
	s.check(err)
	s.Cleanup(r.Close)
	return r
}

// push appends messages, of which the list has the last one first.
func (s *server) push(list string, texts ...string) {
	s.Helper()
	for _, text := range texts {
		_, err := s.DB(2).Lpush(list, text)
		s.check(err)
	}
}

// texts are messages with the numbers from to to.
func texts(from, to int) (all []string) {
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint("m", n))
	}
	return all
}

// receive takes n messages.
func (s *server) receive(r *Reader, n int) (all []stage.Delivery) {
	s.Helper()
	for range n {
		m, err := r.Receive(s.Context(), false)
		s.check(err)
		all = append(all, m)
	}
	return all
}

func (s *server) wantTexts(all []stage.Delivery, want ...string) {
	s.Helper()
	var got []string
	for _, m := range all {
		got = append(got, string(m.Handle.([]byte)))
	}
	if !slices.Equal(got, want) {
		s.Errorf("got %q, want %q", got, want)
	}
}

// wantList compares a list, the oldest message first.
func (s *server) wantList(name string, want ...string) {
	s.Helper()
	got, err := s.DB(2).List(name)
	if errors.Is(err, miniredis.ErrKeyNotFound) {
		err = nil
	}
	s.check(err)
	got = slices.Clone(got) // it is the server's own
	if slices.Reverse(got); !slices.Equal(got, want) {
		s.Errorf("%s holds %q, want %q", name, got, want)
	}
}

func (s *server) wantEnd(r *Reader) {
	s.Helper()
	if m, err := r.Receive(s.Context(), false); err != io.EOF {
		s.Errorf("got %s, %v", m.Handle, err)
	}
}

// TestSeveralWindows are open, of which the oldest is removed.
func TestSeveralWindows(t *testing.T) {
	s := newServer(t)
	s.push("q", texts(1, 200)...)
	r := s.open("")
	first, second := s.receive(r, 50), s.receive(r, 100)
	s.wantTexts(slices.Concat(first, second), texts(1, 150)...)
	s.check(r.Acknowledge(t.Context(), first))
	third := s.receive(r, 50)
	s.wantEnd(r)
	s.wantList("q-internal", texts(51, 200)...)
	s.check(r.Acknowledge(t.Context(), second))
	s.wantList("q-internal", texts(151, 200)...)
	s.check(r.Acknowledge(t.Context(), third))
	s.check(r.Acknowledge(t.Context(), nil))
	s.wantList("q-internal")
	s.wantList("q")
}

// TestLeftComesFirst while some of it is removed already.
func TestLeftComesFirst(t *testing.T) {
	s := newServer(t)
	s.push("q-internal", texts(1, 300)...)
	s.push("q", texts(301, 400)...)
	r := s.open("")
	var got, open []stage.Delivery
	for range 400 {
		got = append(got, s.receive(r, 1)...)
		if open = append(open, got[len(got)-1]); len(open) == 30 {
			s.check(r.Acknowledge(t.Context(), open[:10]))
			open = open[10:]
		}
	}
	s.wantEnd(r)
	s.wantTexts(got, texts(1, 400)...)
	s.wantList("q-internal", texts(401-len(open), 400)...)
}

// TestPositions are the same for messages that are delivered again, and differ
// for those that look the same.
func TestPositions(t *testing.T) {
	s := newServer(t)
	for range 100 {
		s.push("q", "a", "a", "b")
	}
	r := s.open("")
	all := s.receive(r, 300)
	seen := map[string]bool{}
	for _, m := range all {
		seen[m.Position] = true
	}
	if len(seen) != 300 {
		t.Errorf("there are %d positions", len(seen))
	}
	acknowledged := ""
	for n := 0; n < 300; n += 70 { // the first time there is no position
		if n > 0 {
			s.check(r.Acknowledge(t.Context(), all[n-70:n]))
			acknowledged = all[n-1].Position
		}
		r.Close()
		r = s.open(acknowledged)
		if got := s.receive(r, 300-n); !slices.EqualFunc(got, all[n:], func(a, b stage.Delivery) bool { return a.Position == b.Position }) {
			t.Errorf("behind %d messages the positions are others", n)
		}
		r.Close()
		r = s.open(acknowledged)
		s.receive(r, 300-n)
	}
}

// TestCrashBeforeRemoval leaves messages that the reader's owner has noted as
// acknowledged. They do not come again, also if the server has forgotten more.
func TestCrashBeforeRemoval(t *testing.T) {
	s := newServer(t)
	s.push("q", texts(1, 200)...)
	r := s.open("")
	all := s.receive(r, 150)
	s.check(r.Acknowledge(t.Context(), all[:10]))
	for _, n := range []int{20, 140} {
		r.Close()
		r = s.open(all[n-1].Position)
		s.wantTexts(s.receive(r, 200-n), texts(n+1, 200)...)
		s.wantEnd(r)
		s.wantList("q-internal", texts(n+1, 200)...)
	}
}

// TestStrangers are others who have worked on the lists meanwhile: what the
// position says of them is not known, and all is sent.
func TestStrangers(t *testing.T) {
	s := newServer(t)
	s.push("q", "a", "a", "b")
	r := s.open("")
	all := s.receive(r, 3)
	r.Close()
	for what, do := range map[string]func(){
		"the server has forgotten all": func() { s.DB(2).FlushDB() },
		"a source of another state":    func() { s.check(s.DB(2).Set("q-internal-acknowledged", "x")) },
		"the mark is of a later time":  func() { s.check(s.DB(2).Set("q-internal-acknowledged", next(all[2].Position, nil))) },
	} {
		for _, m := range all {
			do()
			s.DB(2).Del("q-internal")
			s.push("q-internal", "a", "a", "b")
			t.Log(what)
			r := s.open(m.Position)
			s.wantTexts(s.receive(r, 3), "a", "a", "b")
			s.wantEnd(r)
			r.Close()
		}
	}
}

func TestChangedBySomebodyElse(t *testing.T) {
	s := newServer(t)
	s.push("q", texts(1, 4)...)
	r := s.open("")
	all := s.receive(r, 4)
	_, err := s.DB(2).Lpop("q-internal") // the newest
	s.check(err)
	s.check(r.Acknowledge(t.Context(), all[:1]))
	err = r.Acknowledge(t.Context(), all[1:])
	if err == nil || !strings.Contains(err.Error(), "changed by somebody else: 1 of 3 messages") || !stage.IsFatal(err) {
		t.Errorf("got %v", err)
	}
	s.wantList("q-internal")
}

// TestWait acknowledges while Receive waits for more, and ends it.
func TestWait(t *testing.T) {
	s := newServer(t)
	s.push("q", "m1")
	r := s.open("")
	first := s.receive(r, 1)
	got := make(chan stage.Delivery)
	ended := make(chan error)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for {
			m, err := r.Receive(ctx, true)
			if err != nil {
				ended <- err
				return
			}
			got <- m
		}
	}()
	for n := 2; n < 5; n++ {
		s.check(r.Acknowledge(t.Context(), first))
		s.wantList("q-internal")
		s.push("q", fmt.Sprint("m", n))
		first = []stage.Delivery{<-got}
		s.wantTexts(first, fmt.Sprint("m", n))
	}
	reason := errors.New("a signal")
	cancel(reason)
	if err := <-ended; err != reason {
		t.Errorf("got %v", err)
	}
	ctx = t.Context()
	go func() {
		_, err := r.Receive(ctx, true)
		ended <- err
	}()
	r.Close()
	if err := <-ended; !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}
