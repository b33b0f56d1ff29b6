package pipeline

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// Grace bounds how long a source goes on after a signal. It begins again with
// whatever comes back: a pipeline that is slow may bring its windows to their
// end, and one that stands still is killed.
type Grace struct {
	Long      time.Duration
	end       *time.Timer
	signalled atomic.Bool
	Expired   atomic.Bool // it has ended
}

// LastWords is how long a process has to end by itself when it has used up its grace,
// and its outputs are interrupted.
const LastWords = time.Second

// Heed calls expire when the grace has ended, until stop is called.
func Heed(ctx context.Context, long time.Duration, expire func()) (g *Grace, stop func()) {
	g = &Grace{Long: long}
	g.end = time.AfterFunc(long, func() {
		g.Expired.Store(true)
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

// Anew gives the grace once more, if a signal has come.
func (g *Grace) Anew() {
	if g.signalled.Load() {
		g.end.Reset(g.Long)
	}
}

// Twice is for how long a second signal may be the first one once more: timeout(1)
// sends one to its child, and then one to the group of it.
const Twice = 100 * time.Millisecond

// HeedSecond lets a second signal end this process at once, as it ends any
// other, but not without its pipeline. SIGHUP is nothing to a source.
func HeedSecond(ctx context.Context, p *Pipeline) (stop func()) {
	received, hangups := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGTERM, os.Interrupt)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		if ctx.Err() == nil {
			<-received
		}
		for again := time.After(Twice); again != nil; {
			select {
			case <-received:
			case <-again:
				again = nil
			}
		}
		second := <-received
		p.alone.Lock() // for ever: nothing is started in the meantime
		if p.Group != nil {
			p.Group.Abort()
		}
		signal.Reset(second)
		syscall.Kill(os.Getpid(), second.(syscall.Signal))
	}()
	return func() {
		signal.Stop(received)
		signal.Stop(hangups)
	}
}
