package tally

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/sealed"
)

// dying is a state whose process dies before, or after, one of its steps.
type dying struct {
	state
	left int
	done bool // the last step is done nevertheless
}

var errDead = errors.New("dead")

func (d *dying) step(do func() error) error {
	if d.left--; d.left == 0 {
		if d.done {
			do()
		}
		return errDead
	}
	return do()
}

func (d *dying) prepare(ctx context.Context, id checkpoint.ID, w window, all *checkpoint.Pending[window]) error {
	return d.step(func() error { return d.state.prepare(ctx, id, w, all) })
}

func (d *dying) commit(ctx context.Context, at checkpoint.ID, promoted, discarded []checkpoint.Prepared[window], all *checkpoint.Pending[window]) error {
	return d.step(func() error { return d.state.commit(ctx, at, promoted, discarded, all) })
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// line is a line of a journal with this text.
func line(text string) string { return string(sealed.Line([]byte(text))) }
