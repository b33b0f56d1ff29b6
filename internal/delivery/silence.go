package delivery

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Until the opening Commit has come back a pipeline is not known to pass control
// lines on: that it does not is told after a while, and given up after some
// more. One that does may have to wait for its far end, and is given --patience.
const (
	firstPatience = 30 * time.Second
	manyPatience  = 10
)

// BehindThrough is the way out when nothing comes back at all.
const BehindThrough = "a filter that knows nothing of checkpoints stands behind through"

// silence tells what is late.
type silence struct {
	say      func(error)
	step     time.Duration // how often it is told while nothing comes back
	patience time.Duration // how long is waited once something has come back
	timer    *time.Timer
	waiting  atomic.Pointer[late]
	told     atomic.Int32 // how often, for what is waited for now
	came     atomic.Bool  // something has come back in this attempt
}

// late is what has to come back next.
type late struct {
	what  string
	since time.Time
}

func newSilence(step, patience time.Duration, say func(error)) *silence {
	s := &silence{say: say, step: step, patience: patience}
	s.timer = time.AfterFunc(step, s.complain)
	s.timer.Stop()
	return s
}

// begin begins an attempt.
func (s *silence) begin() {
	s.came.Store(false)
	s.rest()
}

// rest says that nothing is waited for.
func (s *silence) rest() {
	s.timer.Stop()
	s.told.Store(0)
	s.waiting.Store(nil)
}

// expect makes silence say what is late, from now on.
func (s *silence) expect(what string) {
	s.waiting.Store(&late{what, time.Now()})
	s.timer.Reset(s.pause())
}

// idle says whether nothing is waited for.
func (s *silence) idle() bool { return s.waiting.Load() == nil }

// pause is how long to wait before the next line: a far end that is away is told
// of once a minute.
func (s *silence) pause() time.Duration {
	if s.came.Load() && s.told.Load() > 0 {
		return 2 * s.step
	}
	return s.step
}

func (s *silence) complain() {
	w := s.waiting.Load()
	if w == nil {
		return
	}
	s.told.Add(1)
	why := BehindThrough
	if s.came.Load() {
		why = fmt.Sprintf("what comes behind may be waiting for its far end, and gets %v (--patience)", s.patience)
	}
	s.say(fmt.Errorf("%s has not come back from the pipeline for %v; %s", w.what, time.Since(w.since).Truncate(s.step), why))
	s.timer.Reset(s.pause())
}

// most is how long may be waited in all.
func (s *silence) most() time.Duration {
	if s.came.Load() {
		return s.patience
	}
	return manyPatience * s.step
}

// tooLong says whether it was waited for too long. At the end of the stream a
// pipeline of which nothing has come back at all has had its time earlier: then
// its input can be closed.
func (s *silence) tooLong(ending bool) bool {
	w := s.waiting.Load()
	if w == nil {
		return false
	}
	if ending && !s.came.Load() {
		return s.told.Load() > 0
	}
	return time.Since(w.since) >= s.most()
}
