package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
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

// A looker finds the filter that does not pass the opening Commit on.
type looker struct {
	timer *time.Timer
	over  *atomic.Bool
	told  atomic.Bool
}

// look begins to look, until something comes back.
func (s *source) look(ctx context.Context) (stop func()) {
	after := cmp.Or(ctx.Value(lookKey{}), any(lookAfter)).(time.Duration)
	looked, _ := ctx.Value(lookedKey{}).(func())
	group, over := s.process, new(atomic.Bool)
	var timer *time.Timer
	timer = time.AfterFunc(time.Hour, func() {
		words := group.Swallower()
		switch {
		case over.Load() || s.looker.told.Load():
		case words == nil: // it may still be starting
			if looked != nil {
				looked()
			}
			timer.Reset(after)
		default:
			s.looker.told.Store(true)
			s.run.report(s.head.spec.Name, errors.New(swallows(words)))
		}
	})
	s.looker.timer, s.looker.over = timer, over
	timer.Reset(after)
	return s.looker.stop
}

func (l *looker) stop() {
	if l.timer != nil {
		l.over.Store(true)
		l.timer.Stop()
	}
}

// swallows says what is wrong with a filter, and how to write it instead.
func swallows(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWord(w)
	}
	return fmt.Sprintf("%s does not pass checkpoints on; write: through %s", quoted[0], plain.Clip(strings.Join(quoted, " "), 200))
}

// quoteWord writes a word of a command line as a shell reads it.
func quoteWord(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,%+@-", r)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// early is the error for data that has come before the control lines of a
// source. To keep it would be to have it twice: it is not acknowledged, and the
// source sends it again.
func (r *run) early(source string) error {
	why := behindThrough
	if stdin, ok := r.process.Stdin.(*os.File); ok {
		if words := process.Feeder(stdin); words != nil {
			why = swallows(words)
		}
	}
	return fmt.Errorf("data has come before the control lines of %s: %s; what is no part of the pipeline runs behind env -u %s", source, why, stage.InPipeline)
}
