package pipeline

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Until the opening Commit has come back a pipeline is not known to pass control
// lines on: that it does not is told after a while, and given up after some
// more. One that does may have to wait for its far end, and is given --patience.
const (
	FirstPatience = 30 * time.Second
	manyPatience  = 10
)

// BehindThrough is the way out when nothing comes back at all.
const BehindThrough = "a filter that knows nothing of checkpoints stands behind through"

// Silence tells what is late.
type Silence struct {
	say      func(error)
	step     time.Duration // how often it is told while nothing comes back
	patience time.Duration // how long is waited once something has come back
	timer    *time.Timer
	waiting  atomic.Pointer[late]
	Told     atomic.Int32 // how often, for what is waited for now
	Came     atomic.Bool  // something has come back in this attempt
}

// late is what has to come back next.
type late struct {
	what  string
	since time.Time
}

// NewSilence makes a silence that is told with say, each step, and ends when there
// is no patience left.
func NewSilence(step, patience time.Duration, say func(error)) *Silence {
	s := &Silence{say: say, step: step, patience: patience}
	s.timer = time.AfterFunc(step, s.complain)
	s.timer.Stop()
	return s
}

// Begin begins an attempt.
func (s *Silence) Begin() {
	s.Came.Store(false)
	s.Rest()
}

// Rest says that nothing is waited for.
func (s *Silence) Rest() {
	s.timer.Stop()
	s.Told.Store(0)
	s.waiting.Store(nil)
}

// Expect makes silence say what is late, from now on.
func (s *Silence) Expect(what string) {
	s.waiting.Store(&late{what, time.Now()})
	s.timer.Reset(s.pause())
}

// Idle says whether nothing is waited for.
func (s *Silence) Idle() bool { return s.waiting.Load() == nil }

// pause is how long to wait before the next line: a far end that is away is told
// of once a minute.
func (s *Silence) pause() time.Duration {
	if s.Came.Load() && s.Told.Load() > 0 {
		return 2 * s.step
	}
	return s.step
}

func (s *Silence) complain() {
	w := s.waiting.Load()
	if w == nil {
		return
	}
	s.Told.Add(1)
	why := BehindThrough
	if s.Came.Load() {
		why = fmt.Sprintf("what comes behind may be waiting for its far end, and gets %v (--patience)", s.patience)
	}
	s.say(fmt.Errorf("%s has not come back from the pipeline for %v; %s", w.what, time.Since(w.since).Truncate(s.step), why))
	s.timer.Reset(s.pause())
}

// Most is how long may be waited in all.
func (s *Silence) Most() time.Duration {
	if s.Came.Load() {
		return s.patience
	}
	return manyPatience * s.step
}

// TooLong says whether it was waited for too long. At the end of the stream a
// pipeline of which nothing has come back at all has had its time earlier: then
// its input can be closed.
func (s *Silence) TooLong(ending bool) bool {
	w := s.waiting.Load()
	if w == nil {
		return false
	}
	if ending && !s.Came.Load() {
		return s.Told.Load() > 0
	}
	return time.Since(w.since) >= s.Most()
}

// Stop ends it.
func (s *Silence) Stop() { s.timer.Stop() }
