package harmonization

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"
)

// TestFuzzyTimes reads testdata/fuzzy.txt: a text, a tab, and the time in it.
func TestFuzzyTimes(t *testing.T) {
	f, err := os.Open("testdata/fuzzy.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	typ, _ := Type("DateTime")
	s := bufio.NewScanner(f)
	for s.Scan() {
		in, want, ok := strings.Cut(s.Text(), "\t")
		if !ok {
			t.Fatalf("no tab: %s", s.Text())
		}
		got, err := typ.Sanitise(Text(in))
		if err != nil {
			got.Text = "no time"
		}
		if got.Text != want {
			t.Errorf("%s: %s, want %s", in, got.Text, want)
		}
	}
}

func TestTimeConverter(t *testing.T) {
	num := func(s string) Value { return Value{Number, s} }
	for _, c := range []struct {
		spec string
		in   Value
		want string // nothing: refused; "null": ignored
	}{
		{"timestamp", num("1441008970"), "2015-08-31T08:16:10+00:00"},
		{"timestamp", Text("1441008970.5"), "2015-08-31T08:16:10.500000+00:00"},
		{"timestamp", num("-1.5"), "1969-12-31T23:59:58.500000+00:00"},
		{"timestamp", Text("soon"), ""},
		{"timestamp", num("1e15"), ""},
		{"windows_nt", num("129410017915727600"), "2011-02-01T02:43:11.572760+00:00"},
		{"windows_nt", num("-1"), "1600-12-31T23:59:59.999999+00:00"},
		{"windows_nt", Text("x"), ""},
		{"epoch_millis", num("1441008970"), "2015-08-31T08:16:10+00:00"},
		{"epoch_millis", Text("1441008970999"), "2015-08-31T08:16:10+00:00"},
		{"epoch_millis", num("144100897099"), "2015-08-31T08:16:10+00:00"},
		{"epoch_millis", num("14410089"), "null"},
		{"epoch_millis", Text("x"), ""},
		{"from_format|%Y-%m-%d %H:%M", Text("2020-01-02 03:04"), "2020-01-02T03:04:00+00:00"},
		{"from_format|%d.%m.%y", Text("1.2.68"), "2068-02-01T00:00:00+00:00"},
		{"from_format|%d.%m.%y", Text("1.2.69"), "1969-02-01T00:00:00+00:00"},
		{"from_format|%Y-%m-%dT%H:%M:%S.%f%z", Text("2020-01-02T03:04:05.6+0130"), "2020-01-02T01:34:05.600000+00:00"},
		{"from_format|%Y-%m-%d %H:%M %Z", Text("2020-01-02 03:04 CET"), "2020-01-02T02:04:00+00:00"},
		{"from_format|%A, %d %B %Y %I:%M %p", Text("thursday,  2 JANUARY 2020 12:04 AM"), "2020-01-02T00:04:00+00:00"},
		{"from_format|%a %b %d %Y %I%p", Text("Thu Jan 02 2020 3PM"), "2020-01-02T15:00:00+00:00"},
		{"from_format|%Y%j", Text("2020366"), "2020-12-31T00:00:00+00:00"},
		{"from_format|%d%m%Y", Text("1112020"), "2020-01-11T00:00:00+00:00"},
		{"from_format|%H%%%M|ignored", Text("10%30"), "1900-01-01T10:30:00+00:00"},
		{"from_format|%Y-%m-%d", Text("2020-01-02 "), ""},
		{"from_format|%Y-%m-%d", Text("2020-02-30"), ""},
		{"from_format|%b", Text("January"), ""},
		{"from_format|%Y", num("2020"), "2020-01-01T00:00:00+00:00"},
		{"from_format_midnight|%Y-%m-%d %H:%M%z", Text("2020-01-02 03:04+0500"), "2020-01-02T00:00:00+00:00"},
		{"utc_isoformat", Text("2020-01-02T03:04:05.001+00:00"), "2020-01-02T03:04:05.001+00:00"},
		{"utc_isoformat", Text("2020-01-02T03:04:05Z"), ""},
		{"fuzzy", Text("2 Jan 2020"), "2020-01-02T00:00:00+00:00"},
		{"", Text("2 Jan 2020"), "2020-01-02T00:00:00+00:00"},
		{"", Value{}, ""},
	} {
		convert, err := TimeConverter(c.spec)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := convert(c.in)
		if err == nil && got == (Value{}) {
			got.Text = "null"
		}
		if got.Text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s of %v: %v, %v, want %s", c.spec, c.in, got, err, c.want)
		}
	}
	for _, spec := range []string{"from_format", "from_format|", "from_format_midnight", "timestamp|%Y", "fuzzy|x", "nonsense",
		"from_format|%Q", "from_format|%", "from_format|%Y %Y", "from_format|%s"} {
		if _, err := TimeConverter(spec); err == nil {
			t.Errorf("TimeConverter(%s) is no error", spec)
		}
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

func TestFormatTime(t *testing.T) {
	at := time.Date(2020, 1, 2, 3, 4, 5, 120_000_999, time.FixedZone("", 3600))
	if got, want := FormatTime(at), "2020-01-02T02:04:05.120000+00:00"; got != want {
		t.Errorf("FormatTime = %s, want %s", got, want)
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("Tue, 3 Mar 2020 10:00:00 +0100 (CET)")
	f.Add("2020-01-01 10h30m at 5.5s foo")
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseTime(s)
		if err != nil {
			return
		}
		text := FormatTime(at)
		if again, err := ParseTime(text); err != nil || FormatTime(again) != text || !canonicalTime(text) {
			t.Fatalf("ParseTime(%q) = %s, which reads as %v, %v", s, text, again, err)
		}
	})
}

func FuzzStrptime(f *testing.F) {
	f.Add("%d%m%Y %H:%M:%S.%f%z", "01022020 10:00:00.5+0100")
	f.Add("%c %Z %p %I %j", "")
	f.Add("%H:%M:%f%z", "0:0:0+:0::0")
	f.Fuzz(func(t *testing.T, format, text string) {
		convert, err := TimeConverter("from_format|" + format)
		if err != nil || len(format) > 60 || len(text) > 60 {
			return
		}
		if v, err := convert(Text(text)); err == nil && !validTime(v) {
			t.Fatalf("%q of %q is %v", format, text, v)
		}
	})
}
