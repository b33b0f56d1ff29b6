package str

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	for _, row := range golden.Read[[4]string](t, "case.jsonl") {
		text := row[0]
		if got := Strip(text); got != row[1] {
			t.Errorf("Strip(%q) = %q, want %q", text, got, row[1])
		}
		if got := Lower(text); got != row[2] {
			t.Errorf("Lower(%q) = %q, want %q", text, got, row[2])
		}
		if got := Upper(text); got != row[3] {
			t.Errorf("Upper(%q) = %q, want %q", text, got, row[3])
		}
	}
}

func TestASCII(t *testing.T) {
	for _, c := range []struct {
		text                    string
		ascii, noUpper, noLower bool
	}{
		{"", true, true, true}, {"a", true, true, false}, {"Z", true, false, true}, {"12345678@[`{", true, true, true},
		{"abcdefghijklm", true, true, false}, {"abcdefgHijklm", true, false, false}, {"ABCDEFGHIJKLM", true, false, true},
		{"12345678é", false, false, false}, {"é12345678", false, false, false}, {"\x7f\x00", true, true, true},
	} {
		if IsASCII(c.text) != c.ascii || NoUpper(c.text) != c.noUpper || NoLower(c.text) != c.noLower {
			t.Errorf("%q: %v, %v, %v", c.text, IsASCII(c.text), NoUpper(c.text), NoLower(c.text))
		}
	}
	if got := Clean(" a\xffb\xc3 "); got != "ab" {
		t.Errorf("Clean = %q", got)
	}
}
