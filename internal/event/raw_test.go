package event

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/intelpipe/intelpipe/harmonization"
)

// TestPeek: what was peeked at is read all the same, by Raw, by Absorb and as a line.
func TestPeek(t *testing.T) {
	const content = "1234567890"
	text := New(Report, harmonization.Default())
	text.SetRaw([]byte(content))
	for name, read := range map[string]func(m *Message) string{
		"Raw": func(m *Message) string { all, _ := io.ReadAll(m.Raw()); return string(all) },
		"Absorb": func(m *Message) string {
			if err := m.Absorb(100); err != nil {
				t.Error(err)
			}
			all, _ := io.ReadAll(m.Raw())
			return string(all)
		},
		"WriteTo": func(m *Message) string {
			var b strings.Builder
			m.WriteTo(&b)
			again := New(Report, harmonization.Default())
			if err := again.Decode([]byte(strings.TrimSuffix(b.String(), "\n"))); err != nil {
				t.Fatal(err)
			}
			all, _ := io.ReadAll(again.Raw())
			return string(all)
		},
	} {
		m := New(Report, harmonization.Default())
		m.SetBody(iotest.OneByteReader(strings.NewReader(content)))
		for _, n := range []int{3, 1, 4, 0} {
			if got := string(m.Peek(n)); got != content[:n] {
				t.Errorf("%s: peeked at %q", name, got)
			}
		}
		if got := read(m); got != content {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := string(text.Peek(4)) + string(text.Peek(99)); got != content[:4]+content {
		t.Errorf("of a message in memory: %q", got)
	}
}
