package delivery

import (
	"io"
	"time"

	"github.com/intelpipe/intelpipe/internal/delivery/identity"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Options are of a source.
type Options struct {
	Name      string     // of the command
	Command   any        // a stage.Collector or a stage.Receiver
	Args      []string   // its words on the command line
	Env       *stage.Env // of the command
	Words     []string   // the command line of its pipeline; none if that is the rest of the chain
	Fused     bool       // there are other stages in this process
	Rest      string     // the words of what follows in this process, to notice when they change
	Environ   []string   // for the pipeline
	Stderr    io.Writer  // for the pipeline
	Source    string     // --source
	IfRunning string     // --if-running: wait, skip or fail
	Interval  time.Duration
	Restarts  int
	Grace     time.Duration
	Patience  time.Duration
	Windows   Limits
	Signals   bool // of the operating system are for this run
	Say       func(error)
	Exit      func() // ends this process at once, with the exit code of a broken stream
	// For tests.
	Step   time.Duration // how often silence is told; 0: 30 s
	Look   time.Duration // when is looked for who keeps the opening Commit; 0: 1.5 s
	Looked func()        // called after each look in vain
}

// known is what the source is known by.
func (o *Options) known() *identity.Options {
	return &identity.Options{Command: o.Command, Name: o.Name, Args: o.Args, Source: o.Source, IfRunning: o.IfRunning, StateDir: o.Env.StateDir}
}

// Limits cut windows of what is received.
type Limits struct {
	Messages int
	Bytes    int64
	Age      time.Duration
	Open     int // windows that may be on their way
}
