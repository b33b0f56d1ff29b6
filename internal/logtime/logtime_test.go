package logtime

import (
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
)

func TestParse(t *testing.T) {
	now := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	for _, test := range []struct{ text, zone, want string }{
		{"1769854830", "", "2026-01-31T10:20:30+00:00"},
		{"1769854830.25", "", "2026-01-31T10:20:30.250000+00:00"},
		{"1769854830123", "", "2026-01-31T10:20:30.123000+00:00"},
		{"1769854830123456", "", "2026-01-31T10:20:30.123456+00:00"},
		{"1769854830123456789", "", "2026-01-31T10:20:30.123456+00:00"},
		{"Jan 31 2026 10:20:30.123", "", "2026-01-31T10:20:30.123000+00:00"},
		{"Jan 31 2026 10:20:30", "Europe/Berlin", "2026-01-31T09:20:30+00:00"},
		{"Jan 31 2026 10:20:30", "-0500", "2026-01-31T15:20:30+00:00"},
		{"Jan 31 2026 10:20:30 GMT+01:00", "Europe/Moscow", "2026-01-31T09:20:30+00:00"},
		{"Jan 31 2026 10:20:30.5 EST", "", "2026-01-31T15:20:30.500000+00:00"},
		{"2026-01-31 10:20:30", "", "2026-01-31T10:20:30+00:00"},
		{"2026-01-31T10:20:30+01:00", "CET", "2026-01-31T09:20:30+00:00"},
		{"Jan 31 10:20:30", "", "2026-01-31T10:20:30+00:00"},
		{"Jan 31 10:20:30", "CET", "2026-01-31T09:20:30+00:00"},
		{"Dec 31 22:59:59.5 UTC", "", "2026-12-31T22:59:59.500000+00:00"},
		{"Jan  1 00:30:00 CET", "", "2026-12-31T23:30:00+00:00"},
		{"Jan 2 10:20:30", "", "2026-01-02T10:20:30+00:00"},
		{"Feb 29 10:20:30", "", "2024-02-29T10:20:30+00:00"},
		{"Feb 30 10:20:30", "", ""},
		{"Jan 31 2026 10:20:30 XYZ", "", ""},
		{"Jan 31 10:20:30 XYZ", "", ""},
		{"Jan 31 2026 10:20:30", "nowhere", ""},
		{"soon", "", ""},
		{"", "", ""},
		{"17698548301234567890", "", ""},
	} {
		v, err := Parse(test.text, test.zone, now, nil)
		if v.Text != test.want || err == nil != (test.want != "") {
			t.Errorf("%q %q: got %q %v, want %q", test.text, test.zone, v.Text, err, test.want)
		}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	if v, _ := Parse("Jan 31 10:20:30", "", now, &harmonization.Reading{Location: berlin}); v.Text != "2026-01-31T09:20:30+00:00" {
		t.Errorf("with a reading: got %q", v.Text)
	}
}

func TestHeader(t *testing.T) {
	for text, want := range map[string]string{
		"<13>Jan 31 10:20:30 host ":                           "Jan 31 10:20:30",
		"Jan  1 10:20:30 host app: ":                          "Jan 1 10:20:30",
		"<13>Jan 31 2026 10:20:30 host ":                      "Jan 31 2026 10:20:30",
		"<13>1 2026-01-31T10:20:30.123+01:00 host app - - - ": "2026-01-31T10:20:30.123+01:00",
		"2026-01-31T10:20:30Z host ":                          "2026-01-31T10:20:30Z",
		"<13>1 - host app - - - ":                             "",
		"host ":                                               "",
		"<13":                                                 "",
		"":                                                    "",
	} {
		if got := Header(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
