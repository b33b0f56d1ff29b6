// Package pipeline is the process behind a source: what is written to it, what comes
// back, and how long that may take.
package pipeline

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/procgroup"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// Answer is what came back from the pipeline.
type Answer struct {
	Kind event.Kind
	ID   string
	Err  error // it is no control line
}

// A Pipeline is where the windows of a source go and checkpoints come back from:
// another process, or the rest of the chain in this one. It is the end of the
// chain.
type Pipeline struct {
	Words    []string // its command line; none if it is the rest of the chain
	Group    *procgroup.Group
	Out      *stream.Writer
	Back     chan Answer
	Answered bool       // something has come back, by the time of Kill
	Unread   bool       // nobody reads what is written to it
	Stuck    bool       // it was given up because it did not read
	alone    sync.Mutex // who starts or aborts the process
	// Writing is called before each write, and returns how long that may take
	// and what to call when it has ended.
	Writing func() (patience time.Duration, done func())
}

// Start starts the process. What comes back is sent to Back, which is closed
// when nobody is left that could write to it.
func (p *Pipeline) Start(stderr io.Writer, alive *os.File, env []string) error {
	p.Back, p.Answered, p.Unread, p.Stuck = make(chan Answer, 64), false, false, false
	if p.Words == nil {
		return nil
	}
	p.alone.Lock()
	defer p.alone.Unlock()
	g, err := procgroup.Start(p.Words, stderr, alive, env)
	if err != nil {
		return err
	}
	p.Group = g
	p.Out = stream.NewWriter(p)
	go receive(g, p.Back)
	return nil
}

// Message writes a message to the process. From the rest of the chain none may
// come.
func (p *Pipeline) Message(m *event.Message) error {
	if p.Words == nil {
		return dataError(m.Append(nil))
	}
	return p.Out.Message(m)
}

// Control writes a control line to the process, or takes one that has come
// through all stages.
func (p *Pipeline) Control(kind event.Kind, id string) error {
	if p.Words == nil {
		p.Back <- Answer{Kind: kind, ID: id}
		return nil
	}
	return p.Out.Control(kind, id)
}

// Flush writes what was collected.
func (p *Pipeline) Flush() error {
	if p.Out == nil {
		return nil
	}
	return p.Out.Flush()
}

// Fd says that there is nothing to look at: what has gone is noticed by what
// does not come back.
func (p *Pipeline) Fd() int { return -1 }

// Write writes to the process, no longer than there is patience.
func (p *Pipeline) Write(b []byte) (int, error) {
	patience, done := p.Writing()
	defer done()
	p.Group.Stdin.SetWriteDeadline(time.Now().Add(patience))
	n, err := p.Group.Stdin.Write(b)
	switch {
	case errors.Is(err, syscall.EPIPE):
		p.Unread = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.Stuck, err = true, os.ErrClosed
	}
	return n, err
}

// Kill ends the process, and takes what is still on its way back.
func (p *Pipeline) Kill() {
	if p.Group == nil {
		return
	}
	taken := make(chan struct{})
	go func(back <-chan Answer) {
		defer close(taken)
		for range back {
			p.Answered = true
		}
	}(p.Back)
	p.Group.Kill()
	<-taken
}

// Abort kills the process, from any goroutine.
func (p *Pipeline) Abort() {
	p.alone.Lock()
	defer p.alone.Unlock()
	if p.Group != nil {
		p.Group.Abort()
	}
}

// receive passes on what a pipeline gives back. A last line without a newline is
// of a stage that died.
func receive(stdout io.Reader, back chan<- Answer) {
	defer close(back)
	in := bufio.NewReaderSize(stdout, 64<<10)
	var m event.Message
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		if err != nil || m.Decode(text) != nil || m.Kind <= event.Report {
			back <- Answer{Err: dataError(text)}
			io.Copy(io.Discard, in)
			return
		}
		back <- Answer{Kind: m.Kind, ID: m.ID()}
	}
}

func dataError(line []byte) error {
	if len(line) > 80 {
		line = append(line[:80:80], "…"...)
	}
	return stage.Fatal(fmt.Errorf("data came back from the pipeline, which has to end with an output: %s", line))
}

// Settle does not return while this process dies by a second signal.
func (p *Pipeline) Settle() {
	p.alone.Lock()
	defer p.alone.Unlock()
}
