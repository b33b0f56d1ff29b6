package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/delivery/identity"
	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/pipeline"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	// nudge is how often the last Commit is repeated while nothing comes back:
	// a stage whose successor has died notices only when it writes.
	nudge = 500 * time.Millisecond
	// slowNudge is the same when it has become clear that this takes long.
	slowNudge = 5 * time.Second
)

// window was sent, and is not acknowledged.
type window struct {
	number   uint64
	name     string
	position string
	intact   bool // nothing was lost, it may be given up
	ack      func(number uint64) error
}

// windows are those of one source: what was sent, what has come back, and what
// is acknowledged. It is the stage.Pipeline of the collector, in whose goroutine
// all of it happens.
type windows struct {
	chain   Chain
	pipe    *pipeline.Pipeline
	journal *identity.Journal
	silence *pipeline.Silence
	now     func() time.Time
	direct  bool // what is written to the process passes no other stage of this one
	relays  bool // the dump gets all of a message that fails
	kept    bool // the origin keeps the number, together with what Ack does
	limit   int  // how many may be open
	heard   func()

	name  string // of the ids; the same in every run
	nonce string // of the ids; another one for each pipeline
	left  bool   // the name is that of a dead run

	opened      uint64 // the number that the pipeline was opened with
	acked       uint64
	sent        uint64
	progress    int            // how many were acknowledged in this run
	plan        []identity.Cut // sent before and not acknowledged: they come first
	open        []window       // the oldest first
	commits     []uint64       // sent and not come back
	uncovered   bool           // something was sent since the last checkpoint
	current     string         // name of the window that is being sent
	observation string         // of its reports
	ending      bool           // there will be no further window
	collected   bool           // and all of them are acknowledged
}

// begin begins an attempt, with a pipeline that knows of nothing.
func (w *windows) begin(nonce string) {
	w.nonce = nonce
	w.open, w.commits, w.uncovered, w.current = nil, nil, false, ""
	w.opened, w.sent = w.acked, w.acked
	w.plan = append([]identity.Cut(nil), w.journal.Cuts...)
	w.silence.Begin()
}

func (w *windows) id(number uint64) string {
	return checkpoint.ID{Source: w.name, Number: number, Nonce: w.nonce}.String()
}

// Window sends one window.
func (w *windows) Window(win stage.Window, send func() error) error {
	lost := w.chain.Lost()
	w.beginWindow(win.Name)
	if err := send(); err != nil {
		return err
	}
	extent := ""
	if win.Extent != nil {
		extent = win.Extent()
	}
	return w.endWindow(window{name: win.Name, position: win.State, ack: win.Ack, intact: w.chain.Lost() == lost || w.relays}, extent, 0)
}

// beginWindow notes that messages are about to be sent. Those that are sent once
// more have the same time.observation.
func (w *windows) beginWindow(name string) {
	w.current = name
	w.uncovered = true // also a window without messages ends with a checkpoint
	w.observation = harmonization.FormatTime(w.now().Truncate(time.Second))
	if len(w.plan) > 0 {
		w.observation = w.plan[0].Observation
	}
	w.chain.Observe(w.observation)
}

// endWindow sends the checkpoint, and waits while too many windows are open.
func (w *windows) endWindow(win window, extent string, deliveries int) error {
	var err error
	if win.number, err = w.number(extent, deliveries); err != nil {
		return w.chain.Break(err)
	}
	w.sent = win.number
	w.open = append(w.open, win)
	w.uncovered, w.current = false, ""
	if err := w.chain.Control(event.Checkpoint, w.id(w.sent)); err != nil {
		return err
	}
	w.listen()
	return w.wait(func() bool { return len(w.open) < w.limit })
}

// number is the one that the window had before, if it is the same window. Else
// it gets a new one, which is durable before the checkpoint is sent: after a
// crash it stands for these messages and no others.
func (w *windows) number(extent string, deliveries int) (uint64, error) {
	if len(w.plan) > 0 && extent != "" && w.plan[0].Extent == extent {
		number := w.plan[0].Number
		w.plan = w.plan[1:]
		return number, nil
	}
	number := w.sent
	for _, c := range w.journal.Cuts {
		number = max(number, c.Number)
	}
	number++
	if len(w.plan) > 0 { // what was to come first has not come
		gone := w.plan[0].Number
		for i, c := range w.journal.Cuts {
			if c.Number == gone {
				w.journal.Cuts = w.journal.Cuts[:i]
				break
			}
		}
		w.plan = nil
	}
	w.journal.Cuts = append(w.journal.Cuts, identity.Cut{Number: number, Extent: extent, Deliveries: deliveries, Observation: w.observation})
	return number, w.journal.Save()
}

// Lines passes lines on to a pipeline that is another process.
func (w *windows) Lines(lines []byte) (bool, error) {
	if !w.direct {
		return false, nil
	}
	w.chain.Passed(bytes.Count(lines, []byte{'\n'}))
	err := w.pipe.Out.Lines(lines)
	if err != nil {
		err = stage.ErrStop // the pipeline is dead, or broken
	}
	return true, err
}

// Settle waits until nothing is open.
func (w *windows) Settle() error { return w.wait(func() bool { return len(w.open) == 0 }) }

// Source is the name of the ids.
func (w *windows) Source() (name string, left bool) { return w.name, w.left }

// State is that of the last acknowledged window.
func (w *windows) State() string { return w.journal.Position }

// wait takes what has come back, and waits for more until done says so.
func (w *windows) wait(done func() bool) error {
	for {
		for len(w.pipe.Back) > 0 {
			if err := w.take(<-w.pipe.Back); err != nil {
				return err
			}
		}
		if done() {
			return nil
		}
		if err := w.turn(nil); err != nil {
			return err
		}
	}
}

// turn waits for one answer, for a while, or until other is ready.
func (w *windows) turn(other <-chan struct{}) error {
	pause := nudge
	if w.silence.Told.Load() > 0 {
		pause = slowNudge
	}
	select {
	case a, ok := <-w.pipe.Back:
		if !ok {
			return stage.ErrStop
		}
		return w.take(a)
	case <-other:
		return nil
	case <-time.After(pause):
		if err := w.chain.LetGo(); err != nil {
			return err
		}
		return w.nudge()
	}
}

// nudge is called while nothing comes back. Even a filter that keeps everything
// to itself has to let go when its input ends. The Commit that is due then opens
// the next pipeline.
func (w *windows) nudge() error {
	if len(w.open) == 0 && len(w.commits) == 0 {
		return nil
	}
	switch p := w.pipe.Group; {
	case p == nil:
	case p.Ended(): // one that has given back nothing at all is not only slow
		if w.silence.TooLong(true) {
			return stage.ErrStop
		}
		return nil
	case w.pipe.Unread && p.Exited(): // what it has left behind keeps its end of the pipe open
		return stage.ErrStop
	case w.silence.TooLong(w.ending):
		p.End()
		w.silence.Told.Store(0)
		w.silence.Expect(w.oldest())
		return nil
	}
	return w.commit(w.acked)
}

// take deals with what came back. Only what is due is accepted.
func (w *windows) take(a pipeline.Answer) error {
	w.silence.Came.Store(true)
	w.heard()
	switch {
	case a.Err != nil:
		return w.chain.Break(a.Err)
	case a.Kind == event.Checkpoint && len(w.open) > 0 && a.ID == w.id(w.open[0].number):
		return w.acknowledge()
	case a.Kind == event.Commit && len(w.commits) > 0 && a.ID == w.id(w.commits[0]):
		w.commits = w.commits[1:]
		return nil
	}
	return w.chain.Break(notDue(a))
}

// acknowledge gives the oldest window up at its origin. Its number is durable
// before the Commit is sent.
func (w *windows) acknowledge() error {
	win := w.open[0]
	if err := w.keep(win); err != nil {
		return w.chain.Break(err)
	}
	w.acked = win.number
	w.progress++
	w.open = w.open[1:]
	w.listen()
	return w.commit(w.acked)
}

func (w *windows) keep(win window) error {
	w.journal.Forget(win.number)
	if win.intact {
		w.journal.Position = win.position
	}
	if !w.kept {
		if err := w.journal.Save(); err != nil {
			return err
		}
	}
	if win.ack == nil || !win.intact {
		return nil
	}
	return win.ack(win.number)
}

// commit says that all up to number is acknowledged.
func (w *windows) commit(number uint64) error {
	w.commits = append(w.commits, number)
	if w.pipe.Group != nil && w.pipe.Group.Ended() {
		return nil // the next pipeline is opened with it
	}
	err := w.chain.Control(event.Commit, w.id(number))
	if errors.Is(err, stage.ErrStop) && w.chain.Broken() == nil {
		err = nil // the pipeline is dead, and will be missed if there is more to do
	}
	return err
}

// listen makes silence say which checkpoint is late, from now on.
func (w *windows) listen() {
	w.silence.Rest()
	if len(w.open) > 0 {
		w.silence.Expect(w.oldest())
	}
}

// writing makes silence look after a write: a pipeline that does not read is
// late as well, also when no checkpoint has been sent yet.
func (w *windows) writing() (time.Duration, func()) {
	if !w.silence.Idle() {
		return w.silence.Most(), func() {}
	}
	w.silence.Expect(w.oldest())
	return w.silence.Most(), w.listen
}

// awaitCommits waits for the Commits that are due. The last one has to come
// back too: there are outputs that publish only then.
func (w *windows) awaitCommits() error {
	w.silence.Expect(w.oldest())
	return w.wait(func() bool { return len(w.commits) == 0 })
}

// oldest names the window that comes next.
func (w *windows) oldest() string {
	number, name := w.acked+1, w.current
	if len(w.open) > 0 {
		number, name = w.open[0].number, w.open[0].name
	} else if w.collected {
		return fmt.Sprintf("the commit of window %d", w.acked)
	}
	if name != "" {
		return fmt.Sprintf("window %d (%s)", number, name)
	}
	return fmt.Sprintf("window %d", number)
}

func notDue(a pipeline.Answer) error {
	return fmt.Errorf("%s %q came back from the pipeline, which is not the next one that was sent", a.Kind, a.ID)
}
