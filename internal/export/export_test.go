package export

import (
	"bufio"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

func decode(t testing.TB, line string) *event.Message {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags Flags
		line  string
		want  string // or an error's text after !
	}{
		{"sorted", Flags{}, `{"source.ip":"192.0.2.1","raw":"Zg==","feed.name":"x","__type":"Event"}`, `{"feed.name": "x", "source.ip": "192.0.2.1"}`},
		{"empty", Flags{}, `{}`, `{}`},
		{"escapes", Flags{}, `{"a":"\u00e9\u0007\/\ud83d\ude00\t","é":"é\u007f"}`, "{\"a\": \"é\\u0007/😀\\t\", \"é\": \"é\x7f\"}"},
		{"numbers stay", Flags{}, `{"b":1.50,"a":100000000000000000000001,"c":true,"d":null}`, `{"a": 100000000000000000000001, "b": 1.50, "c": true, "d": null}`},
		{"compound", Flags{}, `{"a":{"z":[1,{"y":"\u00e9","x":{}} , []],"b": "c,]\"","z2":1,"z2":2}}`, `{"a": {"b": "c,]\"", "z": [1, {"x": {}, "y": "é"}, []], "z2": 2}}`},
		{"raw kept", Flags{KeepRawField: true}, `{"raw":"Zg=="}`, `{"raw": "Zg=="}`},
		{"type", Flags{MessageWithType: true}, `{"a":1}`, `{"__type": "Event", "a": 1}`},
		{"nested", Flags{HierarchicalOutput: true, MessageWithType: true}, `{"source.geolocation.cc":"AT","source.ip":"192.0.2.1","source.geolocation.city":"x","destination.ip":"192.0.2.2","source_x":1}`,
			`{"__type": "Event", "destination": {"ip": "192.0.2.2"}, "source": {"geolocation": {"cc": "AT", "city": "x"}, "ip": "192.0.2.1"}, "source_x": 1}`},
		{"nested around the dot", Flags{HierarchicalOutput: true}, `{"a-b":1,"a.c.d":2,"a c":3,"a.b":4}`, `{"a": {"b": 4, "c": {"d": 2}}, "a c": 3, "a-b": 1}`},
		{"nested to the end", Flags{HierarchicalOutput: true}, `{"a.b.c":1}`, `{"a": {"b": {"c": 1}}}`},
		{"value and sub-tree", Flags{HierarchicalOutput: true}, `{"extra.a.b":2,"extra.a":1}`, `!extra.a: it is a value and cannot hold extra.a.b as well`},
		{"value and sub-tree apart", Flags{HierarchicalOutput: true}, `{"extra.a.b":2,"extra.a":1,"extra.a-b":3}`, `!extra.a: it is a value and cannot hold extra.a.b`},
		{"extra as string", Flags{MessageJSONDictAsString: true}, `{"extra.b.c":"ä","extra.a":1,"feed.name":"x"}`, `{"extra": "{\"a\": 1, \"b.c\": \"ä\"}", "feed.name": "x"}`},
		{"extra as string, nested", Flags{MessageJSONDictAsString: true, HierarchicalOutput: true}, `{"extra.b.c":1,"feed.name":"x"}`, `{"extra": "{\"b.c\": 1}", "feed": {"name": "x"}}`},
		{"single field", Flags{SingleKey: "source.ip"}, `{"source.ip":"192.0.2.1"}`, `192.0.2.1`},
		{"single number", Flags{SingleKey: "source.asn"}, `{"source.asn":64496}`, `64496`},
		{"single false is none", Flags{SingleKey: "false"}, `{"a":1}`, `{"a": 1}`},
		{"single raw", Flags{SingleKey: "raw"}, `{"raw":"Zm9vCg=="}`, "foo\n"},
		{"single raw broken", Flags{SingleKey: "raw"}, `{"raw":"%"}`, "!raw: illegal base64"},
		{"single output", Flags{SingleKey: "output"}, `{"output":"{\"b\":[1,2],\"a\":\"x\"}"}`, `{"a": "x", "b": [1, 2]}`},
		{"single output text", Flags{SingleKey: "output"}, `{"output":"\"some\\ntext\""}`, "some\ntext"},
		{"single output broken", Flags{SingleKey: "output"}, `{"output":"{"}`, "!output: invalid JSON"},
		{"single absent", Flags{SingleKey: "source.ip"}, `{}`, "!source.ip: there is no such field"},
	} {
		m := decode(t, c.line)
		got, err := c.flags.Append([]byte("> "), m)
		if reason, ok := strings.CutPrefix(c.want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), reason) || string(got) != "> " {
				t.Errorf("%s: got %q, %v", c.name, got, err)
			}
			continue
		}
		if err != nil || string(got) != "> "+c.want {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
		if s := m.String(); s != c.line {
			t.Errorf("%s: the event is %s now", c.name, s)
		}
	}
}

func TestEncode(t *testing.T) {
	for mode, want := range map[string]string{"ignore": "ab", "replace": "a\uFFFDb", "backslashreplace": `a\xffb`} {
		if got, err := Encode([]byte("a\xffb"), mode); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", mode, got, err)
		}
	}
	if _, err := Encode([]byte("a\xffb"), "strict"); err == nil {
		t.Error("strict accepts it")
	}
}

// TestVectors compares with what the reference exports.
func TestVectors(t *testing.T) {
	dir := cmp.Or(os.Getenv("INTELPIPE_VECTORS"), "../../../shared/vectors")
	f, err := os.Open(filepath.Join(dir, "messages.jsonl"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	n := 0
	in := bufio.NewScanner(f)
	for in.Buffer(nil, 1<<24); in.Scan(); {
		var v struct {
			Call, ID string
			Before   json.RawMessage
			Kwargs   struct {
				Hierarchical bool
				Jsondict     bool `json:"jsondict_as_string"`
				WithType     bool `json:"with_type"`
			}
			Output json.RawMessage
		}
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			continue // a vector of another shape
		}
		if v.Call != "to_json" && v.Call != "to_dict" {
			continue
		}
		n++
		f := Flags{HierarchicalOutput: v.Kwargs.Hierarchical, MessageJSONDictAsString: v.Kwargs.Jsondict, MessageWithType: v.Kwargs.WithType, KeepRawField: true}
		got, err := f.Append(nil, decode(t, string(v.Before)))
		want := string(AppendValue(nil, v.Output))
		if v.Call == "to_json" {
			want, _ = json.Unquote(string(v.Output))
		}
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", v.ID, got, err, want)
		}
	}
	if n == 0 {
		t.Error("no vector was tried")
	}
}

func BenchmarkAppend(b *testing.B) {
	m := decode(b, `{"feed.accuracy":100.0,"feed.name":"Example","feed.url":"https://lists.example.org/lists/ssh.txt","time.observation":"2026-01-01T00:00:00+00:00","source.ip":"192.0.2.1","classification.type":"brute-force","protocol.application":"ssh","event_description.text":"IP reported as having run attacks on the service SSH","classification.taxonomy":"intrusion-attempts","raw":"MTkyLjAuMi4x","extra.tag":"a","source.asn":64496,"source.geolocation.cc":"AT","__type":"Event"}`)
	for _, f := range []Flags{{}, {HierarchicalOutput: true}} {
		b.Run(map[bool]string{false: "flat", true: "nested"}[f.HierarchicalOutput], func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = f.Append(dst[:0], m)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}
