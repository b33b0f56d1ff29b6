package event

import (
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
)

// usual is an event as a parser makes it: thirty fields and a raw.
var usual = []byte(`{"feed.name":"Example Feed","feed.provider":"Example CERT","feed.accuracy":95.0,"feed.code":"ex",` +
	`"feed.url":"https://www.example.org/feed.csv","time.observation":"2026-11-02T03:00:00+00:00","time.source":"2026-11-01T22:14:07+00:00",` +
	`"source.ip":"192.0.2.17","source.port":51234,"source.asn":64496,"source.as_name":"EXAMPLE-AS","source.fqdn":"host-17.example.org",` +
	`"source.url":"http://host-17.example.org/a/b?c=1","source.geolocation.cc":"AT","source.geolocation.city":"Wien","source.network":"192.0.2.0/24",` +
	`"destination.ip":"198.51.100.4","destination.port":443,"destination.fqdn":"www.example.net","protocol.transport":"tcp","protocol.application":"https",` +
	`"classification.taxonomy":"malicious-code","classification.type":"infected-system","classification.identifier":"example-stealer","malware.name":"example-stealer",` +
	`"event_description.text":"A host that talks to a sinkhole, gr\u00fc\u00dfe","extra.user_agent":"Mozilla/5.0 (X11; Linux x86_64)","extra.packets":12,` +
	`"extra.tags":["a","b",{"c":1}],"extra.first_seen":"2026-11-01","raw":"` + strings.Repeat("MTkyLjAu", 72) + `","__type":"Event"}`)

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(usual)))
	var m Message
	for b.Loop() {
		if err := m.Decode(usual); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeSpaced has a blank behind each colon and comma, as Python writes it.
func BenchmarkDecodeSpaced(b *testing.B) {
	b.ReportAllocs()
	spaced := []byte(strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(string(usual)))
	b.SetBytes(int64(len(spaced)))
	var m Message
	for b.Loop() {
		if err := m.Decode(spaced); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	var m Message
	if err := m.Decode(usual); err != nil {
		b.Fatal(err)
	}
	m.Set("source.ip", "192.0.2.18")
	m.Delete("comment")
	var out []byte
	for b.Loop() {
		out = m.Append(out[:0])
	}
}

// BenchmarkStage is what a filter does: decode, look, set, encode.
func BenchmarkStage(b *testing.B) {
	b.ReportAllocs()
	var m Message
	var out []byte
	for b.Loop() {
		if err := m.Decode(usual); err != nil {
			b.Fatal(err)
		}
		if m.Has("comment") || !m.Has("source.ip") {
			b.Fatal()
		}
		m.Set("source.ip", "192.0.2.18")
		m.Set("comment", "seen")
		m.Delete("destination.port")
		out = m.Append(out[:0])
	}
}

// BenchmarkBuild is what a parser does: an event out of nothing.
func BenchmarkBuild(b *testing.B) {
	b.ReportAllocs()
	var from, m Message
	if err := from.Decode(usual); err != nil {
		b.Fatal(err)
	}
	type pair struct {
		key   string
		value harmonization.Value
	}
	var pairs []pair
	for key := range from.All() {
		if v, _ := from.Value(key); key != "raw" {
			pairs = append(pairs, pair{key, v})
		}
	}
	var out []byte
	for b.Loop() {
		m.Reset(Event, nil)
		for _, p := range pairs {
			m.SetValue(p.key, p.value)
		}
		m.Finish()
		out = m.Append(out[:0])
	}
}

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	var m Message
	if err := m.Decode(usual); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m.Hash(nil, false)
	}
}
