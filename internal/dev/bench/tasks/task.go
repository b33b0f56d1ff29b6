package tasks

import (
	"fmt"

	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
)

// A task holds one job against another.
type task struct {
	name      string
	ours, ref string // names of jobs
	base      string // job whose cost is taken off both, or ""
	wall      bool   // the time that passes counts, and not that of the processors
	bar       table.Bar
}

func (t task) String() string { return fmt.Sprintf("%s: %s, %s", t.name, t.ours, t.ref) }
