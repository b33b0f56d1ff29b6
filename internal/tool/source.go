package tool

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/store"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/process"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	// openWindows is how many may be on their way at once, so that nobody
	// stands still while a checkpoint comes back.
	openWindows = 3
	// A pipeline that died is started again after the first pause, which
	// doubles each time until something is acknowledged.
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
	// nudge is how often the last Commit is repeated while nothing comes back:
	// a stage whose successor has died notices only when it writes.
	nudge = 500 * time.Millisecond
)

// patience is how long nothing may come back without a word. At the end of the
// stream the pipeline's input is closed then, in the middle after many times as
// long: what is only slow comes back even so.
const (
	patience     = 30 * time.Second
	manyPatience = 10
)

// behindThrough is the way out when nothing comes back.
const behindThrough = "a filter that knows nothing of checkpoints stands behind through"

// patienceKey is where tests put a shorter one into the context.
type patienceKey struct{}

// A source is a collector that owns its pipeline: a command of its own after
// "--", or the rest of the chain after "then". It sends windows, reads their
// checkpoints back, and only then acknowledges them at the origin. Everything
// happens in the goroutine of the collector, but for reading back.
type source struct {
	run     *run
	head    *node
	words   []string // the pipeline's command line; none if it is the rest of the chain
	process *process.Group

	name  string // of the ids; the same in every run
	nonce string // of the ids; another one for each pipeline
	state *store.Cursor
	lock  *disk.Lock // instead of that of state, if the origin keeps the number
	alive *disk.Lock // is held by all processes of the pipeline
	last  string     // State of the last acknowledged window

	opened      uint64 // the number that the pipeline was opened with
	acked       uint64
	sent        uint64
	open        []window // sent and not acknowledged, the oldest first
	commits     []uint64 // sent and not come back
	back        chan answer
	uncovered   bool   // something was sent since the last checkpoint
	current     string // name of the window that is being sent
	lost        int    // reports that failed, of which the dump may not have the content
	ending      bool   // there will be no further window
	collected   bool   // and all of them are acknowledged
	deaths      int    // of the pipeline since something was acknowledged
	failure     error  // of the collector, to be told when the pipeline has ended
	silence     *time.Timer
	patience    time.Duration
	waiting     atomic.Pointer[late] // what silence is about
	silent      atomic.Int32         // how often that was told
	came        bool                 // something has come back in this attempt
	unread      bool                 // nobody reads what is written to the pipeline
	stuck       bool                 // it was given up because it did not read
	alone       sync.Mutex           // who starts or aborts the pipeline
	grace       time.Duration        // after a signal, for the next answer
	end         *time.Timer          // the end of the grace
	signalled   atomic.Bool
	expired     atomic.Bool // the grace has ended
	swallower   atomic.Bool // was told
	stopLooking func()
}

type window struct {
	stage.Window
	number uint64
	intact bool // nothing was lost, it may be given up
}

// answer is what came back from the pipeline.
type answer struct {
	kind event.Kind
	id   string
	err  error // it is no control line
}

var errDied = errors.New("the pipeline has ended before all had arrived")

// link is the end of the chain in this process: what is written to the
// pipeline, or where control lines have come through all stages.
func (s *source) link() link {
	if s.words == nil {
		return link{
			emit: func(m *event.Message) error { return s.take(answer{err: dataError(m.Append(nil))}) },
			control: func(kind event.Kind, id string) error {
				s.back <- answer{kind: kind, id: id}
				return nil
			},
			idle:   func() error { return nil },
			finish: func() error { return nil },
		}
	}
	return link{
		emit:    func(m *event.Message) error { return s.run.written(s.run.out.message(m)) },
		control: func(kind event.Kind, id string) error { return s.run.written(s.run.out.control(kind, id)) },
		idle:    func() error { return s.run.written(s.run.out.flush()) },
		finish:  func() error { return nil },
	}
}

func dataError(line []byte) error {
	if len(line) > 80 {
		line = append(line[:80:80], "…"...)
	}
	return fmt.Errorf("data came back from the pipeline, which has to end with an output: %s", line)
}

// stream runs the source to its end.
func (s *source) stream(ctx context.Context) error {
	defer s.heed(ctx)()
	if err := s.restore(ctx); err != nil {
		return err
	}
	if err := s.waitForOldPipeline(ctx, disk.LockWait); err != nil {
		return err
	}
	s.patience = cmp.Or(ctx.Value(patienceKey{}), any(patience)).(time.Duration)
	s.silence = time.AfterFunc(s.patience, s.complain)
	s.silence.Stop()
	defer s.silence.Stop()
	for {
		err := s.attempt(ctx)
		if s.run.fatal != nil {
			return s.run.fatal
		}
		s.waitForDeath()
		var torn tornError
		switch {
		case err == nil:
			if s.alive != nil { // what the pipeline has left behind has nothing in its hands
				return cmp.Or(s.failure, s.alive.Release())
			}
			return s.failure
		case s.expired.Load():
			return fmt.Errorf("%s has not come back from the pipeline within %v after the signal (--grace), and the pipeline was killed; what was not acknowledged is sent again next time", s.oldest(), s.grace)
		case s.words == nil || len(s.run.nodes) > 1: // what the stages of this process know cannot be taken back
			return err
		case errors.As(err, &torn) && s.interval() > 0:
			s.kill()
			s.run.report(s.head.spec.Name, err)
			s.head.failed()
			pause(ctx, seconds(s.interval()))
			continue
		case !errors.Is(err, errDied):
			return err
		}
		s.kill()
		if err := s.died(ctx); err != nil {
			return err
		}
	}
}

// waitForOldPipeline waits until every process of a killed run's pipeline has
// exited: they may still deliver data that this run is about to send again.
func (s *source) waitForOldPipeline(ctx context.Context, wait time.Duration) (err error) {
	if s.words == nil {
		return nil
	}
	path := filepath.Join(s.head.env.StateDir, s.name+".pipeline")
	s.alive, err = disk.LockPath(ctx, path, wait)
	var locked *disk.LockedError
	if errors.As(err, &locked) {
		path += ".lock"
		if found := process.Using(path); len(found) > 0 {
			return fmt.Errorf("the pipeline of a run that was killed lives on and may still write; end its processes: %s", strings.Join(found, ", "))
		}
		return fmt.Errorf("the pipeline of a run that was killed lives on and may still write; end its processes, which have %s open", path)
	}
	return err
}

// waitForDeath does not return while this process dies by a second signal, which
// holds the lock for ever.
func (s *source) waitForDeath() {
	s.alone.Lock()
	defer s.alone.Unlock()
}

// mistakes are the exit codes of a command line that is wrong: of our commands,
// and of a shell that cannot run a command or does not find it.
var mistakes = []int{ExitUsage, 126, 127}

func (s *source) interval() float64 { return s.head.flags.RateLimit }

// died waits before the pipeline is started again, or says why it is not.
func (s *source) died(ctx context.Context) error {
	s.deaths++
	at := s.oldest()
	switch {
	case s.stuck && s.acked == s.opened:
		return fmt.Errorf("the pipeline has read nothing for %v at %s, and was killed", manyPatience*s.patience, at)
	case s.process.Ended() && s.acked == s.opened:
		return fmt.Errorf("%s has not come back from the pipeline; %s", at, behindThrough)
	case ctx.Err() != nil && !s.collected:
		return fmt.Errorf("the pipeline ended (%s) before %s had come back; what was not acknowledged is sent again next time", s.process.Status(), at)
	case s.acked == s.opened && slices.Contains(mistakes, s.process.Wait()):
		return fmt.Errorf("the pipeline ended (%s) at %s, as one does that is written wrongly; it is not tried again", s.process.Status(), at)
	case s.deaths >= s.head.flags.Restarts:
		return fmt.Errorf("the pipeline ended (%s) at %s, %d times in a row; nothing of it is acknowledged", s.process.Status(), at, s.deaths)
	}
	wait := min(firstPause<<(s.deaths-1), lastPause)
	s.run.report(s.head.spec.Name, fmt.Errorf("the pipeline ended (%s) at %s and is started again in %v", s.process.Status(), at, wait))
	pause(ctx, wait)
	return nil
}

// oldest names the window that comes next.
func (s *source) oldest() string {
	name := s.current
	if len(s.open) > 0 {
		name = s.open[0].Name
	} else if s.collected {
		return fmt.Sprintf("the commit of window %d", s.acked)
	}
	if name != "" {
		return fmt.Sprintf("window %d (%s)", s.acked+1, name)
	}
	return fmt.Sprintf("window %d", s.acked+1)
}

// pause waits, or until a signal.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// restore finds the name of the source, and how far it is acknowledged.
func (s *source) restore(ctx context.Context) error {
	dir, err := filepath.Abs(s.head.env.StateDir)
	if err != nil {
		return err
	}
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	origin := strings.Join(s.head.args, "\x00")
	if o, ok := s.head.cmd.(stage.Origin); ok {
		origin = o.Origin()
	}
	sum := sha256.Sum256([]byte(origin + "\x00" + dir))
	s.name = fmt.Sprintf("%s-%x", s.head.spec.Name, sum[:6])
	if keeper, ok := s.head.cmd.(stage.Keeper); ok {
		for n, name := 2, s.name; ; n++ {
			s.lock, err = disk.LockPath(ctx, filepath.Join(dir, s.name+".source"), 0)
			var locked *disk.LockedError
			if !errors.As(err, &locked) {
				break
			}
			s.name = fmt.Sprintf("%s-%d", name, n)
		}
		if err == nil {
			s.acked, err = keeper.Acknowledged(ctx, s.name)
		}
		return err
	}
	if s.state, err = store.OpenCursorContext(ctx, filepath.Join(dir, s.name+".source"), disk.LockWait); err != nil {
		return err
	}
	if _, err := s.state.Get("acknowledged", &s.acked); err != nil {
		return err
	}
	_, err = s.state.Get("state", &s.last)
	return err
}

// attempt runs the collector with one pipeline.
func (s *source) attempt(ctx context.Context) error {
	s.nonce = rand.Text()[:12]
	s.open, s.commits, s.uncovered, s.current = nil, nil, false, ""
	s.opened, s.sent = s.acked, s.acked
	s.back = make(chan answer, 64)
	s.silent.Store(0)
	s.came, s.unread, s.stuck = false, false, false
	if s.words != nil {
		if err := s.startPipeline(); err != nil {
			return err
		}
		defer s.look(ctx)()
	}
	err := s.commit(s.acked) // settles what a crash has left
	if err == nil && !s.collected {
		err = s.collect(ctx)
	}
	if err == nil {
		err = s.finish(ctx)
	}
	if errors.Is(err, stage.ErrStop) {
		err = errDied
	}
	if errors.Is(err, errAbandoned) {
		err = stage.ErrStop // there is nothing to say
	}
	return err
}

// tornError ends a window that has not been sent to its end.
type tornError struct{ error }

func (e tornError) Unwrap() error { return e.error }

// errAbandoned is the same after a signal.
var errAbandoned = errors.New("a signal came in the middle of a window")

// collect calls the collector, once or in intervals, in one pipeline.
func (s *source) collect(ctx context.Context) error {
	for {
		err := s.head.collector.Collect(ctx, s.head.emitted())
		switch {
		case s.run.fatal != nil, errors.Is(err, stage.ErrStop):
			return errDied
		case err == nil && s.uncovered:
			if err := s.Window(stage.Window{}, func() error { return nil }); err != nil {
				return err
			}
		case err != nil && s.uncovered && ctx.Err() != nil:
			return errAbandoned
		case err != nil && s.uncovered:
			return tornError{err}
		case err != nil && ctx.Err() != nil:
			err = nil
		}
		s.ending = s.interval() == 0 || ctx.Err() != nil
		if err := s.Settle(); err != nil {
			return err
		}
		if s.ending {
			s.collected, s.failure = true, err
			return nil
		}
		if err != nil {
			s.run.report(s.head.spec.Name, err)
			s.head.failed()
		}
		pause(ctx, seconds(s.interval()))
		if ctx.Err() != nil {
			s.collected, s.ending = true, true
			return nil
		}
	}
}

// finish ends the stream when all is acknowledged. The last Commit has to come
// back too: there are outputs that publish only then.
func (s *source) finish(ctx context.Context) error {
	s.expect()
	if err := s.wait(func() bool { return len(s.commits) == 0 }); err != nil {
		return err
	}
	if s.words == nil {
		return nil
	}
	s.process.Finish()
	for a := range s.back {
		if err := s.take(a); err != nil {
			return err
		}
	}
	switch code := s.process.Wait(); {
	case code == ExitOK:
	case code == ExitFailed:
		s.run.failed.Add(1)
	case code < 0 && ctx.Err() != nil: // the signal was for everybody
	default:
		return fmt.Errorf("the pipeline ended badly (%s), though all was acknowledged", s.process.Status())
	}
	return nil
}

func (s *source) id(number uint64) string {
	return checkpoint.ID{Source: s.name, Number: number, Nonce: s.nonce}.String()
}

// Window sends one window.
func (s *source) Window(w stage.Window, send func() error) error {
	s.current = w.Name
	lost := s.lost
	s.uncovered = true // also a window without messages ends with a checkpoint
	if err := send(); err != nil {
		return err
	}
	s.sent++
	s.open = append(s.open, window{w, s.sent, s.lost == lost || s.relays()})
	s.uncovered, s.current = false, ""
	if err := s.run.control(event.Checkpoint, s.id(s.sent)); err != nil {
		return err
	}
	s.listen()
	return s.wait(func() bool { return len(s.open) < openWindows })
}

// Lines passes lines on to a pipeline that is another process.
func (s *source) Lines(lines []byte) (bool, error) {
	if s.words == nil || len(s.run.nodes) > 1 {
		return false, nil
	}
	n := bytes.Count(lines, []byte{'\n'})
	s.head.counts.passed += int64(n)
	if p := s.run.progress; p != nil {
		for range n {
			p.count()
		}
	}
	return true, s.run.written(s.run.out.lines(lines))
}

// relays says that the dump gets all of a message that fails.
func (s *source) relays() bool {
	_, ok := s.head.cmd.(stage.Relay)
	return ok
}

// Settle waits until nothing is open.
func (s *source) Settle() error { return s.wait(func() bool { return len(s.open) == 0 }) }

// State is that of the last acknowledged window.
func (s *source) State() string { return s.last }

// wait takes what has come back, and waits for more until done says so.
func (s *source) wait(done func() bool) error {
	for {
		for len(s.back) > 0 {
			if err := s.take(<-s.back); err != nil {
				return err
			}
		}
		if done() {
			return nil
		}
		var err error
		select {
		case a, ok := <-s.back:
			if !ok {
				return stage.ErrStop
			}
			err = s.take(a)
		case <-time.After(nudge):
			err = s.nudge()
		}
		if err != nil {
			return err
		}
	}
}

// nudge is called while nothing comes back. Even a filter that keeps everything
// to itself has to let go when its input ends. The Commit that is due then opens
// the next pipeline.
func (s *source) nudge() error {
	silent := s.silent.Load()
	switch {
	case s.process == nil:
	case s.process.Ended(): // one that has given back nothing at all is not only slow
		if silent >= manyPatience || silent > 0 && !s.came {
			return stage.ErrStop
		}
		return nil
	case s.unread && s.process.Exited(): // what it has left behind keeps its end of the pipe open
		return stage.ErrStop
	case silent >= manyPatience, silent > 0 && s.ending:
		s.process.End()
		s.silent.Store(0)
		return nil
	}
	return s.commit(s.acked)
}

// take deals with what came back. Only what is due is accepted.
func (s *source) take(a answer) error {
	s.came = true
	if s.stopLooking != nil {
		s.stopLooking()
	}
	if s.signalled.Load() {
		s.end.Reset(s.grace)
	}
	switch {
	case a.err != nil:
		s.run.fatalf("%w", a.err)
		return stage.ErrStop
	case a.kind == event.Checkpoint && len(s.open) > 0 && a.id == s.id(s.open[0].number):
		return s.acknowledge()
	case a.kind == event.Commit && len(s.commits) > 0 && a.id == s.id(s.commits[0]):
		s.commits = s.commits[1:]
		return nil
	}
	s.run.fatalf("%s %q came back from the pipeline, which is not the next one that was sent", a.kind, a.id)
	return stage.ErrStop
}

// acknowledge gives the oldest window up at its origin. Its number is durable
// before the Commit is sent.
func (s *source) acknowledge() error {
	w := s.open[0]
	if err := s.keep(w); err != nil {
		s.run.fatalf("%w", err)
		return stage.ErrStop
	}
	s.acked, s.deaths = w.number, 0
	s.open = s.open[1:]
	s.listen()
	return s.commit(s.acked)
}

func (s *source) keep(w window) error {
	if s.state != nil {
		state := s.last
		if w.intact {
			state = w.State
		}
		err := errors.Join(s.state.Set("acknowledged", w.number), s.state.Set("state", state))
		if err == nil {
			err = s.state.Save()
		}
		if err != nil {
			return err
		}
		s.last = state
	}
	if w.Ack == nil || !w.intact {
		return nil
	}
	return w.Ack(w.number)
}

// commit says that all up to number is acknowledged.
func (s *source) commit(number uint64) error {
	s.commits = append(s.commits, number)
	if s.process != nil && s.process.Ended() {
		return nil // the next pipeline is opened with it
	}
	err := s.run.control(event.Commit, s.id(number))
	if errors.Is(err, stage.ErrStop) && s.run.fatal == nil {
		err = nil // the pipeline is dead, and will be missed if there is more to do
	}
	return err
}

// listen makes silence say which checkpoint is late, from now on.
func (s *source) listen() {
	s.silence.Stop()
	s.silent.Store(0)
	s.waiting.Store(nil)
	if len(s.open) == 0 {
		return
	}
	s.expect()
}

// Write writes to the pipeline. One that does not read is late as well, also
// when no checkpoint has been sent yet.
func (s *source) Write(p []byte) (int, error) {
	if s.waiting.Load() == nil {
		s.expect()
		defer s.listen()
	}
	s.process.Stdin.SetWriteDeadline(time.Now().Add(manyPatience * s.patience))
	n, err := s.process.Stdin.Write(p)
	switch {
	case errors.Is(err, syscall.EPIPE):
		s.unread = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.stuck, err = true, os.ErrClosed
	}
	return n, err
}

// expect makes silence say what is late.
func (s *source) expect() {
	s.waiting.Store(&late{s.oldest(), time.Now()})
	s.silence.Reset(s.patience)
}

// late is what has to come back next.
type late struct {
	what  string
	since time.Time
}

func (s *source) complain() {
	if w := s.waiting.Load(); w != nil {
		s.silent.Add(1)
		s.run.report(s.head.spec.Name, fmt.Errorf("%s has not come back from the pipeline for %v; %s", w.what, time.Since(w.since).Truncate(s.patience), behindThrough))
		s.silence.Reset(s.patience)
	}
}

// close gives the locks back.
func (s *source) close() error {
	var err error
	if s.state != nil {
		err = s.state.Close()
	}
	for _, lock := range []*disk.Lock{s.alive, s.lock} {
		if lock != nil {
			err = cmp.Or(err, lock.Unlock())
		}
	}
	return err
}
