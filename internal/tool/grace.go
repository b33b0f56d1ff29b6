package tool

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/process"
)

// heed bounds how long a source goes on after a signal. The grace begins again
// with whatever comes back: a pipeline that is slow may bring its windows to
// their end, and one that stands still is killed.
func (s *source) heed(ctx context.Context) (stop func()) {
	s.grace = seconds(float64(s.head.flags.Grace))
	s.end = time.AfterFunc(s.grace, s.expire)
	s.end.Stop()
	stopped := context.AfterFunc(ctx, func() {
		s.signalled.Store(true)
		s.end.Reset(s.grace)
	})
	stopSecond := s.heedSecond(ctx)
	return func() {
		stopped()
		s.end.Stop()
		stopSecond()
	}
}

// expire ends what has used up its grace.
func (s *source) expire() {
	s.alone.Lock()
	defer s.alone.Unlock()
	s.expired.Store(true)
	if s.process != nil {
		s.process.Abort()
	} else if s.words == nil {
		s.run.report(s.head.spec.Name, fmt.Errorf("the stream has not ended within %v after the signal (--grace); what was not acknowledged is sent again next time", s.grace))
		process.KillBelow()
		os.Exit(ExitBroken)
	}
}

// heedSecond lets a second signal end this process at once, as it ends any
// other, but not without its pipeline.
func (s *source) heedSecond(ctx context.Context) (stop func()) {
	if s.run.process.Signals == nil || s.words == nil {
		return func() {}
	}
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGTERM, os.Interrupt)
	go func() {
		if ctx.Err() == nil {
			<-received
		}
		second := <-received
		s.alone.Lock() // for ever: nothing is started in the meantime
		if s.process != nil {
			s.process.Abort()
		}
		signal.Reset(second)
		syscall.Kill(os.Getpid(), second.(syscall.Signal))
	}()
	return func() { signal.Stop(received) }
}
