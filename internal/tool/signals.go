package tool

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/pipeline"
	"github.com/intelpipe/intelpipe/internal/procgroup"
)

// signals returns a context that the first SIGTERM or SIGINT ends. The second
// one does what it does to any program: it ends the process at once.
func signals(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, func() { time.AfterFunc(pipeline.Twice, stop) })
	return ctx, stop
}

// linger bounds how long a chain goes on after the first signal. When grace has
// passed, an output that is still trying is interrupted, so that it can say why and
// put into the dump what nobody sends again. A filter that reads a pipe, and goes on
// to the end of its input, is then ended. Nothing advances.
func linger(ctx context.Context, grace time.Duration, interrupt func(), filter bool) (stop func()) {
	over := make(chan struct{})
	passes := func(d time.Duration) bool {
		select {
		case <-over:
			return false
		case <-time.After(d):
			return true
		}
	}
	stopped := context.AfterFunc(ctx, func() {
		if passes(grace) {
			interrupt()
			if filter && passes(pipeline.LastWords) {
				procgroup.KillBelow()
				os.Exit(ExitBroken)
			}
		}
	})
	return func() {
		stopped()
		close(over)
	}
}
