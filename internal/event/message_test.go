package event

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
)

func decode(t *testing.T, line string) *Message {
	t.Helper()
	m := new(Message)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return m
}

func want(t *testing.T, m *Message, want string) {
	t.Helper()
	if got := m.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUntouchedBytesStay(t *testing.T) {
	line := ` { "source.ip" : "192.0.2.1" , "feed.accuracy" : 1.0e2 ,"extra.x":"\u00e9" } `
	m := decode(t, line)
	want(t, m, line)
	m.Set("comment", "x")
	want(t, m, `{"source.ip" : "192.0.2.1" , "feed.accuracy" : 1.0e2 ,"extra.x":"\u00e9","comment":"x"}`)
}

// TestFusedEqualsPiped makes changes in one message, and the same changes
// with the message written and read between any two of them.
func TestFusedEqualsPiped(t *testing.T) {
	steps := []func(*Message){
		func(m *Message) { m.Set("source.ip", "192.0.2.9") },
		func(m *Message) { m.Set("comment", `say "hi"`) },
		func(m *Message) { m.Delete("feed.name") },
		func(m *Message) { m.Set("extra.a", "1") },
		func(m *Message) { m.Set("comment", "") },
		func(m *Message) { m.SetInt("source.port", 80) },
		func(m *Message) { m.Set("source.ip", "192.0.2.10") },
		func(m *Message) { m.Delete("extra") },
		func(m *Message) { m.SetText(`odd"key`, []byte("true")) },
		func(m *Message) { m.Set("status", "online") },
	}
	line := `{"feed.name":"x", "source.ip": "192.0.2.1" ,"source.port":1,"extra.b":{"c": [1, 2]}, "__type":"Event"}`
	fused, piped := decode(t, line), decode(t, line)
	for i, step := range steps {
		step(fused)
		step(piped)
		want(t, fused, piped.String())
		piped = decode(t, piped.String())
		if fused.Err() != nil {
			t.Fatalf("step %d: %v", i, fused.Err())
		}
	}
}

func TestSet(t *testing.T) {
	m := decode(t, `{"source.ip":"192.0.2.1","extra.old":1}`)
	m.Set("source.ip", "2001:DB8::1")
	m.Set("source.asn", "AS64496")
	m.SetIf("comment", "-")
	m.SetBool("source.tor_node", true)
	m.SetValue("extra", harmonization.JSON(`{"new":[1],"none":null}`))
	want(t, m, `{"source.ip":"2001:db8::1","source.asn":64496,"source.tor_node":true,"extra.new":[1],"extra.none":null}`)
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	if m.Try("source.port", harmonization.Text("many")) || !m.Try("source.port", harmonization.Text("80")) || m.Err() != nil {
		t.Error("Try", m.Err())
	}
	if err := m.Add("source.port", harmonization.Int(81)); !errors.Is(err, ErrKeyExists) {
		t.Error(err)
	}
	if err := m.Change("source.fqdn", harmonization.Text("example.org")); !errors.Is(err, ErrKeyNotExists) {
		t.Error(err)
	}
	m.Set("source.fqdn", "not a name/")
	m.Set("source.nothing", "x") // the first error counts
	if err := m.Err(); err == nil || !strings.HasPrefix(err.Error(), "source.fqdn: ") {
		t.Error(err)
	}
}

func TestSnapshot(t *testing.T) {
	line := `{"source.ip":"192.0.2.1","source.port":1}`
	m := decode(t, line)
	s := m.Snapshot(Snapshot{})
	m.Set("source.ip", "192.0.2.2")
	m.Delete("source.port")
	m.Set("comment", "x")
	m.Restore(s)
	want(t, m, line)
}

func TestCloneIsIndependent(t *testing.T) {
	m := decode(t, `{"source.ip":"192.0.2.1"}`)
	c := m.Clone()
	if err := m.Decode([]byte(`{"source.ip":"198.51.100.77"}`)); err != nil {
		t.Fatal(err)
	}
	c.Set("comment", "x")
	want(t, c, `{"source.ip":"192.0.2.1","comment":"x"}`)
	want(t, m, `{"source.ip":"198.51.100.77"}`)
}

// The examples stand in section 7 of the data format.
func TestHash(t *testing.T) {
	for line, want := range map[string]string{
		`{"source.ip":"192.0.2.1"}`:                                  "f801c09d52093084fe48d9651a62d3ff57b8a642669ffb7ed2575d2510eea1b4",
		`{"source.port":80,"source.ip":"192.0.2.1"}`:                 "d38aae6441c5982f3325b5d1705fbb8ab1dfb3cfe165a12d54d773e02f21de99",
		`{"feed.accuracy":99.5}`:                                     "649dc3a244643163816a70ef97b778c8d64f0d692b7066e615227b73ef0def77",
		`{"source.tor_node":true}`:                                   "0e94892e68b58a6753a7a1047a2e87811c5ab7fe4b2358a18c75ddeaec16b51c",
		`{"comment":"it's"}`:                                         "16227c597126ccfce45bc6107108896a8440235f30d095cfb822cc3f385404f3",
		`{"comment":"it's \"both\""}`:                                "38dcc0b1641eca451622775776287bb889d824d7e7d806f217bf8371611e054f",
		`{"comment":"ü €😀"}`:                                         "f35d626d138898a47933e28ef3a2dae863504551ccbe4b0d3c5e8a1eb525d13b",
		`{"extra.list":[1,"a",null,true,1.5]}`:                       "0898830314325306258fd2d3811411a0afced196a90c712c0bee0e52cc18502e",
		`{"extra.d":{"k":"v","n":{"z":[]}}}`:                         "ffde13d02e149867d59e03c90f6eb26a562ed449e92348d0e5d41b617a34347e",
		`{"time.observation":"2026-01-01T00:00:00+00:00"}`:           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		`{"comment":"\u0069t's","__type":"Event"}`:                   "16227c597126ccfce45bc6107108896a8440235f30d095cfb822cc3f385404f3",
		`{"source.ip":"x","source.ip":"192.0.2.1","__type":"Event"}`: "f801c09d52093084fe48d9651a62d3ff57b8a642669ffb7ed2575d2510eea1b4",
	} {
		hash := decode(t, line).Hash(nil, false)
		if got := hex.EncodeToString(hash[:]); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	m := decode(t, `{"source.ip":"192.0.2.1","raw":"eA==","source.port":80}`)
	if m.Hash([]string{"raw"}, false) != m.Hash([]string{"source.ip", "source.port"}, true) {
		t.Error("without raw and with only the rest should be the same")
	}
}

func TestParserEvents(t *testing.T) {
	report := decode(t, `{"feed.name":"x","feed.accuracy":99.50,"extra.file_name":"a.csv","raw":"eA==","__type":"Report"}`)
	report.Inherit([]string{"extra.file_name"})
	var e Message
	report.Derive(&e)
	e.AppendOrigin([]byte("head\n"))
	e.AppendOrigin([]byte("line"))
	e.Set("source.ip", "192.0.2.1")
	e.Finish()
	want(t, &e, `{"feed.accuracy":99.50,"feed.name":"x","extra.file_name":"a.csv","source.ip":"192.0.2.1","raw":"aGVhZApsaW5l","__type":"Event"}`)
	e.Set("source.ip", "192.0.2.2")
	want(t, &e, `{"feed.accuracy":99.50,"feed.name":"x","extra.file_name":"a.csv","source.ip":"192.0.2.2","raw":"aGVhZApsaW5l","__type":"Event"}`)
}

func TestRaw(t *testing.T) {
	text := strings.Repeat("some content, ", 1000)
	m := New(Report, nil)
	m.Set("feed.name", "x")
	m.SetBody(strings.NewReader(text))
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	if want := `{"feed.name":"x","raw":"` + base64.StdEncoding.EncodeToString([]byte(text)) + "\"}\n"; out.String() != want {
		t.Errorf("%.100s", out.String())
	}
	back := decode(t, out.String())
	if got, err := io.ReadAll(back.Raw()); err != nil || string(got) != text {
		t.Errorf("%v, %.40q", err, got)
	}
	m.SetBody(strings.NewReader(text))
	if err := m.Absorb(int64(len(text)) - 1); err == nil {
		t.Error("a body over the limit was absorbed")
	}
	m.SetBody(strings.NewReader(text))
	if err := m.Absorb(int64(len(text))); err != nil || m.Get("raw") != back.Get("raw") {
		t.Error(err)
	}
	for raw, want := range map[string]string{`"eA=="`: "x", `"e\nA=="`: "x", `"e A==\u0020"`: "x", `"eA"`: "", `5`: "", `""`: ""} {
		got, _ := io.ReadAll(decode(t, `{"raw":`+raw+`}`).Raw())
		if string(got) != want {
			t.Errorf("raw %s is read as %q, want %q", raw, got, want)
		}
	}
}
