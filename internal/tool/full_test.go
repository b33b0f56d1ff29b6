package tool

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// slowLines gives one line at a time, and counts them.
type slowLines struct {
	lines []string
	given int
}

func (s *slowLines) Read(p []byte) (int, error) {
	if s.given == len(s.lines) {
		return 0, io.EOF
	}
	s.given++
	return copy(p, s.lines[s.given-1]), nil
}

// TestFullDump ends a stream when what fails has no place any longer. In a bare
// pipe that is before more is read, and what was read is passed on or kept; a
// source sends it again.
func TestFullDump(t *testing.T) {
	specs := probes(func(_ context.Context, _ *probe, m *event.Message, emit stage.Emit) error {
		if m.Has("extra.bad") {
			return errors.New("is bad")
		}
		return emit(m)
	})
	const good, bad = `{"extra.good":1}` + "\n", `{"extra.bad":1}` + "\n"
	in := &slowLines{lines: []string{good, bad + good + bad, good, bad, good}}
	r := run1(t, specs, []string{"expert-probe", "--dump-bytes", "200"}, nil, in)
	if r.exit != ExitBroken || in.given != 2 || r.stdout != good+good || strings.Count(r.dump, "is bad") != 2 || !strings.Contains(r.stderr, "expert-probe.dump has 200 bytes or more (--dump-bytes)") {
		t.Errorf("%d blocks read, %+v", in.given, r)
	}
	in = &slowLines{lines: []string{good}}
	if r := run1(t, specs, []string{"expert-probe", "--dump-bytes", "0"}, nil, in); r.exit != ExitBroken || in.given != 0 {
		t.Errorf("%d blocks read, %+v", in.given, r)
	}
	in = &slowLines{lines: []string{`{"__type":"Commit","id":"S:0:n"}` + "\n", bad + bad + bad + bad, `{"__type":"Checkpoint","id":"S:1:n"}` + "\n"}}
	r = run1(t, specs, []string{"expert-probe", "--dump-bytes", "200"}, map[string]string{stage.InPipeline: "S"}, in)
	if r.exit != ExitBroken || strings.Contains(r.stdout, "Checkpoint") || strings.Count(r.dump, "is bad") != 2 || !strings.Contains(r.stderr, "--dump-bytes") {
		t.Errorf("%+v", r)
	}
}

// TestDumpTime is the present time as the runtime has it.
func TestDumpTime(t *testing.T) {
	r := run1(t, probes(nil), []string{"expert-probe"}, map[string]string{"INTELPIPE_NOW": "2026-01-31T12:00:00Z"}, strings.NewReader("{\n"))
	if !strings.Contains(r.dump, `"time":"2026-01-31T12:00:00.000000Z",`) {
		t.Errorf("%+v", r)
	}
}
