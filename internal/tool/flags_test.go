package tool

import (
	"slices"
	"testing"
)

// TestSecretVariables names what a source takes out of the environment of its
// pipeline, whether or not a flag on the command line takes precedence.
func TestSecretVariables(t *testing.T) {
	env := map[string]string{
		"INTELPIPE_SECRET": "s", "INTELPIPE_EXPERT_PROBE_SECRET": "s", "INTELPIPE_OTHER_SECRET": "s",
		"INTELPIPE_TEXT": "t", "INTELPIPE_SECRET_FILE": "/a/path",
	}
	for _, c := range []struct {
		set  []string
		want []string
	}{
		{[]string{"INTELPIPE_SECRET", "INTELPIPE_EXPERT_PROBE_SECRET"}, []string{"INTELPIPE_EXPERT_PROBE_SECRET", "INTELPIPE_SECRET"}},
		{[]string{"INTELPIPE_SECRET"}, []string{"INTELPIPE_SECRET"}},
		{[]string{"INTELPIPE_TEXT", "INTELPIPE_OTHER_SECRET", "INTELPIPE_SECRET_FILE"}, nil},
	} {
		f := new(flags)
		spec := probes(nil)[0]
		if _, err := parser(&spec, spec.New(), f, func(name string) string {
			if slices.Contains(c.set, name) {
				return env[name]
			}
			return ""
		}); err != nil {
			t.Fatal(err)
		}
		if got := f.secretVariables(); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.set, got, c.want)
		}
	}
}
