package idna

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "toascii.jsonl") {
		got, ok := asciiLabel(*row[0])
		if ok = ok && len(got) < 64; ok != (row[1] != nil) || ok && got != *row[1] {
			t.Errorf("%q: %q, %v", *row[0], got, ok)
		}
	}
}

func TestHost(t *testing.T) {
	for name, want := range map[string]string{
		"WWW.Example.ORG.": "www.example.org", "": "", ".": "", "a..b": "a..b", "Bücher.example.": "xn--bcher-kva.example",
		" straße.example ": "strasse.example", "例え。example": "xn--r8jz45g.example", "ü..example": "refused", "xn--ü": "refused",
	} {
		got, ok := Host(name)
		if !ok {
			got = "refused"
		}
		if got != want {
			t.Errorf("Host(%q) = %q, want %q", name, got, want)
		}
	}
}
