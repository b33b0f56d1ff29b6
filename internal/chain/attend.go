package chain

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/fate"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// attendance looks after the stages of a chain while nobody works on it: they
// read their data again when SIGHUP comes, and let go in time of what they hold.
// Whoever works on the chain holds it, and lets go of it while it waits.
type attendance struct {
	mu      sync.Mutex // held by whoever works on the chain
	active  bool
	host    fate.Host
	nodes   []*node
	reloads []reloading
	holders []*holder
	due     atomic.Bool // SIGHUP has come
	quit    chan struct{}
	stopped sync.WaitGroup
}

// reloading is a stage that can read its data again, and what waits until it is
// not at work.
type reloading struct {
	*node
	drain func() error
}

// holder is a stage that may hold something back, and since when it does.
type holder struct {
	stage.Holder
	node  *node
	since time.Time
}

// add puts a stage under attendance, in front of those that were added before.
func (a *attendance) add(n *node, drain func() error) {
	if _, ok := n.Command.(stage.Reloader); ok {
		a.reloads = slices.Insert(a.reloads, 0, reloading{n, drain})
	}
	if h, ok := n.holding(); ok {
		a.holders = slices.Insert(a.holders, 0, &holder{Holder: h, node: n})
	}
}

// begin attends until the function it returns is called, by who holds the chain.
// Where nobody wants it nothing happens, and SIGHUP does what it does to any
// program.
func (a *attendance) begin() (stop func()) {
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
		a.release()
		a.stopped.Wait()
		a.active = false
	}
}

// lookEvery is how often is looked whether something was held for too long.
const lookEvery = 100 * time.Millisecond

// look reloads and flushes as it is due. An error breaks the stream, which
// whoever works on it finds out.
func (a *attendance) look(hangup <-chan os.Signal, tick <-chan time.Time) {
	for {
		select {
		case <-a.quit:
			return
		case <-hangup:
			a.due.Store(true)
		case <-tick:
		}
		a.hold()
		select {
		case <-a.quit: // while this waited
		default:
			a.reload()
			a.flush()
		}
		a.release()
	}
}

// hold waits until nobody else works on the chain.
func (a *attendance) hold() {
	if a.active {
		a.mu.Lock()
	}
}

// release lets others work on the chain.
func (a *attendance) release() {
	if a.active {
		a.mu.Unlock()
	}
}

// reload calls Reload if SIGHUP has come. A stage that is in the middle of a
// message gets its turn behind it.
func (a *attendance) reload() error {
	if !a.due.Load() {
		return nil
	}
	for _, r := range a.reloads {
		if r.input != nil {
			return nil
		}
	}
	a.due.Store(false)
	for _, r := range a.reloads {
		if err := r.drain(); err != nil {
			return err
		}
		if err := r.Command.(stage.Reloader).Reload(r.context); err != nil {
			a.host.Say(r.Name, "", err.Error()) // and go on with what was loaded before
		}
	}
	return nil
}

// flush lets go of what was held for long enough.
func (a *attendance) flush() error {
	for _, h := range a.holders {
		switch age := h.Holds(); {
		case age == 0:
			h.since = time.Time{}
		case h.node.input != nil: // it is at work
		case h.since.IsZero():
			h.since = time.Now()
		case time.Since(h.since) >= age:
			h.since = time.Time{}
			if err := h.Flush(h.node.context, h.node.pass); err != nil {
				return a.host.Break(err)
			}
		}
	}
	return nil
}

// left is how many milliseconds there are until something was held for long
// enough, or -1.
func (a *attendance) left() int {
	soonest := -1
	for _, h := range a.holders {
		age := h.Holds()
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

// wait returns when fd can be read. Until then stages that have results late get
// their turn, what is held is let go of in time, and the stream ends if nobody
// reads out any longer: a pipeline whose middle has died would otherwise stand
// still until the next message.
func (a *attendance) wait(fd, out int, idle func() error) error {
	if fd < 0 {
		return a.flush()
	}
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(out), Events: 0}}
		for _, n := range a.nodes {
			if late, ok := n.Command.(stage.Late); ok {
				fds = append(fds, unix.PollFd{Fd: int32(late.Fd()), Events: unix.POLLIN})
			}
		}
		timeout := a.left()
		a.release()
		_, err := unix.Poll(fds, timeout)
		a.hold()
		switch {
		case err != nil && err != unix.EINTR:
			return err
		case err != nil:
		case fds[0].Revents != 0:
			return nil
		case fds[1].Revents&unix.POLLERR != 0:
			return stage.ErrStop
		default:
			if err := a.flush(); err != nil {
				return err
			}
			if err := idle(); err != nil {
				return err
			}
		}
	}
}
