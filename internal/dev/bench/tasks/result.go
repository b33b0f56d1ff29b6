package tasks

import (
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
)

// result is what a job has shown, or why it has not.
type result struct {
	samples []job.Usage
	err     error
	absent  string // what the job needs and is not there, and where to get it
}

// perEvent is the CPU time of each round, or the wall time, in microseconds for
// one event.
func (r *result) perEvent(n int, wall bool) []float64 {
	var v []float64
	for _, u := range r.samples {
		took := u.CPU
		if wall {
			took = u.Wall
		}
		v = append(v, float64(took)/float64(time.Microsecond)/float64(n))
	}
	return v
}
