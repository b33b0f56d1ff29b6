package timeformat

import (
	"testing"
	"time"
)

func TestParseLimit(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"30s":              now.Add(-30 * time.Second),
		"5m":               now.Add(-5 * time.Minute),
		"12h":              now.Add(-12 * time.Hour),
		"30d":              now.AddDate(0, 0, -30),
		"2w":               now.AddDate(0, 0, -14),
		"10 h":             now.Add(-10 * time.Hour),
		"2 weeks":          now.AddDate(0, 0, -14),
		"0d":               now,
		"2026-01-02":       time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02 03:04": time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
	} {
		l, err := ParseLimit(text)
		if err != nil || !l.Given() || !l.At(now).Equal(want) {
			t.Errorf("%q: %v, %v; expected is %v", text, l.At(now), err, want)
		}
	}
	for _, text := range []string{"d", "3x", "3dd", "-3d", "3 d d", "soon", "99999999999999999999d"} {
		if l, err := ParseLimit(text); err == nil {
			t.Errorf("%q: %v", text, l.At(now))
		}
	}
	if l, err := ParseLimit(""); err != nil || l.Given() {
		t.Errorf("nothing: %v, %v", l, err)
	}
}
