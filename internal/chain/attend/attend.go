// Package attend looks after the stages of a chain while nobody works on it: they
// read their data again when SIGHUP comes, and let go in time of what they hold.
package attend

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Attendance is what it takes to look after a chain. Whoever works on the chain
// holds it, and lets go of it while it waits. The zero value with a Host is ready.
type Attendance struct {
	Host Host

	mu      sync.Mutex // held by whoever works on the chain
	active  bool
	reloads []Stage
	holders []*holder
	late    []stage.Late
	due     atomic.Bool // SIGHUP has come
	quit    chan struct{}
	stopped sync.WaitGroup
}

// Host is the chain.
type Host interface {
	Break(err error) error // the stream is: returns stage.ErrStop
	Say(name, before, text string)
}

// Stage is one stage under attendance.
type Stage struct {
	Name    string
	Command any
	Context context.Context
	Holder  stage.Holder // what may hold something back, or nil
	Emit    stage.Emit   // takes what that lets go of
	Busy    func() bool  // it is in the middle of a message
	Drain   func() error // waits until it is not at work
}

// holder is a stage that may hold something back, and since when it does.
type holder struct {
	Stage
	since time.Time
}

// Add puts a stage under attendance, in front of those that were added before.
func (a *Attendance) Add(s Stage) {
	if _, ok := s.Command.(stage.Reloader); ok {
		a.reloads = slices.Insert(a.reloads, 0, s)
	}
	if s.Holder != nil {
		a.holders = slices.Insert(a.holders, 0, &holder{Stage: s})
	}
	if late, ok := s.Command.(stage.Late); ok {
		a.late = slices.Insert(a.late, 0, late)
	}
}

// Begin attends until the function it returns is called, by who holds the chain.
// Where nobody wants it nothing happens, and SIGHUP does what it does to any
// program.
func (a *Attendance) Begin() (stop func()) {
	if len(a.reloads) == 0 && len(a.holders) == 0 {
		return func() {}
	}
	a.active, a.quit = true, make(chan struct{})
	hangup := make(chan os.Signal, 1)
	if len(a.reloads) > 0 {
		signal.Notify(hangup, syscall.SIGHUP)
	}
	tick := make(<-chan time.Time)
	if len(a.holders) > 0 { // who waits for an origin, or for a reader of its own, does not look at the time
		ticker := time.NewTicker(lookEvery)
		tick = ticker.C
		a.stopped.Go(func() { <-a.quit; ticker.Stop() })
	}
	a.stopped.Go(func() { a.look(hangup, tick) })
	return func() {
		signal.Stop(hangup)
		close(a.quit)
		a.Release()
		a.stopped.Wait()
		a.active = false
	}
}

// lookEvery is how often is looked whether something was held for too long.
const lookEvery = 100 * time.Millisecond

// look reloads and flushes as it is due. An error breaks the stream, which
// whoever works on it finds out.
func (a *Attendance) look(hangup <-chan os.Signal, tick <-chan time.Time) {
	for {
		select {
		case <-a.quit:
			return
		case <-hangup:
			a.due.Store(true)
		case <-tick:
		}
		a.Hold()
		select {
		case <-a.quit: // while this waited
		default:
			a.Reload()
			a.Flush()
		}
		a.Release()
	}
}

// Hold waits until nobody else works on the chain.
func (a *Attendance) Hold() {
	if a.active {
		a.mu.Lock()
	}
}

// Release lets others work on the chain.
func (a *Attendance) Release() {
	if a.active {
		a.mu.Unlock()
	}
}

// Reload calls Reload if SIGHUP has come. A stage that is in the middle of a
// message gets its turn behind it.
func (a *Attendance) Reload() error {
	if !a.due.Load() {
		return nil
	}
	for _, r := range a.reloads {
		if r.Busy() {
			return nil
		}
	}
	a.due.Store(false)
	for _, r := range a.reloads {
		if err := r.Drain(); err != nil {
			return err
		}
		if err := r.Command.(stage.Reloader).Reload(r.Context); err != nil {
			a.Host.Say(r.Name, "", err.Error()) // and go on with what was loaded before
		}
	}
	return nil
}

// Flush lets go of what was held for long enough.
func (a *Attendance) Flush() error {
	for _, h := range a.holders {
		switch age := h.Holder.Holds(); {
		case age == 0:
			h.since = time.Time{}
		case h.Busy():
		case h.since.IsZero():
			h.since = time.Now()
		case time.Since(h.since) >= age:
			h.since = time.Time{}
			if err := h.Holder.Flush(h.Context, h.Emit); err != nil {
				return a.Host.Break(err)
			}
		}
	}
	return nil
}

// left is how many milliseconds there are until something was held for long
// enough, or -1.
func (a *Attendance) left() int {
	soonest := -1
	for _, h := range a.holders {
		age := h.Holder.Holds()
		if age == 0 {
			continue
		}
		if h.since.IsZero() {
			h.since = time.Now()
		}
		left := max(0, int(time.Until(h.since.Add(age)).Milliseconds())+1)
		if soonest < 0 || left < soonest {
			soonest = left
		}
	}
	return soonest
}

// Wait returns when fd can be read. Until then stages that have results late get
// their turn, what is held is let go of in time, and the stream ends if nobody
// reads out any longer: a pipeline whose middle has died would otherwise stand
// still until the next message.
func (a *Attendance) Wait(fd, out int, idle func() error) error {
	if fd < 0 {
		return a.Flush()
	}
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(out), Events: 0}}
		for _, late := range a.late {
			fds = append(fds, unix.PollFd{Fd: int32(late.Fd()), Events: unix.POLLIN})
		}
		timeout := a.left()
		a.Release()
		_, err := unix.Poll(fds, timeout)
		a.Hold()
		switch {
		case err != nil && err != unix.EINTR:
			return err
		case err != nil:
		case fds[0].Revents != 0:
			return nil
		case fds[1].Revents&unix.POLLERR != 0:
			return stage.ErrStop
		default:
			if err := a.Flush(); err != nil {
				return err
			}
			if err := idle(); err != nil {
				return err
			}
		}
	}
}
