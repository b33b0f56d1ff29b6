package streams

import (
	"slices"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/bench/data"
)

func TestEndless(t *testing.T) {
	for _, name := range endless {
		if !slices.ContainsFunc(data.Streams, func(s data.Stream) bool { return s.Command == name }) {
			t.Errorf("there is no stream for %s", name)
		}
	}
}
