package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// TestOtherFields bounds what is kept of keys that come out of events.
func TestOtherFields(t *testing.T) {
	r := NewRun(harmonization.Default(), 0)
	for i := range 3 * maxOthers {
		m := event.New(event.Event, nil)
		key := fmt.Sprintf("extra.k%d", i)
		m.Set(key, "x")
		r.Begin(m)
		if f := r.Field(key); !r.Read(f) || f.Value.Text != "x" {
			t.Fatalf("%s: %+v", key, f.Value)
		}
	}
	if len(r.others) > maxOthers {
		t.Errorf("%d fields are kept", len(r.others))
	}
}

// TestVersions: a value has the version that it had while it is the same, and a new one
// otherwise.
func TestVersions(t *testing.T) {
	r := NewRun(harmonization.Default(), 0)
	comment, status := NewField("comment", harmonization.Default()), NewField("status", harmonization.Default())
	seen := map[uint64]string{}
	for i, line := range []string{`{"comment":"a"}`, `{"comment":"a","status":"a"}`, `{}`, `{"comment":"a"}`, `{"comment":"b"}`, `{"comment":"\u0062"}`} {
		m := event.New(event.Event, nil)
		if err := m.Decode([]byte(line)); err != nil {
			t.Fatal(err)
		}
		r.Begin(m)
		for _, f := range []*Field{comment, status} {
			if !r.Read(f) {
				continue
			}
			is := f.Key + string(m.JSON(f.Key))
			if was, ok := seen[f.Version]; ok && was != is || !ok && i == 3 {
				t.Errorf("line %d: %s is version %d, which was %s", i, is, f.Version, was)
			}
			seen[f.Version] = is
		}
	}
	if len(seen) != 4 {
		t.Errorf("versions: %v", seen)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1", "2", -1}, {"100", "100.0", 0}, {"100", "1e2", 0}, {"+5", "5", 0}, {"-0", "0.0", 0}, {"1.5", "1.25", 1},
		{"9007199254740993", "9007199254740992.0", 1}, {"9223372036854775807", "9223372036854775808", -1},
		{"18446744073709551616", "1.8446744073709551616e19", 0}, {"18446744073709551617", "1.8446744073709551616e19", 1},
		{"1e400", "99999999999999999999999999", 1}, {"-1e400", "-1e308", -1}, {"0.1", "0.1000000000000000055511151231257827", 0},
	} {
		a, ok := ParseNumber(c.a)
		b, ok2 := ParseNumber(c.b)
		if got := a.Compare(b); !ok || !ok2 || got != c.want || b.Compare(a) != -c.want || (a == b) != (c.want == 0) {
			t.Errorf("%s and %s: %d", c.a, c.b, got)
		}
	}
	for _, text := range []string{"", "x", "0x10", "1_000", "--1", "NaN", "1e", strings.Repeat("9", maxDigits+1)} {
		if n, ok := ParseNumber(text); ok {
			t.Errorf("%.20q is %v", text, n)
		}
	}
}
