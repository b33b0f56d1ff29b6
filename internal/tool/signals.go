package tool

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/process"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// signals returns a context that the first SIGTERM or SIGINT ends. The second
// one does what it does to any program: it ends the process at once.
func signals(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop)
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

// hangups returns a function that calls Reload of the stages that have it, if
// SIGHUP has come. The signal is caught only if there are such stages.
func (r *run) hangups() func() error {
	var reload []*node
	for _, n := range r.nodes {
		if _, ok := n.cmd.(stage.Reloader); ok {
			reload = append(reload, n)
		}
	}
	if len(reload) == 0 {
		return func() error { return nil }
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	return func() error {
		select {
		case <-hup:
		default:
			return nil
		}
		for _, n := range reload {
			if err := n.drain(); err != nil {
				return err
			}
			if err := n.cmd.(stage.Reloader).Reload(n.context); err != nil {
				r.report(n.spec.Name, err) // and go on with what was loaded before
			}
		}
		return nil
	}
}
