package delivery

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// grace bounds how long a source goes on after a signal. It begins again with
// whatever comes back: a pipeline that is slow may bring its windows to their
// end, and one that stands still is killed.
type grace struct {
	long      time.Duration
	end       *time.Timer
	signalled atomic.Bool
	expired   atomic.Bool // it has ended
}

// heed calls expire when the grace has ended, until stop is called.
func heed(ctx context.Context, long time.Duration, expire func()) (g *grace, stop func()) {
	g = &grace{long: long}
	g.end = time.AfterFunc(long, func() {
		g.expired.Store(true)
		expire()
	})
	g.end.Stop()
	stopped := context.AfterFunc(ctx, func() {
		g.signalled.Store(true)
		g.end.Reset(long)
	})
	return g, func() {
		stopped()
		g.end.Stop()
	}
}

// anew gives the grace once more, if a signal has come.
func (g *grace) anew() {
	if g.signalled.Load() {
		g.end.Reset(g.long)
	}
}

// heedSecond lets a second signal end this process at once, as it ends any
// other, but not without its pipeline. SIGHUP is nothing to a source.
func heedSecond(ctx context.Context, p *pipeline) (stop func()) {
	received, hangups := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGTERM, os.Interrupt)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		if ctx.Err() == nil {
			<-received
		}
		second := <-received
		p.alone.Lock() // for ever: nothing is started in the meantime
		if p.process != nil {
			p.process.Abort()
		}
		signal.Reset(second)
		syscall.Kill(os.Getpid(), second.(syscall.Signal))
	}()
	return func() {
		signal.Stop(received)
		signal.Stop(hangups)
	}
}
