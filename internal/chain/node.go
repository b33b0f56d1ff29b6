package chain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/batch"
	"github.com/intelpipe/intelpipe/internal/durable/farend"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/fate"
	"github.com/intelpipe/intelpipe/internal/paths"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// link is what a stage sees of the rest of the chain.
type link struct {
	emit    stage.Emit
	control func(kind event.Kind, id string) error
	idle    func() error // nothing more will come for a while: let go of what has failed
	drain   func() error // returns when nothing is being worked on
	finish  func() error // the stream has ended well
}

// node is one stage of the chain.
type node struct {
	Stage
	host        fate.Host
	processor   stage.Processor
	batch       *batch.Batch // of a Batcher
	ids         farend.IDs   // of its items
	failures    fate.Failures
	paths       paths.Paths
	onward      stage.Emit // is pass, made once: it is given to each call of Process
	next        link
	first       bool
	last        bool
	started     bool
	context     context.Context // without an end: what was read is worked on in spite of a signal
	sending     context.Context // of batches: ends with Interrupt
	input       *event.Message  // what Process is at work on
	received    event.Snapshot  // its fields as they came in
	line        int64           // how many lines have come in
	counts      fate.Counts
	parts       []func() (text string, trouble bool) // of the last line, see stage.Env.Sum
	observation string                               // time.observation of reports that have none; "" is the present time
	lost        int                                  // reports of a collector that have failed, of which the dump may not have the content
}

func newNode(s Stage, h fate.Host) (*node, error) {
	if out, ok := s.Command.(stage.Encoder); ok && s.DryRun != nil {
		s.Command = batch.NewDryRun(out, s.DryRun)
	}
	n := &node{Stage: s, host: h}
	n.processor, _ = s.Command.(stage.Processor)
	if out, ok := s.Command.(stage.Batcher); ok {
		o := batch.Options{Events: 1} // of one that sends each by itself
		if s.Batch != nil {
			o = *s.Batch
		}
		o.Pass = s.Pass
		n.batch = batch.New(out, (*batching)(n), o, n.ids.Next)
	}
	n.failures = fate.Failures{Name: s.Name, Dump: s.Dump, Host: h, Counts: &n.counts}
	n.onward = n.pass
	env := s.Env
	env.Warn = func(format string, args ...any) {
		h.Say(s.Name, "", fmt.Errorf(format, args...).Error())
	}
	env.Fail = func(format string, args ...any) {
		n.failures.Count()
		env.Warn(format, args...)
	}
	env.Sum = func(part func() (string, bool)) { n.parts = append(n.parts, part) }
	var err error
	n.paths, err = paths.Open(env, s.To)
	env.Path = n.paths.Route
	return n, err
}

// link is how the stage before sees this one.
func (n *node) link() link {
	return link{emit: n.emit, control: n.control, idle: n.idle, drain: func() error { return nil }, finish: n.finish}
}

// idle lets go of what has failed, and of what the stages behind hold.
func (n *node) idle() error {
	if late, ok := n.Command.(stage.Late); ok {
		if err := late.Idle(n.context, n.pass); err != nil {
			return n.host.Break(err)
		}
	}
	if err := n.Dump.Flush(); err != nil {
		return n.host.Break(err)
	}
	return n.next.idle()
}

// emit works on one message and passes its results on at once.
func (n *node) emit(m *event.Message) error {
	if err := n.accept(m); err != nil {
		return n.settle(m, err)
	}
	if n.batch != nil {
		if err := n.add(m); err != nil {
			return n.settle(m, err)
		}
		return nil // it is passed on when it was sent
	}
	n.received = m.Snapshot(n.received)
	n.input = m
	gone := n.counts.Gone()
	err := n.process(m, n.onward)
	n.input = nil
	if err != nil {
		m.Restore(n.received)
	} else if n.counts.Gone() == gone {
		n.counts.Dropped++
	}
	return n.settle(m, err)
}

// accept counts a message that comes in, and notes its place, which it keeps
// however long a stage holds it. Parsers, and what is stage.Streaming, read the content
// of a report as a stream; for the others it has to fit into the record limit.
func (n *node) accept(m *event.Message) error {
	n.line++
	n.counts.Read++
	place := m.Place()
	switch {
	case !n.first:
		place = event.Place{Again: place.Again}
		m.Detach()
	case place.Line > 0:
		n.line = place.Line // which counts empty and broken lines as well
	case n.Parse != nil:
		n.line = max(n.line, n.host.Line())
	}
	if n.Parse == nil && place.File == "" { // a report may say itself where it is from
		place.File, place.Line = n.inputName(), n.line
	}
	m.SetPlace(place)
	if n.Parse != nil {
		m.Inherit(n.Parse.Copy)
		m.SetReading(n.Parse.Reading)
		return m.CheckHeirs()
	}
	if _, ok := n.Command.(stage.Streaming); ok || m.Body() == nil {
		return nil
	}
	return m.Absorb(n.RecordLimit)
}

// settle deals with what became of a message.
func (n *node) settle(m *event.Message, err error) error {
	switch {
	case err == nil && m.Err() != nil && n.Parse != nil:
		err = m.Err() // the parser has condemned the whole report
	case err == nil && n.Kind == Output && n.Pass:
		return n.next.emit(m)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, stage.ErrStop):
		return err
	case stage.IsFatal(err):
		return n.host.Break(err)
	}
	return n.fail(m, err)
}

// fail puts a message into the dump.
func (n *node) fail(m *event.Message, reason error) error {
	place := m.Place()
	if place.File == "" {
		place = event.Place{File: n.inputName(), Line: n.line, Again: place.Again}
	}
	return n.failures.Add(m, place, reason)
}

// inputName is what the input of the stage is called.
func (n *node) inputName() string {
	if n.first {
		return n.host.Input()
	}
	return "stdin"
}

// process calls the stage, and makes an error of a panic.
func (n *node) process(m *event.Message, emit stage.Emit) (err error) {
	defer recovered(&err)
	return n.processor.Process(n.context, m, emit)
}

// add puts a message into the batch, and makes an error of a panic of Encode.
func (n *node) add(m *event.Message) (err error) {
	defer recovered(&err)
	return n.batch.Add(n.sending, m)
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v, at %s", p, Position(debug.Stack()))
	}
}

// pass takes what the stage emits, puts it into the dump if it is condemned,
// and hands it on otherwise.
func (n *node) pass(m *event.Message) error {
	created := m != n.input
	if n.input == nil && n.counts.Dropped > 0 {
		n.counts.Dropped-- // it was only held back
	}
	err := n.passOn(m)
	if created {
		m.Release()
	}
	return err
}

func (n *node) passOn(m *event.Message) error {
	if n.Parse != nil && m.Err() == nil {
		n.complete(m)
	}
	switch route := m.Route(); {
	case m.Err() != nil:
		return n.fail(m, m.Err())
	case route != "":
		if err := n.paths.Append(n.context, route, m); err != nil {
			return n.host.Break(err)
		}
		n.counts.Aside++
		return nil
	}
	n.counts.Passed++
	return n.next.emit(m)
}

// complete adds what every parser adds to its events.
func (n *node) complete(m *event.Message) {
	for _, f := range n.Parse.Defaults {
		if !m.Has(f.Key) {
			m.SetValue(f.Key, f.Value)
		}
	}
	if n.Parse.NoRaw {
		m.Delete("raw") // which a few parsers set themselves
		m.FinishBare()
		return
	}
	m.Finish()
}

// describe adds the feed's fields to a report, where it has none yet.
func (n *node) describe(m *event.Message) error {
	f := &n.Feed
	for _, e := range []struct{ key, value string }{
		{"feed.name", f.Name}, {"feed.provider", f.Provider},
		{"feed.code", f.Code}, {"feed.documentation", f.Documentation},
	} {
		if !m.Has(e.key) {
			m.SetIf(e.key, e.value)
		}
	}
	if f.Accuracy != 0 && !m.Has("feed.accuracy") {
		m.SetValue("feed.accuracy", harmonization.Float(f.Accuracy))
	}
	if !m.Has("time.observation") {
		m.Set("time.observation", cmp.Or(n.observation, harmonization.FormatTime(n.Env.Now().Truncate(time.Second))))
	}
	m.Finish()
	return m.Err()
}

// control passes a Checkpoint or a Commit through this stage.
func (n *node) control(kind event.Kind, id string) error {
	n.line++
	var err error
	if kind == event.Checkpoint {
		if err = n.checkpoint(id); err == nil {
			err = n.failures.Control(kind, id) // what fails from here on is of the next window
		}
	} else if err = n.failures.Control(kind, id); err == nil {
		err = n.commit(id)
	}
	if err != nil {
		return err
	}
	n.ids.Control(id)
	return n.next.control(kind, id)
}

// checkpoint makes durable what this stage has accepted: its state and what
// it wrote to the dump and to side paths.
func (n *node) checkpoint(id string) error {
	var err error
	if n.batch != nil {
		err = n.batch.Checkpoint(n.sending, id)
	} else if c, ok := n.Command.(stage.Checkpointer); ok {
		err = c.Checkpoint(n.context, id, n.pass)
	}
	if err != nil {
		return n.host.Break(err)
	}
	if err := errors.Join(n.Dump.Sync(), n.paths.Checkpoint(n.context, id)); err != nil {
		return n.host.Break(err)
	}
	return nil
}

func (n *node) commit(id string) error {
	if c, ok := n.Command.(stage.Committer); ok {
		if err := c.Commit(n.context, id); err != nil {
			return n.host.Break(err)
		}
	}
	if err := n.paths.Commit(n.context, id); err != nil {
		return n.host.Break(err)
	}
	return nil
}

func (n *node) finish() error {
	if n.batch != nil { // before the stages behind finish
		if err := n.batch.Send(n.sending); err != nil {
			return n.host.Break(err)
		}
	}
	if f, ok := n.Command.(stage.Finisher); ok {
		emit := n.pass
		if n.Env.Controlled {
			emit = n.uncovered
		}
		if err := f.Finish(n.context, emit); err != nil {
			return n.host.Break(err)
		}
	}
	if err := n.Dump.Flush(); err != nil { // before what has passed goes out
		return n.host.Break(err)
	}
	return n.next.finish()
}

// uncovered refuses what a stage emits when no checkpoint will come any more.
func (n *node) uncovered(*event.Message) error {
	return n.host.Break(fmt.Errorf("%s emits after the last checkpoint, where nothing makes sure that it arrives", n.Name))
}

// keeps says whether the stage keeps anything of a message when the stream has
// ended: it writes it somewhere, or remembers it.
func (n *node) keeps() bool {
	_, state := n.Command.(stage.Committer)
	return state || n.Kind == Output || len(n.paths) > 0
}

// sum is the last line of the stage, and whether it tells of trouble.
func (n *node) sum() (text string, trouble bool) {
	text, trouble = n.counts.Summary(n.Kind, n.DumpName), n.counts.Failed.Load() > 0
	for _, part := range n.parts {
		more, bad := part()
		text, trouble = text+"; "+more, trouble || bad
	}
	return text, trouble
}

func (n *node) close() (err error) {
	if c, ok := n.Command.(stage.Closer); ok && n.started {
		err = c.Close()
	}
	if err = cmp.Or(err, n.Dump.Close(), n.paths.Close()); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	return nil
}

// Position finds the function that panicked in a stack trace.
func Position(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			place, _, _ := strings.Cut(strings.TrimSpace(lines[i+3]), " ")
			return cmp.Or(filepath.Base(place), "an unknown place")
		}
	}
	return "an unknown place"
}

// holding is what holds something back in this node, or nil.
func (n *node) holding() stage.Holder {
	switch {
	case n.batch != nil:
		return (*batching)(n)
	case len(n.paths) > 0:
		return (*routing)(n)
	}
	h, _ := n.Command.(stage.Holder)
	return h
}

// batching is a node as the batches of its output see it.
type batching node

// Refused puts a message into the dump.
func (n *batching) Refused(m *event.Message, reason error) error { return (*node)(n).fail(m, reason) }

// Sent passes a message on.
func (n *batching) Sent(m *event.Message) error { return n.next.emit(m) }

func (n *batching) Warn(format string, args ...any) { n.Env.Warn(format, args...) }
func (n *batching) Controlled() bool                { return n.Env.Controlled }

// Holds and Flush let go of a batch that is old enough.
func (n *batching) Holds() time.Duration                    { return n.batch.Holds() }
func (n *batching) Flush(context.Context, stage.Emit) error { return n.batch.Send(n.sending) }

// routing is a node whose side paths may hold lines, besides itself.
type routing node

// Holds is the shorter of both times.
func (n *routing) Holds() time.Duration {
	var own time.Duration
	if h, ok := n.Command.(stage.Holder); ok {
		own = h.Holds()
	}
	if n.paths.Held() && (own == 0 || own > time.Second) {
		return time.Second
	}
	return own
}

// Flush lets go of both.
func (n *routing) Flush(ctx context.Context, emit stage.Emit) error {
	if h, ok := n.Command.(stage.Holder); ok {
		if err := h.Flush(ctx, emit); err != nil {
			return err
		}
	}
	return n.paths.Flush()
}
