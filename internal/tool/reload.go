package tool

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// reloads makes stages read their data again when SIGHUP comes. That happens at
// once, also while the head of the chain waits for input or for its origin:
// whoever works on the chain holds it, and lets go of it while it waits.
type reloads struct {
	sync.Mutex // held by whoever works on the chain
	nodes      []*node
	due        atomic.Bool
}

// hangups catches SIGHUP until the function it returns is called, if there are
// stages that want it. In a chain without one the signal does what it does to
// any program.
func (r *run) hangups() (stop func()) {
	var nodes []*node
	for _, n := range r.nodes {
		if _, ok := n.cmd.(stage.Reloader); ok {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return func() {}
	}
	r.reloads = &reloads{nodes: nodes}
	hangup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-hangup:
				r.reloads.due.Store(true)
				r.hold()
				select {
				case <-done: // while this waited
				default:
					r.reload()
				}
				r.release()
			}
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(done)
		r.release()
	}
}

// hold waits until nobody else works on the chain.
func (r *run) hold() {
	if r.reloads != nil {
		r.reloads.Lock()
	}
}

// release lets others work on the chain.
func (r *run) release() {
	if r.reloads != nil {
		r.reloads.Unlock()
	}
}

// reload calls Reload if SIGHUP has come. A stage that is in the middle of a
// message gets its turn behind it.
func (r *run) reload() error {
	if r.reloads == nil || !r.reloads.due.CompareAndSwap(true, false) {
		return nil
	}
	for _, n := range r.reloads.nodes {
		if n.input != nil {
			r.reloads.due.Store(true)
			return nil
		}
	}
	for _, n := range r.reloads.nodes {
		if err := n.drain(); err != nil {
			return err
		}
		if err := n.cmd.(stage.Reloader).Reload(n.context); err != nil {
			r.report(n.spec.Name, err) // and go on with what was loaded before
		}
	}
	return nil
}

// broken returns what broke the stream.
func (r *run) broken() error {
	r.hold()
	defer r.release()
	return r.fatal
}
