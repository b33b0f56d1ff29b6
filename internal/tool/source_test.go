package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/delivery"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// windows is a source of as many windows as it was told, less those that were
// acknowledged. It writes down what the runtime does.
type windows struct {
	Count int `help:"How many windows."`
	log   *[]string
	gone  map[int]bool
	fail  error // at the end
	env   *stage.Env
}

func (w *windows) Start(_ context.Context, env *stage.Env) error {
	w.env = env
	return nil
}

func (w *windows) Collect(ctx context.Context, emit stage.Emit) error {
	*w.log = append(*w.log, "collect")
	for n := range w.Count {
		if w.gone[n] {
			continue
		}
		name := fmt.Sprint("w", n)
		err := w.env.Deliver(stage.Window{Name: name, State: name, Extent: func() string { return name }, Ack: func(number uint64) error {
			w.gone[n] = true
			*w.log = append(*w.log, fmt.Sprintf("ack %s as %d", name, number))
			return nil
		}}, func() error {
			m := event.New(event.Report, nil)
			m.Set("feed.url", "http://example.org/"+name)
			return emit(m)
		})
		if err != nil {
			return err
		}
	}
	return w.fail
}

// runSource runs the source with a pipeline of sh, after what there was before.
func runSource(t *testing.T, dir string, w *windows, script string, flags ...string) (log []string, stderr string, code int) {
	t.Helper()
	return runPatiently(t, time.Second, dir, w, script, flags...)
}

// runPatiently is runSource with another time in which something has to come back.
func runPatiently(t *testing.T, step time.Duration, dir string, w *windows, script string, flags ...string) (log []string, stderr string, code int) {
	t.Helper()
	w.log, w.gone = &log, map[int]bool{}
	errs, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	specs := []Spec{{Name: "collect-windows", New: func() any { return w }}, {Name: "expert-once", New: func() any { return &once{} }}}
	env := map[string]string{"STATE_DIRECTORY": dir}
	args := append(append([]string{"collect-windows"}, flags...), "--", "sh", "-c", script)
	code = Run(context.Background(), specs, System{
		Args: args, Stdin: strings.NewReader(""), Stdout: new(strings.Builder), Stderr: errs, Getenv: func(k string) string { return env[k] },
		Tune: func(o *delivery.Options) { o.Step = step },
	})
	text, _ := os.ReadFile(errs.Name())
	return log, string(text), code
}

// good gives back the control lines, as a pipeline with an output does.
const good = `grep --line-buffered -E '"(Checkpoint|Commit)"'`

func TestSourceAcknowledgesInOrder(t *testing.T) {
	dir := t.TempDir()
	log, stderr, code := runSource(t, dir, &windows{}, good, "--count", "5")
	want := []string{"collect", "ack w0 as 1", "ack w1 as 2", "ack w2 as 3", "ack w3 as 4", "ack w4 as 5"}
	if code != ExitOK || !slices.Equal(log, want) {
		t.Errorf("exit %d, %q, %s", code, log, stderr)
	}
	// The next run goes on behind the last number, and opens with it.
	log, stderr, code = runSource(t, dir, &windows{}, "tee "+filepath.Join(dir, "seen")+" | "+good, "--count", "5")
	if code != ExitOK || len(log) != 6 || log[1] != "ack w0 as 6" {
		t.Errorf("exit %d, %q, %s", code, log, stderr)
	}
	if seen, _ := os.ReadFile(filepath.Join(dir, "seen")); !strings.HasPrefix(string(seen), `{"__type":"Commit","id":"collect-windows-`) || !strings.Contains(strings.SplitN(string(seen), "\n", 2)[0], ":5:") {
		t.Errorf("the pipeline saw %.200s", seen)
	}
}

// TestSourceStartsAgain has a pipeline that dies after every few lines: what
// was acknowledged is not sent again, and the rest is.
func TestSourceStartsAgain(t *testing.T) {
	dir := t.TempDir()
	few := `for i in 1 2 3 4 5 6; do read -r line || exit 0; case $line in *Checkpoint*|*Commit*) echo "$line";; esac; done`
	log, stderr, code := runSource(t, dir, &windows{}, few, "--count", "4", "--restarts", "3")
	collected := 0
	var acks []string
	for _, line := range log {
		if line == "collect" {
			collected++
		} else {
			acks = append(acks, line)
		}
	}
	want := []string{"ack w0 as 1", "ack w1 as 2", "ack w2 as 3", "ack w3 as 4"}
	if !slices.Equal(acks, want) || collected < 2 || code != ExitOK {
		t.Errorf("exit %d, %q, %s", code, log, stderr)
	}
}

// once passes what it has not seen before.
type once struct{ seen map[string]bool }

func (o *once) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	if url := m.Get("feed.url"); !o.seen[url] {
		o.seen = map[string]bool{url: true}
		return emit(m)
	}
	return nil
}

// TestSourceEndsWithItsStages has a pipeline that dies behind a stage of the
// same process, which would not let pass again what has not arrived.
func TestSourceEndsWithItsStages(t *testing.T) {
	dir := t.TempDir()
	dies := `test -e ` + dir + `/died || { touch ` + dir + `/died; head -n 2 > ` + dir + `/lost; exit 9; }; tee ` + dir + `/seen | ` + good
	log, stderr, code := runSource(t, dir, &windows{}, dies, "--count", "1", "then", "expert-once")
	if code != ExitBroken || !slices.Equal(log, []string{"collect"}) {
		t.Errorf("exit %d, %q, %s", code, log, stderr)
	}
	log, stderr, code = runSource(t, dir, &windows{}, dies, "--count", "1", "then", "expert-once")
	if seen, _ := os.ReadFile(filepath.Join(dir, "seen")); code != ExitOK || !strings.Contains(string(seen), "/w0") {
		t.Errorf("exit %d, %q, %s, arrived: %s", code, log, stderr, seen)
	}
}

func TestSourceGivesUp(t *testing.T) {
	for restarts, times := range map[string]int{"1": 0, "3": 2} {
		log, stderr, code := runSource(t, t.TempDir(), &windows{}, "read -r line; exit 9", "--count", "2", "--restarts", restarts)
		if n := strings.Count(stderr, "is started again in"); n != times || code != ExitBroken || !strings.Contains(stderr, "at window 1 (w0)") || slices.Contains(log, "ack w0 as 1") {
			t.Errorf("--restarts %s: exit %d, started again %d times, %q, %s", restarts, code, n, log, stderr)
		}
	}
}

// TestSourceIsPatient has pipelines that keep checkpoints to themselves until
// their input ends, and for ever.
func TestSourceIsPatient(t *testing.T) {
	dir := t.TempDir()
	log, stderr, code := runPatiently(t, 50*time.Millisecond, dir, &windows{}, `grep -E '"(Checkpoint|Commit)"' > `+dir+`/kept; cat `+dir+`/kept`, "--count", "2")
	if code != ExitOK || len(log) != 3 || !strings.Contains(stderr, "collect-windows: window 1 (w0) has not come back from the pipeline for ") {
		t.Errorf("late: exit %d, %q, %s", code, log, stderr)
	}
	if log, stderr, code = runPatiently(t, 50*time.Millisecond, t.TempDir(), &windows{}, "cat > /dev/null", "--count", "0"); code != ExitBroken || !strings.Contains(stderr, "the commit of window 0 has not come back") {
		t.Errorf("nothing: exit %d, %q, %s", code, log, stderr)
	}
	log, stderr, code = runPatiently(t, 50*time.Millisecond, t.TempDir(), &windows{}, "cat > /dev/null", "--count", "2")
	if code != ExitBroken || len(log) != 1 || !strings.Contains(stderr, "window 1 (w0) has not come back") {
		t.Errorf("never: exit %d, %q, %s", code, log, stderr)
	}
	// In the middle, where too many windows are open to go on.
	log, stderr, code = runPatiently(t, 50*time.Millisecond, t.TempDir(), &windows{}, "cat > /dev/null", "--count", "5")
	if code != ExitBroken || len(log) != 1 || !strings.Contains(stderr, "window 1 (w0) has not come back") {
		t.Errorf("never, in the middle: exit %d, %q, %s", code, log, stderr)
	}
	dir = t.TempDir()
	log, stderr, code = runPatiently(t, 50*time.Millisecond, dir, &windows{}, `grep -E '"(Checkpoint|Commit)"' > `+dir+`/kept; cat `+dir+`/kept`, "--count", "5")
	if code != ExitOK || len(log) != 7 {
		t.Errorf("late, in the middle: exit %d, %q, %s", code, log, stderr)
	}
}

func TestSourceTellsFailures(t *testing.T) {
	log, stderr, code := runSource(t, t.TempDir(), &windows{fail: errors.New("the origin is gone")}, good, "--count", "1")
	if code != ExitBroken || !slices.Contains(log, "ack w0 as 1") || !strings.Contains(stderr, "the origin is gone") {
		t.Errorf("exit %d, %q, %s", code, log, stderr)
	}
	// What a shell says counts for the exit code, but acknowledges nothing.
	log, stderr, code = runSource(t, t.TempDir(), &windows{}, good+"; exit 1", "--count", "1")
	if code != ExitFailed || len(log) != 2 {
		t.Errorf("exit %d, %q, %s", code, log, stderr)
	}
}

// sheet is a source whose messages are lines already.
type sheet struct{ env *stage.Env }

func (c *sheet) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

func (*sheet) Relay() {}

func (c *sheet) Collect(_ context.Context, emit stage.Emit) error {
	pipeline := c.env.Pipeline
	return pipeline.Window(stage.Window{}, func() error {
		line := []byte(`{"feed.name" : "as it was"}` + "\n")
		if sent, err := pipeline.Lines(line); sent {
			return err
		}
		m := new(event.Message)
		if err := m.Decode(line[:len(line)-1]); err != nil {
			return err
		}
		return emit(m)
	})
}

type marker struct{}

func (marker) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	m.Set("feed.code", "marked")
	return emit(m)
}

// TestSourceOfLines sends them past nobody: not past a stage of this process.
func TestSourceOfLines(t *testing.T) {
	specs := []Spec{
		{Name: "collect-sheet", New: func() any { return new(sheet) }},
		{Name: "expert-marker", New: func() any { return new(marker) }},
	}
	for args, want := range map[string]string{
		"collect-sheet":                    `{"feed.name" : "as it was"}`,
		"collect-sheet then expert-marker": `"feed.code":"marked"`,
	} {
		dir := t.TempDir()
		words := append(strings.Fields("intelpipe "+args), "--", "sh", "-c", "tee "+dir+"/seen | "+good)
		env := map[string]string{"STATE_DIRECTORY": dir}
		stderr := new(strings.Builder)
		code := Run(t.Context(), specs, System{Args: words, Stdin: strings.NewReader(""), Stdout: new(strings.Builder), Stderr: stderr, Getenv: func(k string) string { return env[k] }})
		seen, _ := os.ReadFile(dir + "/seen")
		if code != ExitOK || strings.Count(string(seen), want) != 1 {
			t.Errorf("%s: exit %d, %s%s", args, code, seen, stderr)
		}
	}
}
