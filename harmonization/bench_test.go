package harmonization

import (
	"strings"
	"testing"
)

// canonical has one value a type that Sanitise must hand back untouched.
var canonical = []struct {
	key   string
	value Value
}{
	{"source.asn", Int(64496)},
	{"feed.accuracy", Float(100)},
	{"raw", Text("MTkyLjAuMi4xLDIwMjAtMDEtMDFUMDA6MDA6MDArMDA6MDAsZXhhbXBsZQ==")},
	{"source.tor_node", Bool(true)},
	{"classification.taxonomy", Text("malicious-code")},
	{"classification.type", Text("infected-system")},
	{"time.source", Text("2020-01-02T03:04:05+00:00")},
	{"source.fqdn", Text("www.example.org")},
	{"source.geolocation.latitude", Float(48.2082)},
	{"source.ip", Text("192.0.2.255")},
	{"source.local_ip", Text("2001:db8::1:2")},
	{"source.network", Text("192.0.2.0/24")},
	{"source.port", Int(443)},
	{"output", Text(`{"a": [1, 2, "x"], "b": null}`)},
	{"malware.name", Text("example-stealer")},
	{"source.registry", Text("RIPE")},
	{"source.as_name", Text("EXAMPLE-AS Example Networks, AT")},
	{"tlp", Text("AMBER")},
	{"source.url", Text("https://www.example.org/path/to/page?id=1")},
	{"source.geolocation.cc", Text("AT")},
	{"protocol.transport", Text("tcp")},
	{"extra.os.name", Text("Example OS 1.0")},
}

func TestCanonicalCostsNothing(t *testing.T) {
	d := Default()
	for _, c := range canonical {
		f, err := d.Field(Event, c.key)
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		if f.Type == "Base64" {
			continue // there is no canonical form: it encodes what it gets
		}
		got := testing.AllocsPerRun(100, func() {
			f, _ := d.Field(Event, c.key)
			if v, err := f.Sanitise(c.value); err != nil || v != c.value {
				t.Errorf("%s: Sanitise(%v) = %v, %v", c.key, c.value, v, err)
			}
			if err := f.Valid(c.value); err != nil {
				t.Errorf("%s: Valid(%v) = %v", c.key, c.value, err)
			}
		})
		if got != want {
			t.Errorf("%s: %v allocations, want %v", c.key, got, want)
		}
	}
}

func BenchmarkSanitise(b *testing.B) {
	d := Default()
	for _, c := range canonical {
		f, _ := d.Field(Event, c.key)
		b.Run(f.Type+"/"+c.key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = f.Sanitise(c.value)
			}
		})
	}
}

func BenchmarkField(b *testing.B) {
	d := Default()
	for _, key := range []string{"source.ip", "source.geolocation.cymru_cc", "extra.first_seen"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = d.Field(Event, key)
			}
		})
	}
}

func BenchmarkValidBase64(b *testing.B) {
	f, _ := Default().Field(Event, "raw")
	v := Text(strings.Repeat("MTkyLjAu", 128))
	b.SetBytes(int64(len(v.Text)))
	for b.Loop() {
		_ = f.Valid(v)
	}
}

// What is nearly canonical costs the one string that is made.
func BenchmarkConvert(b *testing.B) {
	d := Default()
	for _, c := range []struct{ key, text string }{
		{"time.source", "2020-01-02 03:04:05"},
		{"time.source", "2020-01-02T03:04:05Z"},
		{"time.source", "Tue, 3 Mar 2020 10:00:00 +0100"},
		{"source.port", "443"},
		{"source.asn", "AS64496"},
		{"source.fqdn", "WWW.Example.ORG."},
		{"source.ip", "192.0.2.1/32"},
		{"malware.name", "Example-Stealer"},
		{"source.geolocation.cc", "at"},
		{"raw", "192.0.2.1,2020-01-01T00:00:00+00:00,example"},
	} {
		f, _ := d.Field(Event, c.key)
		b.Run(f.Type+"/"+c.text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = f.Sanitise(Text(c.text))
			}
		})
	}
}

// The dictionary is built once a process, which should not be felt.
func BenchmarkBuild(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = build()
	}
}
