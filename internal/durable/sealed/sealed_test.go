package sealed

import (
	"bytes"
	"testing"
)

// TestFlippedBit notices each bit of a line that is another one.
func TestFlippedBit(t *testing.T) {
	line := Line([]byte(`{"a b":1}`))
	if want := "2e997573 {\"a b\":1}\n"; string(line) != want {
		t.Errorf("%q, expected is %q", line, want)
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	if text, ok := Text(line); !ok || string(text) != `{"a b":1}` {
		t.Errorf("%q, %v", text, ok)
	}
	for bit := range 8 * len(line) {
		other := bytes.Clone(line)
		other[bit/8] ^= 1 << (bit % 8)
		if _, ok := Text(other); ok {
			t.Errorf("%q is taken for %q", other, line)
		}
	}
	for _, torn := range []string{"", " ", string(line[:12])} {
		if _, ok := Text([]byte(torn)); ok {
			t.Errorf("%q is taken for a line", torn)
		}
	}
}
