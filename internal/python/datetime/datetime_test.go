package datetime

import (
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// TestStrptime compares with what Python does, see testdata/generate.py.
func TestStrptime(t *testing.T) {
	for _, row := range golden.Read[[3]*string](t, "strptime.jsonl") {
		layout, err := ParseLayout(*row[0])
		if err != nil {
			t.Fatal(err)
		}
		got, read := "", false
		if m, err := layout.Parse(*row[1]); err == nil {
			var at time.Time
			at, read = m.UTC()
			got = Format(at)
		}
		if read != (row[2] != nil) || read && got != *row[2] {
			want := "an error"
			if row[2] != nil {
				want = *row[2]
			}
			t.Errorf("%q of %q: %s, %v, want %s", *row[0], *row[1], got, read, want)
		}
	}
}

func TestFormat(t *testing.T) {
	at := time.Date(2020, 1, 2, 3, 4, 5, 120_000_999, time.FixedZone("", 3600))
	if got, want := Format(at), "2020-01-02T02:04:05.120000+00:00"; got != want {
		t.Errorf("Format = %s, want %s", got, want)
	}
}

func FuzzStrptime(f *testing.F) {
	f.Add("%d%m%Y %H:%M:%S.%f%z", "01022020 10:00:00.5+0100")
	f.Add("%c %Z %p %I %j", "")
	f.Add("%H:%M:%f%z", "0:0:0+:0::0")
	f.Fuzz(func(t *testing.T, format, text string) {
		layout, err := ParseLayout(format)
		if err != nil || len(format) > 60 || len(text) > 60 {
			return
		}
		m, err := layout.Parse(text)
		if err != nil {
			return
		}
		if at, ok := m.UTC(); ok && !Canonical(Format(at)) {
			t.Fatalf("%q of %q is %v", format, text, at)
		}
	})
}

func TestZone(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]int{
		"UTC": 0, "Z": 0, "GMT": 0, "+02:00": 7200, "-0330": -12600, "+05": 18000, "Europe/Vienna": 7200, "CET": 7200,
		"America/Argentina/Buenos_Aires": -10800, "Etc/GMT+3": -10800, "America/Port-au-Prince": -14400, "Japan": 32400,
	} {
		for range 2 {
			place, err := Zone(name)
			if err != nil {
				t.Error(err)
				continue
			}
			if _, got := noon.In(place).Zone(); got != want {
				t.Errorf("%s: %d, want %d", name, got, want)
			}
		}
	}
	for _, name := range []string{"", "Local", "localtime", "Europe", "Europe/", "Europe//Vienna", "../Europe/Vienna", "/etc/localtime",
		"posix/Europe/Vienna", "right/UTC", "europe/vienna", "Europe/Wien", "Mars/Phobos", "zone.tab", "+2", "+99:00", "nonsense"} {
		if place, err := Zone(name); err == nil {
			t.Errorf("%s: %v, want an error", name, place)
		}
	}
}
