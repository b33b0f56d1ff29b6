package timeformat

import (
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
)

func TestParse(t *testing.T) {
	num := harmonization.JSON
	for _, c := range []struct {
		spec string
		in   harmonization.Value
		want string // nothing: refused; "null": ignored
	}{
		{"timestamp", num("1441008970"), "2015-08-31T08:16:10+00:00"},
		{"timestamp", harmonization.Text("1441008970.5"), "2015-08-31T08:16:10.500000+00:00"},
		{"timestamp", num("-1.5"), "1969-12-31T23:59:58.500000+00:00"},
		{"timestamp", harmonization.Text("soon"), ""},
		{"timestamp", num("1e15"), ""},
		{"windows_nt", num("129410017915727600"), "2011-02-01T02:43:11.572760+00:00"},
		{"windows_nt", num("-1"), "1600-12-31T23:59:59.999999+00:00"},
		{"windows_nt", harmonization.Text("x"), ""},
		{"epoch_millis", num("1441008970"), "2015-08-31T08:16:10+00:00"},
		{"epoch_millis", harmonization.Text("1441008970999"), "2015-08-31T08:16:10+00:00"},
		{"epoch_millis", num("144100897099"), "2015-08-31T08:16:10+00:00"},
		{"epoch_millis", num("14410089"), "null"},
		{"epoch_millis", harmonization.Text("x"), ""},
		{"from_format|%Y-%m-%d %H:%M", harmonization.Text("2020-01-02 03:04"), "2020-01-02T03:04:00+00:00"},
		{"from_format|%d.%m.%y", harmonization.Text("1.2.68"), "2068-02-01T00:00:00+00:00"},
		{"from_format|%d.%m.%y", harmonization.Text("1.2.69"), "1969-02-01T00:00:00+00:00"},
		{"from_format|%Y-%m-%dT%H:%M:%S.%f%z", harmonization.Text("2020-01-02T03:04:05.6+0130"), "2020-01-02T01:34:05.600000+00:00"},
		{"from_format|%Y-%m-%d %H:%M %Z", harmonization.Text("2020-01-02 03:04 CET"), "2020-01-02T02:04:00+00:00"},
		{"from_format|%A, %d %B %Y %I:%M %p", harmonization.Text("thursday,  2 JANUARY 2020 12:04 AM"), "2020-01-02T00:04:00+00:00"},
		{"from_format|%a %b %d %Y %I%p", harmonization.Text("Thu Jan 02 2020 3PM"), "2020-01-02T15:00:00+00:00"},
		{"from_format|%Y%j", harmonization.Text("2020366"), "2020-12-31T00:00:00+00:00"},
		{"from_format|%d%m%Y", harmonization.Text("1112020"), "2020-01-11T00:00:00+00:00"},
		{"from_format|%H%%%M", harmonization.Text("10%30"), "1900-01-01T10:30:00+00:00"},
		{"from_format|%Y-%m-%d", harmonization.Text("2020-01-02 "), ""},
		{"from_format|%Y-%m-%d", harmonization.Text("2020-01-02 nonsense"), ""},
		{"from_format|%Y-%m-%d %H:%M %Z", harmonization.Text("2020-07-02 03:04 Europe/Vienna"), "2020-07-02T01:04:00+00:00"},
		{"from_format|%Y-%m-%d %H:%M %Z", harmonization.Text("2020-07-02 03:04 America/Argentina/Buenos_Aires"), "2020-07-02T06:04:00+00:00"},
		{"from_format|%Y-%m-%d %H:%M %Z", harmonization.Text("2020-07-02 03:04 Mars/Phobos"), ""},
		{"from_format|%Y-%m-%d %H:%M %Z", harmonization.Text("2020-07-02 03:04 IST"), ""},
		{"from_format|%Z %Y-%m-%d", harmonization.Text("Asia/Tokyo 2020-07-02"), "2020-07-01T15:00:00+00:00"},
		{"from_format|%Y-%m-%d", harmonization.Text("2020-02-30"), ""},
		{"from_format|%b", harmonization.Text("January"), ""},
		{"from_format|%Y", num("2020"), "2020-01-01T00:00:00+00:00"},
		{"from_format_midnight|%Y-%m-%d %H:%M%z", harmonization.Text("2020-01-02 03:04+0500"), "2020-01-02T00:00:00+00:00"},
		{"utc_isoformat", harmonization.Text("2020-01-02T03:04:05.001+00:00"), "2020-01-02T03:04:05.001+00:00"},
		{"utc_isoformat", harmonization.Text("2020-01-02T03:04:05Z"), ""},
		{"fuzzy", harmonization.Text("2 Jan 2020"), "2020-01-02T00:00:00+00:00"},
		{"", harmonization.Text("2 Jan 2020"), "2020-01-02T00:00:00+00:00"},
		{"", harmonization.Value{}, ""},
	} {
		convert, err := Parse(c.spec)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := convert(c.in, nil)
		if err == nil && got == (harmonization.Value{}) {
			got.Text = "null"
		}
		if got.Text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s of %v: %v, %v, want %s", c.spec, c.in, got, err, c.want)
		}
	}
	for _, spec := range []string{"from_format", "from_format|", "from_format_midnight", "timestamp|%Y", "fuzzy|x", "nonsense",
		"from_format|%Q", "from_format|%", "from_format|%Y %Y", "from_format|%s", "from_format|%d.%m.%Y %H:%M|nonsense",
		"from_format_midnight|%Y|", "windows_nt|12x", "epoch_milis"} {
		if _, err := Parse(spec); err == nil {
			t.Errorf("Parse(%s) is no error", spec)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ spec, in, want string }{
		{"from_format|%d.%m.%Y %H:%M|nonsense", "", `time format "from_format|%d.%m.%Y %H:%M|nonsense": nothing may follow the format, but "|nonsense" does`},
		{"epoch_milis", "", `time format "epoch_milis": unknown conversion; did you mean epoch_millis?`},
		{"windows_nt|12x", "", `time format "windows_nt|12x": windows_nt takes no format`},
		{"from_format|%d.%m.%Y", "24.11.2026 foo", `not a valid time, " foo" is left over by %d.%m.%Y: "24.11.2026 foo"`},
		{"from_format|%d.%m.%Y", "24/11/2026", `not a valid time, it does not fit %d.%m.%Y: "24/11/2026"`},
		{"from_format|%d.%m.%Y", "30.02.2026", `not a valid time, there is no such day or time of day: "30.02.2026"`},
		{"timestamp", "1441008970x", `not a valid time, seconds since 1970 are expected: "1441008970x"`},
		{"windows_nt", "12x", `not a valid time, units of 100 ns since 1601 are expected: "12x"`},
		{"epoch_millis", "1441008970999 CET", `not a valid time, seconds or milliseconds since 1970 are expected: "1441008970999 CET"`},
		{"utc_isoformat", "2020-01-02", `not a valid time, a time such as 2020-01-02T03:04:05+00:00 is expected: "2020-01-02"`},
		{"fuzzy", "2020-01-02 foo", `not a valid DateTime: "2020-01-02 foo"; "foo" is not understood`},
	} {
		convert, err := Parse(c.spec)
		if err == nil {
			_, err = convert(harmonization.Text(c.in), nil)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
	if _, err := ParseRelative("3 dayz ago"); err == nil || err.Error() != `not a span of time such as "3 days": "3 dayz ago"; "dayz ago" is none of second, minute, hour, day, week, month and year` {
		t.Error(err)
	}
}

func TestParseRelative(t *testing.T) {
	const day = 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"1 hour": time.Hour, "5 minutes": 5 * time.Minute, " 90  seconds ": 90 * time.Second, "3 days": 3 * day,
		"2 weeks": 14 * day, "6 months": 180 * day, "1 year": 365 * day, "0 days": 0,
	} {
		if got, err := ParseRelative(s); err != nil || got != want {
			t.Errorf("ParseRelative(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "3days", "-1 day", "1.5 hours", "1 hou", "1 µs", "day", "1", "1 dayss", "999999999999 years"} {
		if got, err := ParseRelative(s); err == nil {
			t.Errorf("ParseRelative(%q) = %v, want an error", s, got)
		}
	}
}

func TestReading(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"from_format|%d.%m.%Y %H:%M", "fuzzy"} {
		convert, err := Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := convert(harmonization.Text("24.07.2026 18:05"), &harmonization.Reading{Location: vienna})
		if want := "2026-07-24T16:05:00+00:00"; err != nil || got.Text != want {
			t.Errorf("%s: %v, %v, want %s", spec, got, err, want)
		}
	}
	convert, _ := Parse("from_format|%d.%m.%Y %H:%M%z")
	if got, err := convert(harmonization.Text("24.07.2026 18:05+0000"), &harmonization.Reading{Location: vienna}); err != nil || got.Text != "2026-07-24T18:05:00+00:00" {
		t.Errorf("%v, %v", got, err)
	}
}
