package deviations

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
)

func TestFilledUp(t *testing.T) {
	d := compare.Diff{Part: "ok", Want: "valid"}
	for _, test := range []struct {
		in, out string
		want    bool
	}{
		{"10:00", "2026-11-23T10:00:00+00:00", true},
		{"Sep 5", "2026-09-05T00:00:00+00:00", true},
		{"2020", "2020-11-23T00:00:00+00:00", true},
		{"13/02/2020", "2020-02-13T00:00:00+00:00", false},
		{"5 Sep 20", "2020-09-05T00:00:00+00:00", false},
	} {
		if got := filledUp(map[string]any{"type": "DateTime", "input": test.in, "output": test.out}, d); got != test.want {
			t.Errorf("%s: %v", test.in, got)
		}
	}
}
