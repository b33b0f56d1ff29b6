package delivery

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/delivery/identity"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/pipeline"
	"github.com/intelpipe/intelpipe/internal/procgroup"
	"github.com/intelpipe/intelpipe/internal/spooled"
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
)

// Source is a collector that owns its pipeline: a command of its own after "--",
// or the rest of the chain after "then". It sends windows, reads their
// checkpoints back, and only then acknowledges them at the origin. Everything
// happens in the goroutine of the collector, but for reading back.
type Source struct {
	Options
	chain    Chain
	pipe     *pipeline.Pipeline
	identity *identity.Identity
	windows  *windows
	silence  *pipeline.Silence
	grace    *pipeline.Grace
	alive    *disk.Lock // is held by all processes of the pipeline
	deaths   int        // of the pipeline since something was acknowledged
	failure  error      // of the collector, to be told when the pipeline has ended
	told     bool       // who keeps back the control lines
	stopLook func()
	over     chan struct{}     // is closed when Run returns
	spooled  *spooled.Receiver // what a receiver takes whose origin forgets
	orphaned func() bool       // asks whether a dead run has left something
	needed   bool              // the source has made way for that
}

var (
	errDied = errors.New("the pipeline has ended before all had arrived")
	// errAbandoned ends a window after a signal.
	errAbandoned = errors.New("a signal came in the middle of a window")
)

// tornError ends a window that has not been sent to its end.
type tornError struct{ error }

func (e tornError) Unwrap() error { return e.error }

// mistakes are the exit codes of a command line that is wrong: of our commands,
// and of a shell that cannot run a command or does not find it.
var mistakes = []int{2, 126, 127}

// New makes a source. It is the Pipeline of its collector, and its End is that of
// the chain.
func New(o Options) *Source {
	s := &Source{Options: o, pipe: &pipeline.Pipeline{Words: o.Words}}
	_, relays := o.Command.(stage.Relay)
	s.silence = pipeline.NewSilence(cmp.Or(o.Step, pipeline.FirstPatience), o.Patience, o.Say)
	s.windows = &windows{
		pipe: s.pipe, silence: s.silence, now: o.Env.Now, direct: o.Words != nil && !o.Fused, relays: relays,
		limit: cmp.Or(o.Windows.Open, openWindows), heard: s.heard,
	}
	s.pipe.Writing = s.windows.writing
	return s
}

// End is where the chain leads.
func (s *Source) End() *pipeline.Pipeline { return s.pipe }

// Pipeline is what the collector sees.
func (s *Source) Pipeline() stage.Pipeline { return s.windows }

// Run runs the source to its end, behind the stages of chain.
func (s *Source) Run(ctx context.Context, chain Chain) error {
	s.chain, s.windows.chain, s.over = chain, chain, make(chan struct{})
	defer close(s.over)
	var stop func()
	s.grace, stop = pipeline.Heed(ctx, s.Options.Grace, s.expire)
	defer stop()
	if s.Signals && s.Words != nil {
		defer pipeline.HeedSecond(ctx, s.pipe)()
	}
	defer s.silence.Stop()
	own, err := identity.Find(ctx, s.known())
	if err != nil {
		return err
	}
	passOver := map[string]bool{}
	s.orphaned = func() bool {
		left, err := own.Orphan(ctx, passOver)
		if left != nil {
			err = left.Journal.Close()
		}
		s.needed = left != nil || err != nil // an error is met again, and then told
		return s.needed
	}
	for again := true; again; {
		// What dead runs have left comes first.
		if err := s.takeOver(ctx, own, passOver); err != nil || ctx.Err() != nil {
			return err
		}
		if err := s.as(ctx, own); err != nil || ctx.Err() != nil {
			return err
		}
		again = s.needed
	}
	return s.takeOver(ctx, own, passOver)
}

// takeOver sends what dead runs have left that are numbered as this one is, each
// under its name. One whose pipeline lives on is passed over.
func (s *Source) takeOver(ctx context.Context, own *identity.Identity, passOver map[string]bool) error {
	s.windows.left, s.needed = true, false
	defer func() { s.windows.left, s.identity = false, own }() // Close lets go of its own name
	for {
		left, err := own.Orphan(ctx, passOver)
		if left == nil || err != nil {
			return err
		}
		err = s.as(ctx, left)
		if errors.As(err, new(livesOnError)) {
			s.Say(err)
			s.chain.CountFailed()
			passOver[left.Name], err = true, nil
		}
		if err = cmp.Or(err, left.Journal.Close()); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// livesOnError says that a killed run's pipeline has not ended.
type livesOnError struct{ error }

// as runs the source under one name.
func (s *Source) as(ctx context.Context, i *identity.Identity) error {
	s.identity = i
	w := s.windows
	w.name, w.journal, w.kept = i.Name, i.Journal, i.Keeper != nil
	w.acked, w.collected, w.ending, w.progress = i.Journal.Acked, false, false, 0
	s.deaths, s.failure = 0, nil
	if err := s.remember(); err != nil {
		return err
	}
	if err := s.waitForOldPipeline(ctx, s.known().Wait()); err != nil {
		return err
	}
	return s.attempts(ctx)
}

// remember notes the words of the pipeline, and says when they have changed: two
// pipelines on one origin are two sources.
func (s *Source) remember() error {
	words := strings.Join(s.Words, " ") + s.Rest
	j := s.identity.Journal
	_, receives := s.Command.(stage.Receiver) // what is taken from there is gone for others in any case
	if j.Words != "" && j.Words != words && s.Source == "" && !receives {
		s.Say(errors.New("its pipeline was another one last time; if both are in use each needs a name, or what one has got the other never gets: --source NAME"))
	}
	j.Words, j.Ended = words, false
	return j.Save()
}

// attempts starts the pipeline as often as it takes.
func (s *Source) attempts(ctx context.Context) error {
	for {
		acknowledged := s.windows.progress
		err := s.attempt(ctx)
		if broken := s.chain.Broken(); broken != nil {
			return broken
		}
		s.pipe.Settle()
		if s.windows.progress > acknowledged {
			s.deaths = 0
		}
		var torn tornError
		switch {
		case err == nil:
			return s.ended()
		case s.grace.Expired.Load():
			return fmt.Errorf("%s has not come back from the pipeline within %v after the signal (--grace), and the pipeline was killed; what was not acknowledged is sent again next time", s.windows.oldest(), s.grace.Long)
		case s.Words == nil || s.Fused: // what the stages of this process know cannot be taken back
			return err
		case errors.As(err, &torn) && s.Interval > 0:
			s.pipe.Kill()
			s.Say(err)
			s.chain.CountFailed()
			pause(ctx, s.Interval)
			continue
		case !errors.Is(err, errDied):
			return err
		}
		s.pipe.Kill()
		if err := s.died(ctx); err != nil {
			return err
		}
	}
}

// ended notes that all of this name is settled.
func (s *Source) ended() error {
	s.identity.Journal.Ended = true
	err := s.identity.Journal.Save()
	if s.alive != nil { // what the pipeline has left behind has nothing in its hands
		err = cmp.Or(err, s.alive.Release())
		s.alive = nil
	}
	return cmp.Or(s.failure, err)
}

// waitForOldPipeline waits until every process of a killed run's pipeline has
// exited: they may still deliver data that this run is about to send again.
func (s *Source) waitForOldPipeline(ctx context.Context, wait time.Duration) (err error) {
	if s.Words == nil || s.alive != nil {
		return nil
	}
	path := filepath.Join(s.Env.StateDir, s.identity.Name+".pipeline")
	s.alive, err = disk.LockPath(ctx, path, wait)
	if identity.IsLocked(err) {
		path += ".lock"
		if found := procgroup.Using(path); len(found) > 0 {
			return livesOnError{fmt.Errorf("the pipeline of a run that was killed lives on and may still write; end its processes: %s", strings.Join(found, ", "))}
		}
		return livesOnError{fmt.Errorf("the pipeline of a run that was killed lives on and may still write; end its processes, which have %s open", path)}
	}
	return err
}

// died waits before the pipeline is started again, or says why it is not.
func (s *Source) died(ctx context.Context) error {
	s.deaths++
	w, p := s.windows, s.pipe.Group
	at, nothing := w.oldest(), w.acked == w.opened
	switch {
	case s.pipe.Stuck && nothing:
		return fmt.Errorf("the pipeline has read nothing for %v at %s, and was killed", s.silence.Most(), at)
	case p.Ended() && nothing:
		why := pipeline.BehindThrough
		if s.silence.Came.Load() {
			why = fmt.Sprintf("it had %v (--patience)", s.Patience)
		}
		return fmt.Errorf("%s has not come back from the pipeline; %s", at, why)
	case ctx.Err() != nil && !w.collected:
		return fmt.Errorf("the pipeline ended (%s) before %s had come back; what was not acknowledged is sent again next time", p.Status(), at)
	case !s.silence.Came.Load() && !s.pipe.Answered && slices.Contains(mistakes, p.Wait()):
		return fmt.Errorf("the pipeline ended (%s) at %s, as one does that is written wrongly; it is not tried again", p.Status(), at)
	case s.deaths >= s.Restarts:
		return fmt.Errorf("the pipeline ended (%s) at %s, %d times in a row; nothing of it is acknowledged", p.Status(), at, s.deaths)
	}
	wait := min(firstPause<<(s.deaths-1), lastPause)
	s.Say(fmt.Errorf("the pipeline ended (%s) at %s and is started again in %v", p.Status(), at, wait))
	pause(ctx, wait)
	return nil
}

// pause waits, or until a signal.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// attempt runs the collector with one pipeline.
func (s *Source) attempt(ctx context.Context) error {
	s.windows.begin(rand.Text()[:12])
	env := append(slices.Clone(s.Environ), stage.InPipeline+"="+s.identity.Name, fmt.Sprintf("%s=%d", stage.InPatience, int(s.Patience.Seconds())))
	if again, ok := s.Command.(stage.Replayer); ok {
		env = append(env, stage.InReplay+"="+again.Trail())
	}
	var alive *os.File
	if s.alive != nil {
		alive = s.alive.File()
	}
	if err := s.pipe.Start(s.Stderr, alive, env); err != nil {
		return err
	}
	s.grace.Anew()
	if s.Words != nil {
		defer s.look()()
	}
	err := s.windows.commit(s.windows.acked) // settles what a crash has left
	if err == nil && !s.windows.collected {
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

// look looks for a filter that does not pass the opening Commit on, until
// something comes back.
func (s *Source) look() (stop func()) {
	s.stopLook = s.pipe.Group.Look(cmp.Or(s.Look, lookAfter), s.Looked, func(words []string) {
		if !s.told { // once is enough
			s.told = true
			s.Say(errors.New(procgroup.Swallows(words)))
		}
	})
	return s.stopLook
}

// lookAfter is how long the opening Commit may be on its way before the source
// looks who holds it. Commands of intelpipe pass it on at once.
const lookAfter = 1500 * time.Millisecond

// heard is called with each answer.
func (s *Source) heard() {
	if s.stopLook != nil {
		s.stopLook()
	}
	s.grace.Anew()
}

// expire ends what has used up its grace.
func (s *Source) expire() {
	if s.Words != nil {
		s.pipe.Abort()
		return
	}
	s.chain.Interrupt()
	select {
	case <-s.over:
	case <-time.After(pipeline.LastWords):
		s.Say(fmt.Errorf("the stream has not ended within %v after the signal (--grace); what was not acknowledged is sent again next time", s.grace.Long))
		procgroup.KillBelow()
		s.Exit()
	}
}

// collect calls the collector, once or in intervals, in one pipeline.
func (s *Source) collect(ctx context.Context) error {
	w := s.windows
	for {
		err := s.once(ctx)
		switch {
		case s.chain.Broken() != nil, errors.Is(err, stage.ErrStop):
			return errDied
		case err == nil && w.uncovered:
			if err := w.Window(stage.Window{}, func() error { return nil }); err != nil {
				return err
			}
		case err != nil && w.uncovered && ctx.Err() != nil:
			return errAbandoned
		case err != nil && w.uncovered:
			return tornError{err}
		case err != nil && ctx.Err() != nil:
			err = nil
		}
		w.ending = s.Interval == 0 || ctx.Err() != nil
		if err := w.Settle(); err != nil {
			return err
		}
		if w.ending {
			w.collected, s.failure = true, err
			return nil
		}
		if err != nil {
			s.Say(err)
			s.chain.CountFailed()
		}
		pause(ctx, s.Interval)
		if ctx.Err() != nil {
			w.collected, w.ending = true, true
			return nil
		}
	}
}

// once calls the collector, or receives.
func (s *Source) once(ctx context.Context) error {
	r, ok := s.Command.(stage.Receiver)
	if !ok {
		return s.Command.(stage.Collector).Collect(ctx, s.emit())
	}
	if r.Origin() == stage.OriginNone {
		if s.spooled == nil {
			var err error
			dir := filepath.Join(s.Env.StateDir, s.identity.Name+".spool")
			if s.spooled, err = spooled.Open(ctx, r, s.Env, dir, s.Windows.Age); err != nil {
				return err
			}
		}
		r = s.spooled
	}
	v := &receiving{windows: s.windows, emit: s.emit(), limits: s.Windows, once: s.Interval == 0 || s.windows.left}
	if _, keeps := r.(stage.Keeper); keeps && !s.windows.left {
		v.needed = s.orphaned
	}
	return v.run(ctx, r)
}

// emit notes that something was sent that no checkpoint covers.
func (s *Source) emit() stage.Emit {
	emit := s.chain.Emit()
	return func(m *event.Message) error {
		s.windows.uncovered = true
		return emit(m)
	}
}

// finish ends the stream when all is acknowledged.
func (s *Source) finish(ctx context.Context) error {
	if err := s.windows.awaitCommits(); err != nil {
		return err
	}
	if s.Words == nil {
		return nil
	}
	p := s.pipe.Group
	p.Finish()
	for a := range s.pipe.Back {
		if err := s.windows.take(a); err != nil {
			return err
		}
	}
	switch code := p.Wait(); {
	case code == 0:
	case code == 1:
		s.chain.CountFailed()
	case code < 0 && ctx.Err() != nil: // the signal was for everybody
	default:
		return fmt.Errorf("the pipeline ended badly (%s), though all was acknowledged", p.Status())
	}
	return nil
}

// Kill ends the pipeline. It is called before the stages are closed.
func (s *Source) Kill() { s.pipe.Kill() }

// Close gives the locks back. It is called when the stages are closed: the next
// run relies on that.
func (s *Source) Close() error {
	var err error
	if s.spooled != nil {
		err = s.spooled.Stop()
	}
	if s.identity != nil {
		err = cmp.Or(err, s.identity.Journal.Close())
	}
	if s.alive != nil {
		err = cmp.Or(err, s.alive.Unlock())
	}
	return err
}
