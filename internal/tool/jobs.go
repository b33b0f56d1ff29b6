package tool

import (
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// jobs lets a stage work on several messages at once. Results leave in the
// order in which the messages came.
type jobs struct {
	node  *node
	queue chan *job // to the workers
	order []*job    // in flight, oldest first
	limit int
}

type job struct {
	m        *event.Message
	received event.Snapshot
	line     int64
	out      []*event.Message
	err      error
	done     chan struct{}
}

func newJobs(n *node, workers int) *jobs {
	j := &jobs{node: n, limit: 4 * workers, queue: make(chan *job, 4*workers)}
	for range workers {
		go func() {
			for work := range j.queue {
				work.err = n.process(work.m, func(m *event.Message) error {
					work.out = append(work.out, m)
					return nil
				})
				close(work.done)
			}
		}()
	}
	return j
}

// emit takes a message, and lets results go that are ready or in the way.
func (j *jobs) emit(m *event.Message) error {
	if err := j.node.accept(m); err != nil {
		return j.node.settle(m, err)
	}
	work := &job{m: m.Clone(), received: m.Snapshot(event.Snapshot{}), line: j.node.line, done: make(chan struct{})}
	j.order = append(j.order, work)
	j.queue <- work
	for len(j.order) > 0 {
		if len(j.order) < j.limit {
			select {
			case <-j.order[0].done:
			default:
				return nil
			}
		}
		if err := j.deliver(); err != nil {
			return err
		}
	}
	return nil
}

// deliver waits for the oldest job and passes its results on.
func (j *jobs) deliver() error {
	work := j.order[0]
	<-work.done
	j.order = j.order[1:]
	newest := j.node.line
	j.node.line, j.node.input = work.line, work.m
	defer func() { j.node.line, j.node.input = newest, nil }()
	for _, m := range work.out {
		if err := j.node.pass(m); err != nil {
			return err
		}
	}
	if work.err != nil {
		work.m.Restore(work.received)
	} else if len(work.out) == 0 {
		j.node.counts.dropped++
	}
	return j.node.settle(work.m, work.err)
}

// drain waits until nothing is in flight.
func (j *jobs) drain() error {
	for len(j.order) > 0 {
		if err := j.deliver(); err != nil {
			return err
		}
	}
	return nil
}

var _ stage.Emit = (*jobs)(nil).emit
