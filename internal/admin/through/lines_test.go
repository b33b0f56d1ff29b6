package through

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestMessagesAreGivenAway: a message that was emitted is no longer ours. The runtime
// lends it to the next one who asks.
func TestMessagesAreGivenAway(t *testing.T) {
	c := &Command{Command: []word{"cat"}, env: stage.Standalone()}
	c.out = []byte("{\"comment\":\"a\"}\n\n{\"comment\":\"b\"}\n{\"comment\":")
	var taken []*event.Message
	if err := c.lines(true, func(m *event.Message) error { taken = append(taken, m); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(taken) != 3 || taken[0] == taken[1] || taken[0].Get("comment") != "a" || taken[1].Get("comment") != "b" || taken[2].Err() == nil {
		t.Errorf("%v", taken)
	}
	if place := taken[1].Place(); place.File != "cat" || place.Line != 3 {
		t.Errorf("the second is from %v", place)
	}
}
