package limit

import (
	"context"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestWindow counts anew for each kind when its window has ended, and after the clock was
// set back by more.
func TestWindow(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	env := stage.Standalone()
	env.Now = func() time.Time { return now }
	c := &Command{Count: 2, Fields: []string{"comment"}, Window: "1 minute"}
	if err := c.Start(ctx, env); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, step := range []struct {
		after   time.Duration
		comment string
		passes  bool
	}{
		{0, "a", true},
		{59 * time.Second, "a", true},
		{0, "b", true},
		{time.Second, "a", false},
		{time.Millisecond, "a", true},
		{0, "b", true},
		{0, "b", false},
		{59 * time.Second, "a", true},
		{0, "a", false},
		{0, "b", true},
		{time.Second, "b", true},
		{-time.Hour, "b", true},
		{0, "b", true},
		{0, "b", false},
	} {
		now = now.Add(step.after)
		m := event.New(event.Event, nil)
		m.Set("comment", step.comment)
		passed := false
		if err := c.Process(ctx, m, func(*event.Message) error { passed = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if passed != step.passes {
			t.Errorf("step %d, %s: passes %v", i+1, step.comment, passed)
		}
	}
}
