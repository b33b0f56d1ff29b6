package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	queue "github.com/intelpipe/intelpipe/internal/durable/spool"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stage/stagetest"
)

// pipeline is that of a source, of which this command uses the fast path only.
type pipeline struct {
	stage.Pipeline
	lines *[]string // nil where the next stage is in this process
}

func (p pipeline) Lines(lines []byte) (bool, error) {
	if p.lines == nil {
		return false, nil
	}
	*p.lines = append(*p.lines, strings.Fields(string(lines))...)
	return true, nil
}

func (pipeline) Source() (string, bool) { return stagetest.Source, false }

type suite struct {
	*testing.T
	dir    string
	got    []string // messages, and what is wrong with them
	driver stagetest.Driver
}

func newSuite(t *testing.T, segments int) *suite {
	s := &suite{T: t, dir: filepath.Join(t.TempDir(), "queue")}
	s.add(1, segments)
	s.driver.Emit = func(m *event.Message) error {
		text := string(m.Line())
		if err := m.Err(); err != nil {
			text += m.Place().File + ": " + err.Error()
		}
		s.got = append(s.got, text)
		return nil
	}
	return s
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// add publishes segments of two lines.
func (s *suite) add(from, to int) {
	s.Helper()
	w, err := queue.OpenWriter(s.Context(), s.dir, queue.Options{SegmentBytes: int64(2*len(line(0)) + 2)})
	s.check(err)
	for n := from; n <= to; n++ {
		for i := range 2 {
			m := event.New(event.Event, nil)
			s.check(m.Decode([]byte(line(2*n + i))))
			s.check(w.Append(s.Context(), m))
		}
	}
	s.check(w.Close())
}

func line(n int) string { return fmt.Sprintf(`{"extra.n":%4d}`, n) }

func lines(from, to int) (all []string) {
	for n := 2 * from; n <= 2*to+1; n++ {
		all = append(all, line(n))
	}
	return all
}

// command is a collect-spool that was started.
func (s *suite) command(dir string, env *stage.Env) *Command {
	s.Helper()
	if env == nil {
		env = stage.Standalone()
		env.Pipeline = pipeline{}
	}
	c := &Command{Dir: dir}
	s.check(c.Start(s.Context(), env))
	return c
}

// run runs collect-spool, as the source of the driver.
func (s *suite) run(c *Command) error {
	s.Helper()
	number, _, err := c.Acknowledged(s.Context(), stagetest.Source)
	s.check(err)
	s.driver.Receiver, s.driver.Number = c, number
	return s.driver.Run(s.Context())
}

func (s *suite) want(want []string) {
	s.Helper()
	if !slices.Equal(s.got, want) {
		s.Errorf("got %q, want %q", s.got, want)
	}
	s.got = nil
}

func (s *suite) files(sub string) (names []string) {
	entries, err := os.ReadDir(filepath.Join(s.dir, sub))
	s.check(err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestDeliver(t *testing.T) {
	s := newSuite(t, 20)
	s.driver.Open = 3
	c := s.command(s.dir, nil)
	if c.Origin() != stage.OriginPosition {
		t.Error("the origin has no positions")
	}
	names := s.files("new")
	var positions []string
	s.driver.Sent = func(window []stage.Delivery) error {
		for _, d := range window {
			positions = append(positions, d.Position)
			if d.Name != d.Position || d.Bytes != int64(2*len(line(0))+2) {
				t.Errorf("got %+v", d)
			}
		}
		return nil
	}
	s.check(s.run(c))
	s.want(lines(1, 20))
	if !slices.Equal(positions, names) {
		t.Errorf("positions %q, want %q", positions, names)
	}
	if got := s.files("cur"); len(got) != 1 || got[0] != ".acked@20@S" || len(s.files("new")) > 0 {
		t.Errorf("left %q", got)
	}
	if number, left, err := c.Acknowledged(t.Context(), stagetest.Source); number != 20 || left || err != nil {
		t.Errorf("%d, %v, %v", number, left, err)
	}
}

// TestCrash has three windows open, of which none was acknowledged. They come
// first, and in the same order.
func TestCrash(t *testing.T) {
	s := newSuite(t, 6)
	s.driver.Open = 4
	crash := errors.New("a crash")
	s.driver.Sent = func([]stage.Delivery) error {
		if len(s.got) == 6 {
			return crash
		}
		return nil
	}
	c := s.command(s.dir, nil)
	if err := s.run(c); !errors.Is(err, crash) {
		t.Errorf("got %v", err)
	}
	s.want(lines(1, 3))
	s.driver.Sent = nil
	s.check(s.run(c)) // the same command, as after the death of a pipeline
	s.want(lines(1, 6))
}

func TestAcknowledgeWithoutNote(t *testing.T) {
	s := newSuite(t, 4)
	c := s.command(s.dir, nil)
	s.check(c.Open(t.Context(), ""))
	var window []stage.Delivery
	for range 3 {
		d, err := c.Receive(t.Context())
		s.check(err)
		window = append(window, d)
	}
	if err := c.AcknowledgeAs(t.Context(), stagetest.Source, 1, window); err == nil || !strings.Contains(err.Error(), "3 segments") {
		t.Errorf("got %v", err)
	}
	s.check(c.Acknowledge(t.Context(), window[:2]))
	s.check(c.Close())
	s.check(c.Close())
	s.check(s.run(c))
	s.want(lines(3, 4))
}

func TestDamaged(t *testing.T) {
	s := newSuite(t, 3)
	name := s.files("new")[1]
	path := filepath.Join(s.dir, "new", name)
	s.check(os.Truncate(path, 5))
	c := s.command(s.dir, nil)
	s.check(s.run(c))
	bad := filepath.Join(s.dir, "bad", name) + ": at offset 5: "
	if len(s.got) != 5 || !strings.HasPrefix(s.got[2], bad) {
		t.Fatalf("got %q", s.got)
	}
	s.got = slices.Delete(s.got, 2, 3)
	s.want(append(lines(1, 1), lines(3, 3)...))
	if number, _, err := c.Acknowledged(t.Context(), stagetest.Source); number != 3 || err != nil {
		t.Errorf("%d, %v", number, err)
	}
}

// TestFollow waits for more, and acknowledges meanwhile.
func TestFollow(t *testing.T) {
	s := newSuite(t, 1)
	env := stage.Standalone()
	env.Pipeline, env.Follow = pipeline{}, true
	c := s.command(s.dir, env)
	ctx, cancel := context.WithCancel(t.Context())
	s.driver.Receiver = c
	emit := s.driver.Emit
	s.driver.Emit = func(m *event.Message) error {
		defer func() {
			if n := len(s.got); n%2 == 0 && n < 8 {
				s.add(n/2+1, n/2+1)
			} else if n == 8 {
				cancel()
			}
		}()
		return emit(m)
	}
	if err := s.driver.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.want(lines(1, 4))
	if n := len(s.files("new")) + len(s.files("cur")); n > 2 { // a note, and the last segment
		t.Errorf("%d files are left", n)
	}
}

// TestOnce ends, whatever a writer adds meanwhile.
func TestOnce(t *testing.T) {
	s := newSuite(t, 3)
	s.driver.Sent = func([]stage.Delivery) error {
		s.add(10, 10)
		return nil
	}
	s.check(s.run(s.command(s.dir, nil)))
	s.want(lines(1, 3))
	if n := len(s.files("new")); n != 3 {
		t.Errorf("%d segments are left", n)
	}
}

func TestLinesGoTheFastWay(t *testing.T) {
	s := newSuite(t, 3)
	var fast []string
	env := stage.Standalone()
	env.Pipeline = pipeline{lines: &fast}
	s.check(s.run(s.command(s.dir, env)))
	s.want(nil)
	want := strings.Fields(strings.Join(lines(1, 3), " "))
	if !slices.Equal(fast, want) {
		t.Errorf("got %q", fast)
	}
}

func TestBarePipeChangesNothing(t *testing.T) {
	s := newSuite(t, 2)
	s.check(os.Remove(filepath.Join(s.dir, ".id")))
	c := s.command(s.dir, stage.Standalone())
	for range 2 {
		s.check(c.Collect(t.Context(), s.driver.Emit))
		s.want(lines(1, 2))
	}
	if _, err := os.Stat(filepath.Join(s.dir, ".id")); err == nil {
		t.Error("an id was made")
	}
	s.check(c.Close())
}

func TestIdentity(t *testing.T) {
	s := newSuite(t, 1)
	link := filepath.Join(t.TempDir(), "link")
	s.check(os.Symlink(s.dir, link))
	first := s.command(s.dir, nil).Identity()
	if got := s.command(link, nil).Identity(); got != first || len(got) < 16 {
		t.Errorf("%q by a link, %q without", got, first)
	}
	c := s.command(s.dir, nil)
	c.Consumer = "a"
	if c.Identity() == first {
		t.Error("two consumers are one source")
	}
	other := newSuite(t, 1)
	if other.command(other.dir, nil).Identity() == first {
		t.Error("two spools are one source")
	}
	env := stage.Standalone()
	env.Pipeline = pipeline{}
	if err := (&Command{Dir: t.TempDir()}).Start(t.Context(), env); err == nil {
		t.Error("there is no spool, and no error")
	}
}
