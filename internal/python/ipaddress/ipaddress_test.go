package ipaddress

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// The tests compare with what Python does, see testdata/generate.py.

func TestNetwork(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "network.jsonl") {
		text := *row[0]
		p, ok := ParseNetwork(text)
		if ok != (row[1] != nil) {
			t.Errorf("ParseNetwork(%q) is %v", text, ok)
		}
		if !ok || row[1] == nil {
			continue
		}
		if got := ShortestNetwork(p, text); got != *row[1] {
			t.Errorf("%s: %s, want %s", text, got, *row[1])
		}
		if CanonicalIPv4Network(text) && text != *row[1] {
			t.Errorf("%s is called canonical and is not", text)
		}
	}
}

func TestFromInt(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "int.jsonl") {
		a, ok := FromInt(*row[0])
		if ok != (row[1] != nil) || ok && Shortest(a, "") != *row[1] {
			t.Errorf("%s: %s, %v", *row[0], Shortest(a, ""), ok)
		}
	}
}
