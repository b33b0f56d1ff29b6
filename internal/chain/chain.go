// Package chain runs one process: it folds stages into nested calls, feeds them
// with messages of an input or of a collector, and takes them to the end that
// the last one leads to.
package chain

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"github.com/intelpipe/intelpipe/internal/chain/attend"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
	"github.com/intelpipe/intelpipe/internal/voice"
)

// End is where a chain leads: stdout, the pipeline of a source, or the source
// itself.
type End interface {
	Message(m *event.Message) error
	Control(kind event.Kind, id string) error
	Flush() error
	Fd() int // that tells when nobody reads any longer, or -1
}

// Options are what the stages of a chain have in common.
type Options struct {
	Voice    *voice.Voice
	Progress *voice.Progress
	Trail    *dump.Trail // of the replay whose messages these are, or nil
	End      End
	Source   string // in whose pipeline the process stands, or ""
	Dry      bool   // an output only prints what it would send
	Owned    bool   // the head is a source that owns its pipeline
	// Swallowed says who keeps back the control lines of the source, where data
	// has come before them.
	Swallowed func() string
}

// Chain is one process: stages between an input and an end.
type Chain struct {
	Options
	links        []link // how the stage before sees each node
	in           *stream.Reader
	failedCount  atomic.Int64 // messages in the dump
	fatal        error        // what broke the stream
	isFull       error        // a dump is, so that nothing more may be read
	open         bool         // messages of a stream with control lines have come whose Commit has not
	isControlled bool
	covered      string // the checkpoint behind all of them
	sending      context.Context
	interrupt    context.CancelFunc
	nodes        []*node
	attendance   attend.Attendance
}

// New makes a chain of stages. An error is one of their command line.
func New(stages []Stage, o Options) (*Chain, error) {
	c := &Chain{Options: o, isControlled: o.Owned}
	c.sending, c.interrupt = context.WithCancel(context.Background())
	c.attendance.Host = c
	for i, s := range stages {
		n, err := newNode(s, c)
		n.failures.Dry = o.Dry
		n.first, n.last = i == 0, i == len(stages)-1
		n.Env.Controlled = o.Owned
		c.nodes = append(c.nodes, n)
		if err != nil {
			return c, stage.Usage(err)
		}
	}
	return c, nil
}

// Start starts all stages, the last one first.
func (c *Chain) Start(ctx context.Context) error {
	next := link{
		emit:    func(m *event.Message) error { return c.written(c.End.Message(m)) },
		control: func(kind event.Kind, id string) error { return c.written(c.End.Control(kind, id)) },
		idle:    func() error { return c.written(c.End.Flush()) },
		finish:  func() error { return c.written(c.End.Flush()) },
	}
	c.links = make([]link, len(c.nodes))
	for i := len(c.nodes) - 1; i >= 0; i-- {
		n := c.nodes[i]
		n.next = next
		next = c.linkOf(n)
		c.links[i] = next
		n.context, n.sending = context.WithoutCancel(ctx), c.sending
		c.attendance.Add(attend.Stage{
			Name: n.Name, Command: n.Command, Context: n.context, Holder: n.holding(), Emit: n.pass,
			Busy: func() bool { return n.input != nil }, Drain: next.drain,
		})
		if s, ok := n.Command.(stage.Starter); ok {
			if err := s.Start(n.context, n.Env); err != nil {
				return err
			}
		}
		n.started = true
	}
	return nil
}

// linkOf decides what stands between a node and the stage before it.
func (c *Chain) linkOf(n *node) link {
	if n.Jobs > 1 {
		return newJobs(n).link()
	}
	return n.link()
}

// written ends the stream if the end takes no more. A reader that has gone is no
// error; a report whose content is bad is that of its collector.
func (c *Chain) written(err error) error {
	if err == nil {
		return nil
	}
	var content *stream.ContentError
	switch {
	case errors.As(err, &content):
		return err
	case errors.Is(err, stream.ErrClosed), errors.Is(err, stage.ErrStop):
		return stage.ErrStop
	}
	return c.Break(err)
}

// Break ends the stream for a reason that is not the fault of one message.
func (c *Chain) Break(err error) error {
	if !errors.Is(err, stage.ErrStop) && c.fatal == nil {
		c.fatal = err
	}
	return stage.ErrStop
}

// Interrupt makes an output that sends again and again give up, which breaks the
// stream. It may be called while the chain is at work.
func (c *Chain) Interrupt() { c.interrupt() }

// Say says what may be said many times.
func (c *Chain) Say(name, before, text string) { c.Voice.Say(name, before, text) }

// Controlled says whether control lines have come.
func (c *Chain) Controlled() bool { return c.isControlled }

// CountFailed counts what has failed.
func (c *Chain) CountFailed() { c.failedCount.Add(1) }

// SetFull says why nothing more may be read, or nil.
func (c *Chain) SetFull(err error) { c.isFull = err }

// Replay is the trail of the replay whose messages these are, or nil.
func (c *Chain) Replay() *dump.Trail { return c.Trail }

// Input is what the input is called.
func (c *Chain) Input() string {
	if c.in == nil {
		return "stdin"
	}
	return c.in.Place().File
}

// Line is the one that was read last, or 0.
func (c *Chain) Line() int64 {
	if c.in == nil {
		return 0
	}
	return c.in.Place().Line
}

// Failed says whether messages have failed.
func (c *Chain) Failed() bool { return c.failedCount.Load() > 0 }

// Broken returns what broke the stream, or nil.
func (c *Chain) Broken() error {
	c.attendance.Hold()
	defer c.attendance.Release()
	return c.fatal
}

// Lost is how many reports of the collector have failed of which the dump may
// not have the content.
func (c *Chain) Lost() int { return c.nodes[0].lost }

// Room is an error if there is none in a dump for what may fail next. Behind a
// source that is asked when it fails, since the source sends it again.
func (c *Chain) Room() error {
	if c.Source != "" {
		return nil
	}
	for _, n := range c.nodes {
		if err := n.Dump.Full(); err != nil {
			return err
		}
	}
	return nil
}

// Control passes a control line of the source through the chain.
func (c *Chain) Control(kind event.Kind, id string) error {
	c.attendance.Hold()
	defer c.attendance.Release()
	return c.links[0].control(kind, id)
}

// Passed counts messages of the head that went another way.
func (c *Chain) Passed(n int) {
	c.nodes[0].counts.Passed += int64(n)
	c.Progress.Count(n)
}

// Observe sets the time.observation that reports get which have none.
func (c *Chain) Observe(time string) { c.nodes[0].observation = time }

// Idle lets go of what has failed, and of what is on its way out.
func (c *Chain) Idle() error {
	c.attendance.Hold()
	defer c.attendance.Release()
	return c.links[0].idle()
}

// LetGo flushes what was held for long enough. It is called where the head
// waits.
func (c *Chain) LetGo() error {
	c.attendance.Hold()
	defer c.attendance.Release()
	return c.attendance.Flush()
}

// Run calls work, which feeds the chain, brings the stream to its end, calls
// before, and closes the stages. It returns what ended it badly; ErrStop says that
// nobody reads any longer, so that nothing has advanced.
func (c *Chain) Run(work func() error, before func()) error {
	stop := c.attendance.Begin()
	err := work()
	c.Progress.Clear()
	c.attendance.Hold()
	if err == nil {
		err = c.end()
	} else if full := c.isFull; full != nil && (errors.Is(err, full) || c.fatal != nil && errors.Is(c.fatal, full)) {
		c.fatal = nil
		err = cmp.Or(c.end(), full) // what was read has been worked on, and counts
	}
	stop()
	before()
	if failed := c.Close(); failed != nil {
		c.Break(failed)
	}
	if c.fatal != nil && (err == nil || errors.Is(err, stage.ErrStop)) {
		err = c.fatal
	}
	return err
}

// end finishes a stream that has ended well. Without control lines this is
// the one point where outputs commit and state advances: a Checkpoint and a
// Commit without an id go through the chain.
func (c *Chain) end() error {
	if c.isControlled && c.open {
		return errors.New("the stream ended without a Commit for its last messages: nothing of them is kept")
	}
	if err := c.links[0].finish(); err != nil {
		return err
	}
	if c.isControlled || c.Dry { // what was not sent is not to be remembered as sent
		return nil
	}
	for _, n := range c.nodes {
		if err := n.checkpoint(""); err != nil {
			return err
		}
	}
	if err := c.written(c.End.Flush()); err != nil {
		return err
	}
	for _, n := range c.nodes {
		if err := n.commit(""); err != nil {
			return err
		}
	}
	return nil
}

// Close releases what the stages hold. It returns the first error.
func (c *Chain) Close() (err error) {
	for _, n := range c.nodes {
		err = cmp.Or(err, n.close())
	}
	return err
}

// Sum says what became of the messages, where that is of interest: where some
// failed, and to whoever asks for it.
func (c *Chain) Sum(asked bool) {
	c.Voice.End()
	for _, n := range c.nodes {
		if n.Silent {
			continue
		}
		text, trouble := n.sum()
		if trouble || n.Verbose || asked {
			c.Voice.Line(n.Name, text)
		}
	}
}
