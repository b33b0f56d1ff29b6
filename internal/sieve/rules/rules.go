// Package rules is the language of expert-sieve: it compiles the rules of a file, and
// applies them to events.
//
// The parts of it are packages of their own, and each knows only those before it in this
// list: grammar makes a tree of a text, state is what is known of the event at hand,
// condition compiles conditions, and this one statements and actions.
package rules

import (
	"errors"
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/sieve/condition"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// Rules are the compiled rules of a file. They are not safe for concurrent use.
type Rules struct {
	Paths  []state.Path // that they name
	Doubts []string     // about rules that never do anything

	body step
	run  *state.Run
}

// Mistakes are all that were found in the rules of a file, each with its place.
type Mistakes []error

// Error tells the first one.
func (m Mistakes) Error() string {
	if len(m) == 1 {
		return m[0].Error()
	}
	return fmt.Sprintf("%v (the first of %d mistakes, see --check)", m[0], len(m))
}

// Load reads and compiles a file. The error may be [Mistakes].
func Load(path string, d *harmonization.Dictionary) (*Rules, error) {
	text, err := charset.ReadSmallFile(path, grammar.MaxSize)
	if err != nil {
		return nil, err
	}
	return Compile(path, string(text), d)
}

// Compile compiles a text; path names it in errors.
func Compile(path, text string, d *harmonization.Dictionary) (*Rules, error) {
	tree, err := grammar.Parse(text)
	var mistake *grammar.Error
	if errors.As(err, &mistake) {
		return nil, fmt.Errorf("%s:%w", path, err)
	} else if err != nil {
		return nil, err
	}
	c := &compiler{Compiler: condition.New(path, d)}
	body := c.block(tree)
	if len(c.Mistakes) > 0 {
		return nil, Mistakes(c.Mistakes)
	}
	return &Rules{Paths: c.paths, Doubts: c.Doubts, body: body, run: state.NewRun(d, c.Variables())}, nil
}

// Use says where the present time and warnings belong, before Apply is called.
func (r *Rules) Use(now func() time.Time, warn func(format string, args ...any)) {
	r.run.Clock, r.run.Warn = now, warn
}

// Apply applies the rules to an event. It returns whether to keep or to drop it, and on
// which paths to send it; none is the usual one. An error says which rule has failed.
func (r *Rules) Apply(m *event.Message) (end Ending, paths []state.Path, err error) {
	r.run.Begin(m)
	end, err = r.body(r.run)
	if end != Drop {
		end = Keep
	}
	return end, r.run.Paths, err
}
