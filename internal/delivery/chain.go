// Package delivery is a stream over several processes: a source owns a pipeline,
// sends it windows, reads their checkpoints back, and only then gives up at the
// origin what has arrived.
package delivery

import (
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Chain is what a source needs of the stages of its own process.
type Chain interface {
	Emit() stage.Emit
	Control(kind event.Kind, id string) error
	Broken() error         // what broke the stream
	Break(err error) error // breaks it, and returns ErrStop
	Lost() int             // reports that have failed of which the dump may not have the content
	Observe(time string)   // the time.observation of reports from now on
	Passed(n int)          // counts messages that went around the chain
	CountFailed()
	LetGo() error // of what was held for long enough
	Interrupt()   // makes outputs give up that send again and again
}
