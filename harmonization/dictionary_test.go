package harmonization

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization/pattern"
)

func TestDefault(t *testing.T) {
	d := Default()
	for kind, want := range map[Message]int{Event: 82 + 7, Report: 10} {
		var names []string
		for f := range d.Fields(kind) {
			names = append(names, f.Name)
			if got, err := d.Field(kind, f.Name); err != nil || got != f {
				t.Errorf("%s %s: Field returns %v, %v", kind, f.Name, got, err)
			}
			if f.Description == "" {
				t.Errorf("%s %s: no description", kind, f.Name)
			}
			if f.Regex != "" && !pattern.ByHand(f.Regex, false) || f.IRegex != "" && !pattern.ByHand(f.IRegex, true) {
				t.Errorf("%s %s: its regular expression would be compiled", kind, f.Name)
			}
		}
		if len(names) != want || !slices.IsSorted(names) {
			t.Errorf("%d fields of %ss, want %d in order", len(names), kind, want)
		}
	}
}

func TestKeys(t *testing.T) {
	d := Default()
	for _, key := range []string{"source.ip", "extra", "extra.x", "extra._a", "extra.a.b.c", "extra.1a", "severity"} {
		if _, err := d.Field(Event, key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	for _, key := range []string{
		"", "extra.Foo", "extra.a-b", "extra.a..b", "extra.a.", "extra.", "extra..a", "extra.é", "extrax", "foo.bar",
		"sourceip", "source.ip.x", "Source.ip", "source.ip\n", "__type",
	} {
		if f, err := d.Field(Event, key); !errors.Is(err, ErrInvalidKey) {
			t.Errorf("%q: %v, %v, want an invalid key", key, f, err)
		}
	}
	if _, err := d.Field(Report, "source.ip"); err == nil || err.Error() != `invalid key "source.ip": not a field of reports` {
		t.Error(err)
	}
	f, _ := d.Field(Event, "extra.x")
	for _, v := range []Value{{}, Text(""), Int(1), JSON(`{"a": []}`)} {
		if got, err := f.Sanitise(v); got != v || err != nil {
			t.Errorf("extra.x: Sanitise(%v) = %v, %v", v, got, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = d.Field(Event, "extra.os.name") }); n != 0 {
		t.Errorf("%v allocations for a key below extra", n)
	}
}

func TestConstraints(t *testing.T) {
	d := Default()
	for _, c := range []struct {
		key  string
		in   Value
		want string // nothing: refused
	}{
		{"source.port", Text("99999"), "99999"}, {"source.port", Int(123456), ""}, {"source.port", Int(-1), "-1"},
		{"destination.port", Int(123456), "123456"},
		{"source.geolocation.cc", Text("at"), "AT"}, {"source.geolocation.cc", Text("ß"), "SS"},
		{"source.geolocation.cc", Text("Ö"), ""}, {"source.geolocation.cc", Text("AUT"), ""},
		{"feed.code", Text(strings.Repeat("ü", 100)), strings.Repeat("ü", 100)}, {"feed.code", Text(strings.Repeat("ü", 101)), ""},
		{"protocol.transport", Text("TCP"), "tcp"}, {"protocol.transport", Text("tcpx"), ""},
		{"malware.name", Text("Ä"), ""}, {"event_hash", Text("abc./"), "ABC./"}, {"event_hash", Text("xyz"), ""},
		{"misp.event_uuid", Text("2A2CD7D7-0B1C-4F3A-9C2B-5E8F0D1A2B3C"), "2a2cd7d7-0b1c-4f3a-9c2b-5e8f0d1a2b3c"},
		{"severity", Text("High"), "high"}, {"severity", Text("urgent"), ""},
		{"product.name", Text("Exchange_Server"), "exchange_server"}, {"product.name", Text("DCS-930L (rev. B)"), "dcs-930l (rev. b)"},
		{"product.vendor", Text("D-Link / Alpha"), "d-link / alpha"}, {"product.version", Text("1.0 (SP2)+"), "1.0 (sp2)+"},
		{"product.vulnerabilities", Text("CVE-2020-0001;cve-2020-0002"), "cve-2020-0001;cve-2020-0002"},
	} {
		f, err := d.Field(Event, c.key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Sanitise(c.in)
		if got.Text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: Sanitise(%v) = %v, %v, want %q", c.key, c.in, got, err, c.want)
		}
		if err == nil && f.Valid(got) != nil {
			t.Errorf("%s: %v is not valid", c.key, got)
		}
	}
}

func TestLoad(t *testing.T) {
	d, err := Load("h.conf", strings.NewReader(`{"event": {
		"extra": {"type": "JSONDict"}, "more": {"type": "JSONDict"},
		"site.id": {"type": "String", "length": "3", "regex": "^\\d+$", "description": "our own"},
		"ab": {"type": "LowercaseString", "iregex": "^(X|y)$", "length": 1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for key, values := range map[string]map[string]bool{
		"site.id": {"123": true, "٣": true, "1234": false, "x": false}, "ab": {"X": true, "z": false}, "more.x": {"": true},
	} {
		f, err := d.Field(Event, key)
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range values {
			if _, err := f.Sanitise(Text(text)); (err == nil) != want {
				t.Errorf("%s: Sanitise(%q): %v", key, text, err)
			}
		}
	}
	if _, err := d.Field(Event, "source.ip"); err == nil {
		t.Error("a field of the built-in dictionary is there, too")
	}
	if _, err := d.Field(Report, "feed.name"); err != nil {
		t.Errorf("reports have lost their fields: %v", err)
	}
	for _, c := range []struct{ conf, want string }{
		{`{"event": {"foo..bar": {"type": "String"}}}`, "h.conf:1:33: event foo..bar: invalid key: lower-case letters"},
		{`{"event": {"foo.bar.": {"type": "String"}}}`, "h.conf:1:33: event foo.bar.: invalid key: "},
		{`{"event": {"foo": {"type": "Text"}}}`, `h.conf:1:28: event foo: unknown type "Text"; known are ASN, Accuracy, `},
		{`{"event": {"foo": {"type": "IPAdress"}}}`, `h.conf:1:28: event foo: unknown type "IPAdress"; did you mean IPAddress?`},
		{`{"event": {"foo": {"type": "string"}}}`, `h.conf:1:28: event foo: unknown type "string"; did you mean String?`},
		{"{\n \"event\": {\n  \"ä\": 0, \"foo\": {}}}", `h.conf:3:8: event ä: an object is expected, as {"type": "String"}`},
		{"\ufeff{\n \"event\": {\n  \"foo\": {}}}", "h.conf:3:10: event foo: no type"},
		{`{"event": {}, "report": {"foo": {"type": "String", "regex": "("}}}`, "h.conf:1:61: report foo: regex: "},
		{`{"event": {"foo": {"type": "String", "iregex": "a(?=b)"}}}`, "h.conf:1:48: event foo: iregex: "},
		{`{"event": {"foo": {"type": "String", "regex": 1}}}`, "h.conf:1:47: event foo: regex: a text is expected"},
		{`{"event": {"foo": {"type": "String", "length": -1}}}`, `h.conf:1:48: event foo: bad length "-1"`},
		{`{"event": {"foo": {"type": "String", "length": "x"}}}`, `h.conf:1:48: event foo: bad length "x"`},
		{`{"event": {"foo": {"type": "String", "lenght": 5}}}`, `h.conf:1:48: event foo: unknown member "lenght"; did you mean length?`},
		{`{"event": {"extra": {"type": "JSON"}}}`, "h.conf:1:30: event extra: the type must be JSONDict"},
		{`{"events": {}}`, "h.conf:1:1: no fields for events"},
		{`{"event": {}, "reports": {}}`, "h.conf:1:26: reports: unknown kind"},
		{`{"event": []}`, "h.conf:1:11: event: an object of fields is expected"},
		{`[]`, "h.conf:1:1: an object is expected"},
		{"{\n", "h.conf:2:1: invalid JSON: "},
	} {
		if _, err := Load("h.conf", strings.NewReader(c.conf)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("Load(%s): %v, want %s", c.conf, err, c.want)
		}
	}
	if _, err := Load("h.conf", strings.NewReader(`{"event": {"foo": {"type": "String", "length": null, "note": 1}}}`)); err != nil {
		t.Error(err)
	}
}

// TestReferenceDictionary compares the built-in fields with IntelMQ's file.
func TestReferenceDictionary(t *testing.T) {
	dir := os.Getenv("INTELPIPE_VECTORS")
	if dir == "" {
		dir = "../../shared/vectors"
	}
	file, err := os.Open(filepath.Join(dir, "files", "harmonization.conf"))
	if err != nil {
		t.Skip("no vectors here")
	}
	defer file.Close()
	d, err := Load("harmonization.conf", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Message{Event, Report} {
		for want := range d.Fields(kind) {
			got, err := Default().Field(kind, want.Name)
			if err != nil {
				t.Error(err)
				continue
			}
			if got.Type != want.Type || got.Length != want.Length || got.Regex != want.Regex || got.IRegex != want.IRegex {
				t.Errorf("%s: %s %d %s %s, want %s %d %s %s", want.Name, got.Type, got.Length, got.Regex, got.IRegex,
					want.Type, want.Length, want.Regex, want.IRegex)
			}
		}
	}
}

func TestCheckSuggests(t *testing.T) {
	for key, want := range map[string]string{
		"source.ip": "", "extra.anything": "", "extra": "",
		"source.ipp": "did you mean source.ip?", "score": "did you mean extra.score?", "fqdn": "did you mean source.fqdn?",
	} {
		err := Default().Check(Event, key)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
	}
	if err := Default().Check(Event, "Source IP!"); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("%v", err)
	}
}

// TestMeanings holds that each field says what it means, in a line that fits beside its name.
func TestMeanings(t *testing.T) {
	for _, kind := range []Message{Event, Report} {
		for f := range Default().Fields(kind) {
			if n := len(f.Description); n < 8 || n > 100 || strings.HasSuffix(f.Description, ".") {
				t.Errorf("%s %s: %q", kind, f.Name, f.Description)
			}
		}
	}
}
