package chain

import (
	"github.com/intelpipe/intelpipe/internal/event"
)

// jobs lets a stage work on several messages at once. Results leave in the
// order in which the messages came, those that take a side path too.
type jobs struct {
	node  *node
	queue chan *job // to the workers
	order []*job    // in flight, oldest first
	limit int
}

type job struct {
	m        *event.Message
	received event.Snapshot
	out      []result
	err      error
	done     chan struct{}
}

type result struct {
	m     *event.Message
	route string
}

func newJobs(n *node) *jobs {
	j := &jobs{node: n, limit: 4 * n.Jobs, queue: make(chan *job, 4*n.Jobs)}
	for range n.Jobs {
		go func() {
			for work := range j.queue {
				work.err = n.process(work.m, func(m *event.Message) error {
					work.out = append(work.out, result{m, m.Route()})
					return nil
				})
				close(work.done)
			}
		}()
	}
	return j
}

// link is how the stage before sees the node through its jobs.
func (j *jobs) link() link {
	drained := func(then func() error) func() error {
		return func() error {
			if err := j.drain(); err != nil {
				return err
			}
			return then()
		}
	}
	n := j.node
	return link{
		emit: j.emit,
		control: func(kind event.Kind, id string) error {
			return drained(func() error { return n.control(kind, id) })()
		},
		idle: drained(n.idle), drain: j.drain, finish: drained(n.finish),
	}
}

// emit takes a message, and lets results go that are ready or in the way.
func (j *jobs) emit(m *event.Message) error {
	if err := j.node.accept(m); err != nil {
		return j.node.settle(m, err)
	}
	work := &job{m: m.Clone(), received: m.Snapshot(event.Snapshot{}), done: make(chan struct{})}
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
	j.node.line, j.node.input = work.m.Place().Line, work.m
	defer func() { j.node.line, j.node.input = newest, nil }()
	for _, r := range work.out {
		r.m.SetRoute(r.route)
		if err := j.node.pass(r.m); err != nil {
			return err
		}
	}
	if work.err != nil {
		work.m.Restore(work.received)
	} else if len(work.out) == 0 {
		j.node.counts.Dropped++
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
