package delivery

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
	"github.com/intelpipe/intelpipe/internal/process"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// answer is what came back from the pipeline.
type answer struct {
	kind event.Kind
	id   string
	err  error // it is no control line
}

// pipeline is where the windows of a source go and checkpoints come back from:
// another process, or the rest of the chain in this one. It is the end of the
// chain.
type pipeline struct {
	words   []string // its command line; none if it is the rest of the chain
	process *process.Group
	out     *stream.Writer
	back    chan answer
	unread  bool       // nobody reads what is written to it
	stuck   bool       // it was given up because it did not read
	alone   sync.Mutex // who starts or aborts the process
	// writing is called before each write, and returns how long that may take
	// and what to call when it has ended.
	writing func() (patience time.Duration, done func())
}

// start starts the process. What comes back is sent to back, which is closed
// when nobody is left that could write to it.
func (p *pipeline) start(stderr io.Writer, alive *os.File, env []string) error {
	p.back, p.unread, p.stuck = make(chan answer, 64), false, false
	if p.words == nil {
		return nil
	}
	p.alone.Lock()
	defer p.alone.Unlock()
	g, err := process.Start(p.words, stderr, alive, env)
	if err != nil {
		return err
	}
	p.process = g
	p.out = stream.NewWriter(p)
	go receive(g, p.back)
	return nil
}

// Message writes a message to the process. From the rest of the chain none may
// come.
func (p *pipeline) Message(m *event.Message) error {
	if p.words == nil {
		return dataError(m.Append(nil))
	}
	return p.out.Message(m)
}

// Control writes a control line to the process, or takes one that has come
// through all stages.
func (p *pipeline) Control(kind event.Kind, id string) error {
	if p.words == nil {
		p.back <- answer{kind: kind, id: id}
		return nil
	}
	return p.out.Control(kind, id)
}

// Flush writes what was collected.
func (p *pipeline) Flush() error {
	if p.out == nil {
		return nil
	}
	return p.out.Flush()
}

// Fd says that there is nothing to look at: what has gone is noticed by what
// does not come back.
func (p *pipeline) Fd() int { return -1 }

// Write writes to the process, no longer than there is patience.
func (p *pipeline) Write(b []byte) (int, error) {
	patience, done := p.writing()
	defer done()
	p.process.Stdin.SetWriteDeadline(time.Now().Add(patience))
	n, err := p.process.Stdin.Write(b)
	switch {
	case errors.Is(err, syscall.EPIPE):
		p.unread = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.stuck, err = true, os.ErrClosed
	}
	return n, err
}

// kill ends the process, and takes what is still on its way back.
func (p *pipeline) kill() {
	if p.process == nil {
		return
	}
	go func(back <-chan answer) {
		for range back {
		}
	}(p.back)
	p.process.Kill()
}

// abort kills the process, from any goroutine.
func (p *pipeline) abort() {
	p.alone.Lock()
	defer p.alone.Unlock()
	if p.process != nil {
		p.process.Abort()
	}
}

// receive passes on what a pipeline gives back. A last line without a newline is
// of a stage that died.
func receive(stdout io.Reader, back chan<- answer) {
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
			back <- answer{err: dataError(text)}
			io.Copy(io.Discard, in)
			return
		}
		back <- answer{kind: m.Kind, id: m.ID()}
	}
}

func dataError(line []byte) error {
	if len(line) > 80 {
		line = append(line[:80:80], "…"...)
	}
	return stage.Fatal(fmt.Errorf("data came back from the pipeline, which has to end with an output: %s", line))
}
