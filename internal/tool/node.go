package tool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// link is what a stage sees of the rest of the chain.
type link struct {
	emit    stage.Emit
	control func(kind event.Kind, id string) error
	idle    func() error // nothing more will come for a while: let go of what is in flight
	finish  func() error // the stream has ended well
}

// node is one stage of the chain.
type node struct {
	run       *run
	spec      *Spec
	args      []string // its words on the command line
	cmd       any
	processor stage.Processor
	collector stage.Collector
	flags     flags
	env       *stage.Env
	dump      *dump.Writer
	paths     *paths
	defaults  []field
	reading   *event.Reading // how a parser reads reports
	next      link
	started   bool
	context   context.Context // without an end: what was read is worked on in spite of a signal
	jobs      *jobs
	input     *event.Message // what Process is at work on
	received  event.Snapshot // its fields as they came in
	line      int64          // how many lines have come in
	counts    counts
}

// field is one of --default-fields.
type field struct {
	key   string
	value harmonization.Value
}

// link is how the stage before sees this one.
func (n *node) link() link {
	l := link{emit: n.emit, control: n.control, idle: n.idle, finish: n.finish}
	if late, ok := n.cmd.(stage.Late); ok {
		l.idle = func() error {
			if err := late.Idle(n.context, n.pass); err != nil {
				return n.broken(err)
			}
			return n.idle()
		}
	}
	if f := n.flags.jobsFlags; f != nil && f.Jobs > 1 {
		if n.jobs == nil {
			n.jobs = newJobs(n, f.Jobs)
		}
		l.emit = n.jobs.emit
		l.idle = func() error {
			if err := n.jobs.drain(); err != nil {
				return err
			}
			return n.idle()
		}
	}
	return l
}

// idle lets go of what has failed, and of what the stages behind hold.
func (n *node) idle() error {
	if err := n.dump.Flush(); err != nil {
		return n.broken(err)
	}
	return n.next.idle()
}

// emit works on one message and passes its results on at once.
func (n *node) emit(m *event.Message) error {
	if err := n.accept(m); err != nil {
		return n.settle(m, err)
	}
	n.received = m.Snapshot(n.received)
	n.input = m
	gone := n.counts.gone()
	err := n.process(m, n.pass)
	n.input = nil
	if err != nil {
		m.Restore(n.received)
	} else if n.counts.gone() == gone {
		n.counts.dropped++
	}
	return n.settle(m, err)
}

// accept counts a message that comes in. Only parsers read the content of a
// report as a stream; for the others it has to fit into the record limit.
func (n *node) accept(m *event.Message) error {
	n.line++
	n.counts.read++
	if n != n.run.nodes[0] {
		m.SetPlace(event.Place{Again: m.Place().Again})
		m.Detach()
	} else if in := n.run.in; in != nil {
		n.line = in.place().Line // which counts empty and broken lines as well
	}
	if p := n.flags.parserFlags; p != nil {
		m.Inherit(p.CopyCollectorProvidedFields)
		m.SetReading(n.reading)
		return m.CheckHeirs()
	}
	if m.Body() == nil {
		return nil
	}
	return m.Absorb(int64(n.flags.RecordLimit))
}

// settle deals with what became of a message.
func (n *node) settle(m *event.Message, err error) error {
	switch {
	case err == nil && m.Err() != nil && n.flags.parserFlags != nil:
		err = m.Err() // the parser has condemned the whole report
	case err == nil && n.flags.outputFlags != nil && n.flags.Pass:
		return n.next.emit(m)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, stage.ErrStop):
		return err
	case stage.IsFatal(err):
		n.run.fatalf("%w", err)
		return stage.ErrStop
	}
	return n.fail(m, err)
}

// process calls the stage, and makes an error of a panic.
func (n *node) process(m *event.Message, emit stage.Emit) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v, at %s", p, position(debug.Stack()))
		}
	}()
	return n.processor.Process(n.context, m, emit)
}

// pass takes what the stage emits, puts it into the dump if it is condemned,
// and hands it on otherwise.
func (n *node) pass(m *event.Message) error {
	created := m != n.input
	if n.input == nil && n.counts.dropped > 0 {
		n.counts.dropped-- // it was only held back
	}
	if n.flags.parserFlags != nil && m.Err() == nil {
		n.complete(m)
	}
	var err error
	if m.Err() != nil {
		err = n.fail(m, m.Err())
	} else {
		n.counts.passed++
		err = n.next.emit(m)
	}
	if created {
		m.Release()
	}
	return err
}

// complete adds what every parser adds to its events.
func (n *node) complete(m *event.Message) {
	for _, f := range n.defaults {
		if !m.Has(f.key) {
			m.SetValue(f.key, f.value)
		}
	}
	m.Finish()
}

// emitted is how the messages of a collector go on.
func (n *node) emitted() stage.Emit {
	emit := n.emitReport
	if _, ok := n.cmd.(stage.Relay); ok {
		emit = n.emitRelayed
	}
	return func(m *event.Message) error {
		n.run.hold()
		defer n.run.release()
		n.line++
		n.run.progress.count()
		if err := n.run.reload(); err != nil {
			return err
		}
		if s := n.run.source; s != nil {
			s.uncovered = true
		}
		if n.run.full != nil {
			return n.broken(n.run.full)
		}
		return emit(m)
	}
}

// emitRelayed takes messages that have come from another pipeline.
func (n *node) emitRelayed(m *event.Message) error {
	if m.Kind > event.Report {
		m.Fail(errControlLine)
	}
	if err := m.Err(); err != nil {
		return n.settle(m, err)
	}
	n.counts.passed++
	return n.next.emit(m)
}

var errControlLine = errors.New("a control line is no message")

// emitReport takes the reports of a collector. One that is condemned, or
// whose content turns out to be bad, goes into the dump.
func (n *node) emitReport(m *event.Message) error {
	if m.Err() == nil {
		if err := n.describe(m); err != nil {
			return err
		}
		defer n.run.letGo()
		if err := n.holdBody(m); err != nil {
			return err
		}
	}
	if m.Err() == nil {
		if err := n.next.emit(m); err != nil {
			return err
		}
		if len(n.run.nodes) > 1 {
			n.counts.passed++
			return n.idle() // what the next stage thinks of it is in its own dump
		}
	}
	if err := m.Err(); err != nil {
		m.SetBody(nil)
		m.SetPlace(event.Place{File: first(m.Get("extra.file_name"), m.Get("feed.url"), "report")})
		if err := n.settle(m, err); err != nil {
			return err
		}
	} else {
		n.counts.passed++
	}
	return n.idle()
}

// describe adds the feed's fields to a report, where it has none yet.
func (n *node) describe(m *event.Message) error {
	f := n.flags.feed()
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
		m.Set("time.observation", harmonization.FormatTime(n.env.Now().Truncate(time.Second)))
	}
	m.Finish()
	return m.Err()
}

// control passes a control line of the source through the chain.
func (r *run) control(kind event.Kind, id string) error {
	r.hold()
	defer r.release()
	return r.nodes[0].control(kind, id)
}

// control passes a Checkpoint or a Commit through this stage.
func (n *node) control(kind event.Kind, id string) error {
	n.line++
	err := n.drain()
	if err == nil && kind == event.Checkpoint {
		err = n.checkpoint(id)
	} else if err == nil {
		err = n.commit(id)
	}
	if err != nil {
		return err
	}
	return n.next.control(kind, id)
}

func (n *node) drain() error {
	if n.jobs == nil {
		return nil
	}
	return n.jobs.drain()
}

// checkpoint makes durable what this stage has accepted: its state and what
// it wrote to the dump and to side paths.
func (n *node) checkpoint(id string) error {
	if c, ok := n.cmd.(stage.Checkpointer); ok {
		if err := c.Checkpoint(n.context, id, n.pass); err != nil {
			return n.broken(err)
		}
	}
	if err := errors.Join(n.dump.Sync(), n.paths.checkpoint(n.context, id)); err != nil {
		return n.broken(err)
	}
	return nil
}

func (n *node) commit(id string) error {
	if c, ok := n.cmd.(stage.Committer); ok {
		if err := c.Commit(n.context, id); err != nil {
			return n.broken(err)
		}
	}
	if err := n.paths.commit(n.context, id); err != nil {
		return n.broken(err)
	}
	return nil
}

// broken ends the stream for a reason that is not the fault of one message.
func (n *node) broken(err error) error {
	if !errors.Is(err, stage.ErrStop) {
		n.run.fatalf("%w", err)
	}
	return stage.ErrStop
}

func (n *node) finish() error {
	if err := n.drain(); err != nil {
		return err
	}
	if f, ok := n.cmd.(stage.Finisher); ok {
		emit := n.pass
		if n.env.Controlled {
			emit = n.uncovered
		}
		if err := f.Finish(n.context, emit); err != nil {
			return n.broken(err)
		}
	}
	if err := n.dump.Flush(); err != nil { // before what has passed goes out
		return n.broken(err)
	}
	return n.next.finish()
}

// uncovered refuses what a stage emits when no checkpoint will come any more.
func (n *node) uncovered(*event.Message) error {
	n.run.fatalf("%s emits after the last checkpoint, where nothing makes sure that it arrives", n.spec.Name)
	return stage.ErrStop
}

func defaultFields(d *harmonization.Dictionary, object stage.Object) ([]field, error) {
	var fields []field
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value, err := anyValue(object[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if _, err := d.CheckValue(harmonization.Event, key, value); err != nil {
			return nil, err
		}
		fields = append(fields, field{key, value})
	}
	return fields, nil
}

// anyValue is a decoded JSON value as one of the data format.
func anyValue(v any) (harmonization.Value, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return harmonization.Value{}, err
	}
	return event.ParseValue(string(text))
}

// position finds the function that panicked in a stack trace.
func position(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			place, _, _ := strings.Cut(strings.TrimSpace(lines[i+3]), " ")
			return filepath.Base(place)
		}
	}
	return "an unknown place"
}
