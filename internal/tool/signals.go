package tool

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/pipeline"
	"github.com/intelpipe/intelpipe/internal/process"
)

// signals returns a context that the first SIGTERM or SIGINT ends. The second
// one does what it does to any program: it ends the process at once.
func signals(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, func() { time.AfterFunc(pipeline.Twice, stop) })
	return ctx, stop
}

// linger is for a filter that reads a pipe: after the first signal it goes on
// to the end of its input, but no longer than grace. Nothing advances then.
func linger(ctx context.Context, grace time.Duration) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, func() {
			process.KillBelow()
			os.Exit(ExitBroken)
		})
	})
}
