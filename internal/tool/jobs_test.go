package tool

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// router sends every other message on a side path, and lets others overtake.
type router struct{ side stage.Route }

func (r *router) Paths() []string { return []string{"side"} }
func (r *router) Concurrent()     {}

func (r *router) Start(_ context.Context, env *stage.Env) error {
	r.side = env.Path("side")
	return nil
}

func (r *router) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	n := len(m.Get("comment"))
	for range n % 3 {
		runtime.Gosched()
	}
	switch n % 7 {
	case 0:
		return fmt.Errorf("seven of %d", n)
	case 1, 3, 5:
		return r.side(m, emit)
	}
	return emit(m)
}

// TestJobsOnSidePaths: what several workers send on a side path arrives there in
// the order in which it came, all of it, and what fails is dumped with its line.
func TestJobsOnSidePaths(t *testing.T) {
	const events = 20_000
	var in strings.Builder
	for n := 1; n <= events; n++ {
		fmt.Fprintf(&in, `{"extra.n":%d,"comment":"%s"}`+"\n", n, strings.Repeat("x", n%50+1))
	}
	specs := []Spec{{Name: "expert-router", New: func() any { return new(router) }}}
	for round := range 5 {
		side := filepath.Join(t.TempDir(), "side.ndjson")
		r := run1(t, specs, []string{"expert-router", "--jobs", "8", "--to", "side=" + side}, nil, strings.NewReader(in.String()))
		text, err := os.ReadFile(side)
		if err != nil {
			t.Fatal(err)
		}
		aside, passed := strings.Split(strings.TrimSpace(string(text)), "\n"), strings.Split(strings.TrimSpace(r.stdout), "\n")
		next := [2]int{}
		var failed []int
		for n := 1; n <= events; n++ {
			start := fmt.Sprintf(`{"extra.n":%d,`, n)
			switch (n%50 + 1) % 7 {
			case 0:
				failed = append(failed, n)
			case 1, 3, 5:
				if next[0] >= len(aside) || !strings.HasPrefix(aside[next[0]], start) {
					t.Fatalf("round %d: %d is not where it should be in the side file of %d lines", round, n, len(aside))
				}
				next[0]++
			default:
				if next[1] >= len(passed) || !strings.HasPrefix(passed[next[1]], start) {
					t.Fatalf("round %d: %d is not where it should be in the output of %d lines", round, n, len(passed))
				}
				next[1]++
			}
		}
		if next[0] != len(aside) || next[1] != len(passed) || r.exit != ExitFailed {
			t.Fatalf("round %d: %d and %d lines, exit %d", round, len(aside), len(passed), r.exit)
		}
		if want := fmt.Sprintf("expert-router: stdin:%d: seven of %d\n", failed[0], failed[0]%50+1); !strings.HasPrefix(r.stderr, want) {
			t.Errorf("round %d: %.200s", round, r.stderr)
		}
	}
}
