package harmonization

import (
	"testing"
	"time"
)

// TestReading reads texts that leave open which place or which order they
// mean.
func TestReading(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	apia, err := time.LoadLocation("Pacific/Apia")
	if err != nil {
		t.Fatal(err)
	}
	field, _ := Default().Field(Event, "time.source")
	for _, c := range []struct {
		reading  *Reading
		in, want string
	}{
		{nil, "2026-11-24 18:05", "2026-11-24T18:05:00+00:00"},
		{&Reading{}, "11/12/2026", "2026-11-12T00:00:00+00:00"},
		{&Reading{Location: time.UTC}, "2026-11-24 18:05", "2026-11-24T18:05:00+00:00"},
		{&Reading{Location: vienna}, "2026-11-24 18:05", "2026-11-24T17:05:00+00:00"},
		{&Reading{Location: vienna}, "2026-07-24T18:05:00.5", "2026-07-24T16:05:00.500000+00:00"},
		{&Reading{Location: vienna}, "24 July 2026 6:05 pm", "2026-07-24T16:05:00+00:00"},
		{&Reading{Location: vienna}, "2026-11-24", "2026-11-23T23:00:00+00:00"},
		{&Reading{Location: vienna}, "20261124", "2026-11-23T23:00:00+00:00"},
		{&Reading{Location: vienna}, "2026-11-24T18:05:00+00:00", "2026-11-24T18:05:00+00:00"},
		{&Reading{Location: vienna}, "2026-11-24 18:05Z", "2026-11-24T18:05:00+00:00"},
		{&Reading{Location: vienna}, "2026-11-24 18:05 +0300", "2026-11-24T15:05:00+00:00"},
		{&Reading{Location: vienna}, "24 Nov 2026 18:05 GMT", "2026-11-24T18:05:00+00:00"},
		{&Reading{Location: vienna}, "24 Nov 2026 18:05 EST", "2026-11-24T23:05:00+00:00"},
		// The clocks go from 2 to 3 on 29 March, and from 3 to 2 on 25 October.
		{&Reading{Location: vienna}, "2026-03-29 01:59:59", "2026-03-29T00:59:59+00:00"},
		{&Reading{Location: vienna}, "2026-03-29 02:30", "2026-03-29T01:30:00+00:00"},
		{&Reading{Location: vienna}, "2026-03-29 03:00", "2026-03-29T01:00:00+00:00"},
		{&Reading{Location: vienna}, "2026-10-25 02:30", "2026-10-25T00:30:00+00:00"},
		{&Reading{Location: vienna}, "2026-10-25 03:00", "2026-10-25T02:00:00+00:00"},
		// Samoa left out 30 December 2011.
		{&Reading{Location: apia}, "2011-12-29 12:00", "2011-12-29T22:00:00+00:00"},
		{&Reading{Location: apia}, "2011-12-31 12:00", "2011-12-30T22:00:00+00:00"},
		{&Reading{Location: vienna}, "0001-01-01 00:00", ""},
		{&Reading{DayFirst: true}, "11/12/2026", "2026-12-11T00:00:00+00:00"},
		{&Reading{DayFirst: true}, "11.12.2026 10:00", "2026-12-11T10:00:00+00:00"},
		{&Reading{DayFirst: true}, "11-12-26", "2026-12-11T00:00:00+00:00"},
		{&Reading{DayFirst: true}, "24.11.2026", "2026-11-24T00:00:00+00:00"},
		{&Reading{DayFirst: true}, "11/24/2026", ""},
		{&Reading{DayFirst: true}, "2026-11-12", "2026-11-12T00:00:00+00:00"},
		{&Reading{DayFirst: true}, "2026/11/12 10:00", "2026-11-12T10:00:00+00:00"},
		{&Reading{DayFirst: true}, "20261112", "2026-11-12T00:00:00+00:00"},
		{&Reading{DayFirst: true}, "Nov 12, 2026", "2026-11-12T00:00:00+00:00"},
		{&Reading{Location: vienna, DayFirst: true}, "11.12.2026 18:05", "2026-12-11T17:05:00+00:00"},
	} {
		got, err := field.SanitiseAs(Text(c.in), c.reading)
		if got.Text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %v, %v, want %s", c.in, got, err, c.want)
		}
	}
	port, _ := Default().Field(Event, "source.port")
	if got, err := port.SanitiseAs(Text("443"), &Reading{Location: vienna}); err != nil || got != Int(443) {
		t.Errorf("%v, %v", got, err)
	}
}
