package event

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-json/jsontext"

	"github.com/intelpipe/intelpipe/internal/json"
)

// oracle decodes a line with the library's strict decoder and returns the
// members of the object, the last one of each name.
func oracle(line []byte) (members map[string]string, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(line), jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	members = map[string]string{}
	for d.PeekKind() == '"' {
		key, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		name := key.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		members[name] = string(value)
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != '}' {
		return nil, false
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, false
	}
	return members, true
}

// check compares the scanner with the oracle on one line. The message has read
// nothing before, or others.
func check(t *testing.T, line []byte) {
	t.Helper()
	checkWith(t, new(Message), line)
	checkWith(t, worn, line)
}

var worn = new(Message)

func checkWith(t *testing.T, m *Message, line []byte) {
	t.Helper()
	want, valid := oracle(line)
	err := m.Decode(line)
	if errors.Is(err, ErrKind) {
		if !valid {
			t.Fatalf("%q: the oracle refuses it, the scanner only its __type", line)
		}
		return
	}
	if valid && nesting(line) > json.MaxDepth {
		valid = false // the oracle allows for more
	}
	if valid != (err == nil) {
		t.Fatalf("%q: the oracle says valid=%v, the scanner %v", line, valid, err)
	}
	if err != nil {
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(line) {
			t.Fatalf("%q: error without a place: %v", line, err)
		}
		return
	}
	if m.Len() != len(want) {
		t.Fatalf("%q: %d fields, want %d", line, m.Len(), len(want))
	}
	for key, text := range want {
		if got := string(m.JSON(key)); got != text {
			t.Fatalf("%q: %q is %s, want %s", line, key, got, text)
		}
	}
	// What is written again says the same, touched or not.
	if again, ok := oracle(m.Append(nil)); !ok || len(again) != len(want) {
		t.Fatalf("%q is written as %s", line, m.Append(nil))
	}
	m.SetText("zz", []byte("1"))
	want["zz"] = "1"
	again, ok := oracle(m.Append(nil))
	if !ok || len(again) != len(want) {
		t.Fatalf("%q with zz is written as %s", line, m.Append(nil))
	}
	for key, text := range want {
		if again[key] != text {
			t.Fatalf("%q with zz is written as %s", line, m.Append(nil))
		}
	}
}

var lines = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a" : "b" , "c":[1,2,{"d":null}]}`, "{\"a\":1}\r",
	`{"a":1,"a":2}`, `{"a":1,"\u0061":2,"b":3}`, `{"a":1}x`, `{"a":1`, `{"a"`, `{`, ``, ` `, `[]`, `"x"`, `{"a":}`, `{a:1}`,
	`{"a":01}`, `{"a":-}`, `{"a":-0}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":1E+2}`, `{"a":1.5e-7}`, `{"a":+1}`,
	`{"a":123456789012345678901234567890}`, `{"a":tru}`, `{"a":true}`, `{"a":false,"b":null}`, `{"a":nul}`, `{"a":NaN}`,
	`{"a":"\n\t\"\\\/\b\f\r\u00e9"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":"\ude00"}`,
	`{"a":"\ud83d\u0041"}`, "{\"a\":\"\x00\"}", "{\"a\":\"\x1f\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc3\xa9\"}",
	"{\"a\":\"\xc3\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"\xff\":1}", "{\"a\":1,}", `{"a":[1,]}`, `{"a":[}`, `{"a":{"b":1,"b":2}}`, `{"a":{"b"}}`,
	`{"a":[[[[]]],{}]}`, `{"":1}`, `{"a":1,,"b":2}`, `{"a":1 "b":2}`, `{"a":"` + strings.Repeat("x", 4000) + `"}`,
	`{"__type":"Event"}`, `{"__type":"Report","raw":"eA=="}`, `{"__type":"Message"}`, `{"__type":5}`,
	"{\"a\":\"12345678\x01\"}", `{"a":"1234567\"","b":"é12345é"}`,
}

func TestDecode(t *testing.T) {
	for _, line := range lines {
		check(t, []byte(line))
	}
	for _, depth := range []int{json.MaxDepth - 2, json.MaxDepth - 1, json.MaxDepth, json.MaxDepth + 1, 20000} {
		check(t, []byte(`{"a":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+"}"))
	}
}

// nesting is how deep arrays and objects are nested in valid JSON.
func nesting(text []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '[' || c == '{'):
			depth++
			deepest = max(deepest, depth)
		case !quoted && (c == ']' || c == '}'):
			depth--
		}
	}
	return deepest
}

// TestDecodeSimilar reads objects that have most of their keys in common, as the
// events of a feed do, which the scanner makes use of.
func TestDecodeSimilar(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	keys := []string{"__type", "a", "source.ip", "source.port", `e\u0073c`, "é", "extra.tag", "b", "source.ipx", "x" + strings.Repeat("y", 80)}
	values := []string{`"Event"`, `1`, `"x"`, `10`, `-1.5`, `[1, "2"]`, `{"a":{}}`, `null`, `""`, `"a\"b"`, `"é"`, `01`, `"x`, ` "blank"`, `0`}
	blanks := []string{"", "", "", "", " ", "  ", "\t", "\n"}
	any := func(list []string) string { return list[r.IntN(len(list))] }
	for range 20_000 {
		var b strings.Builder
		b.WriteString("{")
		for i, key := range keys {
			if r.IntN(8) == 0 {
				continue
			}
			if r.IntN(30) == 0 {
				key = any(keys)
			}
			if b.Len() > 1 {
				b.WriteString("," + any(blanks))
			}
			value := values[i%len(values)]
			if r.IntN(10) == 0 {
				value = any(values)
			}
			b.WriteString(`"` + key + `"` + any(blanks) + ":" + any(blanks) + value)
		}
		line := b.String() + "}"
		if r.IntN(20) == 0 {
			line = line[:r.IntN(len(line))]
		}
		check(t, []byte(line))
	}
}

func FuzzDecode(f *testing.F) {
	for _, line := range lines {
		f.Add([]byte(line))
	}
	f.Fuzz(check)
}

func TestDecodeErrorsNameThePlace(t *testing.T) {
	for line, want := range map[string]int{
		`{"a":1,}`:            7,
		`{"a":"x` + "\x01\"}": 7,
		`{"a":"\q"}`:          6,
		`{"a":1`:              6,
		`{"a":1} {"b":2}`:     8,
		"{\"a\":\"é\xff\"}":   8,
	} {
		var m Message
		var syntax *SyntaxError
		if err := m.Decode([]byte(line)); !errors.As(err, &syntax) || syntax.Offset != want {
			t.Errorf("%q: %#v, want offset %d", line, err, want)
		}
		if string(m.Line()) != line || m.Len() != 0 {
			t.Errorf("%q: line %q with %d fields after an error", line, m.Line(), m.Len())
		}
	}
}

func TestKinds(t *testing.T) {
	for line, want := range map[string]Kind{
		`{"source.ip":"192.0.2.1"}`:                  Event,
		`{"__type":"Event"}`:                         Event,
		`{"raw":"eA==","__type":"Report"}`:           Report,
		`{"__type":"Checkpoint","id":"S:1:n"}`:       Checkpoint,
		` { "id" : "S:1:n" , "__type" : "Commit" } `: Commit,
	} {
		var m Message
		if err := m.Decode([]byte(line)); err != nil || m.Kind != want {
			t.Errorf("%s: %v, %v", line, m.Kind, err)
		}
	}
	for _, line := range []string{
		`{"__type":"Checkpoint"}`, `{"__type":"Checkpoint","id":"x","a":1}`, `{"__type":"Commit","id":5}`,
		`{"__type":"checkpoint","id":"x"}`, `{"__type":null}`, `{"__type":"Message"}`, `{"__type":["Event"]}`,
	} {
		var m Message
		if err := m.Decode([]byte(line)); !errors.Is(err, ErrKind) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if got := string(AppendControl(nil, Checkpoint, `a"b:1:n`)); got != `{"__type":"Checkpoint","id":"a\"b:1:n"}` {
		t.Error(got)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	line := []byte(`{"feed.name":"x","source.ip":"192.0.2.1","source.port":80,"extra.a":{"b":[1]},"__type":"Event"}`)
	var m Message
	var out []byte
	if n := testing.AllocsPerRun(100, func() {
		if err := m.Decode(line); err != nil || m.Has("source.asn") || !m.Has("source.ip") {
			t.Fatal(err)
		}
		out = m.Append(out[:0])
	}); n > 1 { // the stack of brackets
		t.Errorf("%v allocations", n)
	}
	if !bytes.Equal(out, line) {
		t.Errorf("%s", out)
	}
}

func TestDecodeHead(t *testing.T) {
	for text, want := range map[string]string{
		`{"feed.name":"x","raw":"QUJD`:                      `{"feed.name":"x"}`,
		`{"feed.name":"x","__type":"Report", "raw" : "QUJD`: `{"feed.name":"x","__type":"Report"}`,
		`{"raw":"QUJD`: `{}`,
		`{"feed.name":"x","__type":"Event","raw":"QUJD`:      "",
		`{"__type":"Checkpoint","id":"x","raw":"QUJD`:        "",
		`{"feed.name":"x" "raw":"QUJD`:                       "",
		`{"feed.name":"x","raw":5`:                           "",
		`{"comment":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`: "",
	} {
		var m Message
		n := m.DecodeHead([]byte(text))
		if want == "" {
			if n != 0 {
				t.Errorf("%s: taken for a report", text)
			}
			continue
		}
		if n == 0 || text[n:] != "QUJD" || m.String() != want {
			t.Errorf("%s: %d, %s", text, n, m.String())
		}
	}
}

func FuzzDecodeHead(f *testing.F) {
	f.Add([]byte(`{"feed.name":"x","raw":"QUJD`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Message
		if n := m.DecodeHead(text); n < 0 || n > len(text) || n > 0 && !utf8.Valid(m.Append(nil)) {
			t.Fatalf("%q: %d, %s", text, n, m.Append(nil))
		}
	})
}
