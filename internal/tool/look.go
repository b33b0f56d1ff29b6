package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/intelpipe/intelpipe/internal/process"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// lookAfter is how long the opening Commit may be on its way before the source
// looks who holds it. Commands of intelpipe pass it on at once.
const lookAfter = 1500 * time.Millisecond

// lookKey is where tests put another time into the context, and lookedKey a
// function that is called after each look in vain.
type lookKey struct{}
type lookedKey struct{}

// look looks for a filter that does not pass the opening Commit on, until
// something comes back.
func (s *source) look(ctx context.Context) (stop func()) {
	after := cmp.Or(ctx.Value(lookKey{}), any(lookAfter)).(time.Duration)
	looked, _ := ctx.Value(lookedKey{}).(func())
	s.stopLooking = s.process.Look(after, looked, func(words []string) {
		if s.swallower.CompareAndSwap(false, true) { // once is enough
			s.run.report(s.head.spec.Name, errors.New(process.Swallows(words)))
		}
	})
	return s.stopLooking
}

// early is the error for data that has come before the control lines of a
// source. To keep it would be to have it twice: it is not acknowledged, and the
// source sends it again.
func (r *run) early(source string) error {
	why := behindThrough
	if stdin, ok := r.process.Stdin.(*os.File); ok {
		if words := process.Feeder(stdin); words != nil {
			why = process.Swallows(words)
		}
	}
	return fmt.Errorf("data has come before the control lines of %s: %s; what is no part of the pipeline runs behind env -u %s", source, why, stage.InPipeline)
}
