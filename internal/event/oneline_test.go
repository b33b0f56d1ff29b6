package event

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/json"
)

// ways are all ways by which text becomes a part of a message.
var ways = map[string]func(text string) *Message{
	"Decode": func(text string) *Message {
		m := new(Message)
		if m.Decode([]byte(`{"a":1,"b":`+text+`}`)) != nil {
			return nil
		}
		return m
	},
	"Decode and Set": func(text string) *Message {
		m := new(Message)
		if m.Decode([]byte("{\n"+`"extra.b":`+text+`}`)) != nil {
			return nil
		}
		m.Set("comment", "x")
		return m
	},
	"Set extra": func(text string) *Message {
		m := New(Event, nil)
		m.Set("extra", text)
		return m
	},
	"Set extra.x": func(text string) *Message {
		m := New(Event, nil)
		m.Set("extra.x", text)
		return m
	},
	"Set JSON": func(text string) *Message {
		m := New(Event, nil)
		m.Set("output", text)
		return m
	},
	"SetValue": func(text string) *Message {
		v, err := ParseValue(text)
		if err != nil {
			return nil
		}
		m := New(Event, nil)
		m.SetValue("extra.x", v)
		m.SetValue("extra", v)
		m.SetValue("output", v)
		return m
	},
	"SetText of an Object": func(text string) *Message {
		var o Object
		if o.Parse([]byte(`{"x":`+text+`}`)) != nil {
			return nil
		}
		m := New(Event, nil)
		m.SetValue("extra.x", o.Value("x"))
		return m
	},
	"Derive": func(text string) *Message {
		m := new(Message)
		if m.Decode([]byte(`{"__type":"Report","extra.b":`+text+`}`)) != nil {
			return nil
		}
		m.Inherit([]string{"extra", "extra.b"})
		e := New(Event, nil)
		m.Derive(e)
		e.AppendOrigin([]byte(text))
		e.Finish()
		return e
	},
}

// checkOneLine puts text into messages by all ways. Whatever is in it, a message
// is one line, which is read as the message that it was.
func checkOneLine(t *testing.T, text string) {
	t.Helper()
	for name, way := range ways {
		m := way(text)
		if m == nil {
			continue
		}
		line := m.Append(nil)
		if bytes.ContainsAny(line, "\n\r") {
			t.Errorf("%s of %q writes %q", name, text, line)
		}
		if m.Err() != nil {
			continue
		}
		var back Message
		if err := back.Decode(line); err != nil || back.Len() != m.Len() {
			t.Errorf("%s of %q writes %q, which reads as %d fields, %v", name, text, line, back.Len(), err)
		}
	}
}

var oneLineSeeds = []string{
	"[\n{\"__type\":\"Event\",\"source.ip\":\"6.6.6.6\"}\n]", "{\"a\":\r\n\"x\"}", "{\n\t\"b\" : [ 1,\n2 ]\n}\n", `"a\nb"`, "\"a\nb\"", "5\n", "[[\n]]",
	"{\"k\n\":1}", `{"k\n":1}`, `{"Bad Key":{"x":[]}}`, "{\"a\":{\"__type\":\"Checkpoint\",\n\"id\":\"S:1:n\"}}", `"\u2028"`, "null", "",
	strings.Repeat("[", 1000) + "\n" + strings.Repeat("]", 1000), `{"a":"\\\"` + "\n" + `"}`,
}

func TestOneLine(t *testing.T) {
	for _, text := range oneLineSeeds {
		checkOneLine(t, text)
	}
}

func FuzzOneLine(f *testing.F) {
	for _, text := range oneLineSeeds {
		f.Add(text)
	}
	f.Fuzz(checkOneLine)
}

// TestDepthIsOneLimit holds all that reads or writes values to the same bound.
func TestDepthIsOneLimit(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for _, c := range []struct {
		depth int
		ok    bool
	}{{json.MaxDepth - 1, true}, {json.MaxDepth, false}, {json.MaxDepth + 2, false}, {20000, false}} {
		text := nested(c.depth)
		var m Message
		if err := m.Decode([]byte(`{"extra.x":` + text + `}`)); (err == nil) != c.ok {
			t.Errorf("depth %d: Decode says %v", c.depth, err)
		}
		set := New(Event, nil)
		if v, err := ParseValue(text); err == nil {
			set.SetValue("extra.x", v)
		} else {
			set.Fail(err)
		}
		if (set.Err() == nil) != c.ok {
			t.Errorf("depth %d: SetValue says %v", c.depth, set.Err())
		}
		document := New(Event, nil)
		document.Set("output", text)
		if c.depth > json.MaxDepth && document.Err() == nil {
			t.Errorf("depth %d: output is %.60s", c.depth, document.Get("output"))
		}
		object := New(Event, nil)
		object.Set("extra", `{"x":`+text+`}`)
		if (object.Err() == nil) != c.ok { // extra and x are two levels, as in a message
			t.Errorf("depth %d: Set says %v", c.depth, object.Err())
		}
	}
}

// TestManyKeys takes hours where anything is quadratic.
func TestManyKeys(t *testing.T) {
	line := []byte{'{'}
	for i := range 1_000_000 {
		if i > 0 {
			line = append(line, ',')
		}
		line = fmt.Appendf(line, `"extra.k%d":%d`, i%500_000, i) // each twice
	}
	line = append(line, '}')
	var m Message
	if err := m.Decode(line); err != nil {
		t.Fatal(err)
	}
	if m.Len() != 500_000 || m.Get("extra.k7") != "500007" {
		t.Errorf("%d fields, extra.k7 is %s", m.Len(), m.Get("extra.k7"))
	}
	for i := range 250_000 {
		m.Delete(fmt.Sprintf("extra.k%d", 2*i))
		m.Set(fmt.Sprintf("extra.n%d", i), "x")
	}
	if m.Len() != 500_000 || m.Has("extra.k8") || m.Get("extra.n9") != "x" || m.Get("extra.k9") != "500009" {
		t.Errorf("%d fields", m.Len())
	}
	var back Message
	if err := back.Decode(m.Append(nil)); err != nil || back.Len() != 500_000 {
		t.Errorf("%d fields, %v", back.Len(), err)
	}
	object := append(append([]byte(nil), line...), ' ')
	e := New(Event, nil)
	e.Set("extra", string(bytes.ReplaceAll(object, []byte("extra."), nil)))
	if e.Err() != nil || e.Len() != 500_000 {
		t.Errorf("extra has %d members, %v", e.Len(), e.Err())
	}
}

// TestTooManyKeys: a message has a bound, and what is beyond it fails.
func TestTooManyKeys(t *testing.T) {
	line := []byte{'{'}
	for i := range MaxFields + 1 {
		if i > 0 {
			line = append(line, ',')
		}
		line = fmt.Appendf(line, `"k%d":0`, i)
	}
	var m Message
	if err := m.Decode(append(line, '}')); err == nil || !strings.Contains(err.Error(), "more than 1048576 fields") {
		t.Errorf("%v", err)
	}
}
