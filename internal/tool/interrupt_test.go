package tool

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/delivery"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// away is an output whose far end cannot be reached.
type away struct{ tried func() }

func (*away) Encode(m *event.Message) (stage.Item, error) {
	return stage.Item{Data: m.Append(nil)}, nil
}

func (a *away) Send(context.Context, []stage.Item) (stage.Result, error) {
	a.tried()
	return stage.Result{}, errors.New("far:1: connection refused")
}

// interrupted runs a chain that gets a signal when it has tried to send, and would
// go on trying for longer than a test may take.
func interrupted(t *testing.T, w *windows, dir, stdin string, args ...string) (stderr string, code int) {
	t.Helper()
	ctx, signal := context.WithCancel(t.Context())
	specs := []Spec{{Name: "collect-windows", New: func() any { return w }}, {Name: "output-away", New: func() any { return &away{signal} }}}
	env := map[string]string{"STATE_DIRECTORY": dir}
	var errs strings.Builder
	in, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	io.WriteString(write, stdin)
	write.Close()
	code = Run(t.Context(), specs, System{
		Args: args, Stdin: in, Stdout: io.Discard, Stderr: &errs, Getenv: func(k string) string { return env[k] },
		Signals: func(context.Context) (context.Context, context.CancelFunc) { return ctx, signal },
		Tune:    func(o *delivery.Options) { o.Grace = 1 },
	})
	return errs.String(), code
}

// TestSignalCutsRetries: a source with an output in its own process ends when the
// grace has, and nothing is acknowledged.
func TestSignalCutsRetries(t *testing.T) {
	var log []string
	dir := t.TempDir()
	stderr, code := interrupted(t, &windows{log: &log, gone: map[int]bool{}}, dir, "", "collect-windows", "--count", "2", "then", "output-away", "--retry-for", "800")
	if code != ExitBroken || !strings.Contains(stderr, "connection refused: interrupted after") || strings.Join(log, ",") != "collect" {
		t.Errorf("exit %d, %q: %s", code, log, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "output-away.dump")); err == nil {
		t.Error("what the source sends again is in the dump")
	}
}

// TestSignalCutsRetriesInBarePipe: what nobody sends again is in the dump, also if
// the signal comes behind the end of the input.
func TestSignalCutsRetriesInBarePipe(t *testing.T) {
	dir := t.TempDir()
	stderr, code := interrupted(t, nil, dir, `{"source.ip":"192.0.2.1"}`+"\n", "output-away", "--retry-for", "800", "--grace", "0")
	if code != ExitBroken || !strings.Contains(stderr, "connection refused: interrupted after") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "output-away.dump")); !strings.Contains(string(text), "192.0.2.1") {
		t.Errorf("the dump holds %q", text)
	}
}
