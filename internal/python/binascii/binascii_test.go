package binascii

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	for _, row := range golden.Read[[2]any](t, "base64.jsonl") {
		if text := row[0].(string); DecodesBase64(text) != row[1] {
			t.Errorf("%q: %v, want %v", text, !row[1].(bool), row[1])
		}
	}
}
