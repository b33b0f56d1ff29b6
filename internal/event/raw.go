package event

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event/rawtext"
)

// inherited are the fields of a report that every event made from it has.
var inherited = []string{
	"feed.accuracy", "feed.code", "feed.documentation", "feed.name",
	"feed.provider", "feed.url", "rtir_id", "time.observation",
}

// CopyFeed copies the fields of a report that are about its feed, and its own, to one
// that is made of it.
func (m *Message) CopyFeed(report *Message) {
	for _, key := range inherited {
		m.copyFrom(report, key)
	}
}

// Inherit makes Derive copy these fields too.
func (m *Message) Inherit(keys []string) { m.copied, m.child = keys, nil }

// Derive makes e an event that begins with the feed fields of report m. If one
// of them is not valid in an event, e is condemned.
func (m *Message) Derive(e *Message) {
	child := m.heir()
	e.Reset(Event, m.Dictionary)
	e.buf = append(e.buf, child.buf...)
	e.fields = append(e.fields, child.fields...)
	e.marks, e.next, e.report, e.reading, e.err = child.marks, child.next, m, m.reading, child.err
}

// Amend is Set for a report: the events that are made of it from now on, and its
// dump, have the value too. A parser cuts secrets off a URL so.
func (m *Message) Amend(key, text string) {
	m.Set(key, text)
	m.child = nil
}

// CheckHeirs returns the error by which Derive would condemn all events.
func (m *Message) CheckHeirs() error { return m.heir().err }

// heir returns the event that all events of a report begin as.
func (m *Message) heir() *Message {
	if m.child == nil {
		m.child = New(Event, m.Dictionary)
		for _, key := range inherited {
			m.child.copyFrom(m, key)
		}
		for _, key := range m.copied {
			m.child.copyFrom(m, key)
			for k := range m.All() {
				if key == "extra" && strings.HasPrefix(k, "extra.") {
					m.child.copyFrom(m, k)
				}
			}
		}
	}
	return m.child
}

func (e *Message) copyFrom(m *Message, key string) {
	if v, ok := m.Value(key); ok {
		e.Load(key, v)
	}
}

// Load is SetValue for a value that comes from a message: what is valid stays as
// it is, and base64 is never encoded once more. An empty value changes nothing.
func (m *Message) Load(key string, v harmonization.Value) {
	if v.Empty() {
		return
	}
	f, err := m.Dict().Field(m.schema(), key)
	if err != nil {
		m.Fail(err)
		return
	}
	err = f.Valid(v)
	switch {
	case f.Type == "JSONDict":
		m.SetValue(key, v)
	case err == nil:
		m.store(key, v)
	case f.Type == "Base64":
		m.Fail(named(key, err))
	default:
		m.SetValue(key, v)
	}
}

// LoadText is Load for a value as a message or an object has it, which is neither
// decoded nor encoded where it is plain and valid, as most are.
func (m *Message) LoadText(key, text []byte) {
	v := harmonization.Value{Kind: harmonization.Number}
	switch c := text[0]; {
	case c == '"' && bytes.IndexByte(text, '\\') < 0:
		v.Kind, v.Text = harmonization.String, view(text[1:len(text)-1])
	case c == '-' || c >= '0' && c <= '9':
		v.Text = view(text)
	default:
		m.Load(string(key), value(text))
		return
	}
	if v.Empty() {
		return
	}
	name := view(key)
	if f, err := m.Dict().Field(m.schema(), name); err != nil || f.Type == "JSONDict" || f.Valid(v) != nil {
		m.Load(string(key), value(text))
		return
	}
	f := m.begin(name, true)
	m.buf = append(m.buf, text...)
	if err := m.finish(name, f); err != nil {
		m.Fail(err)
	}
}

// AppendOrigin adds to the piece of input that the event is about. It becomes
// the field raw when the event is emitted, and if the event fails it goes
// into the dump.
func (e *Message) AppendOrigin(raw []byte) { e.origin = append(e.origin, raw...) }

// SetOrigin replaces it.
func (e *Message) SetOrigin(raw []byte) { e.origin = append(e.origin[:0], raw...) }

// Finish adds raw and __type to an event that a parser has filled in.
func (e *Message) Finish() {
	if e.report != nil && !e.Has("raw") && len(e.origin) > 0 {
		e.SetRaw(e.origin)
	}
	e.FinishBare()
}

// FinishBare adds __type alone. The piece of input still goes into the dump if the
// event fails.
func (e *Message) FinishBare() {
	if e.find("__type") < 0 {
		e.SetText("__type", typeText[e.Kind])
	}
}

// Detach makes the event one like any other: from the next stage on it is what
// is at hand when something fails, not the piece of input it was made from.
func (e *Message) Detach() { e.report, e.reading, e.origin = nil, nil, e.origin[:0] }

// Origin returns the piece of input the event was made from and the report it
// was a part of, if a parser made it.
func (e *Message) Origin() (raw []byte, report *Message) { return e.origin, e.report }

var typeText = [...][]byte{Event: []byte(`"Event"`), Report: []byte(`"Report"`)}

// SetRaw makes raw the content of the field raw.
func (m *Message) SetRaw(raw []byte) {
	f := m.begin("raw", true)
	m.buf = append(m.encoder.Append(append(m.buf, '"'), raw), '"')
	if err := m.finish("raw", f); err != nil {
		m.Fail(err)
	}
}

// SetBody makes r the content of a report: it stands for the field raw, is
// read once, and is not limited by memory.
func (m *Message) SetBody(r Body) {
	m.Delete("raw")
	m.body, m.peeked = r, nil
}

// Whole marks a body of which it is known that it can be read to its end: a
// collector has checked it, or it is a file.
type Whole struct{ io.Reader }

// Body returns the reader given to SetBody, or nil.
func (m *Message) Body() Body { return m.body }

// Raw returns the content of a report, decoded from base64. It can be read
// once if it is a stream. Without content it is empty.
func (m *Message) Raw() io.Reader {
	if m.body != nil {
		return m.content()
	}
	v, ok := m.Value("raw")
	if !ok || v.Kind != harmonization.String {
		return bytes.NewReader(nil)
	}
	return rawtext.NewBase64Reader(strings.NewReader(v.Text))
}

// content is the body, from its beginning if nobody has read it but Peek.
func (m *Message) content() io.Reader {
	if m.peeked == nil {
		return m.body
	}
	r := io.MultiReader(bytes.NewReader(m.peeked), m.body)
	m.peeked = nil
	return r
}

// Peek returns the first n bytes of the content of a report, or all if it has less.
// Raw yields them all the same.
func (m *Message) Peek(n int) []byte {
	if m.body == nil {
		b := make([]byte, n)
		got, _ := io.ReadFull(m.Raw(), b)
		return b[:got]
	}
	if missing := n - len(m.peeked); missing > 0 {
		more, _ := io.ReadAll(io.LimitReader(m.body, int64(missing))) // an error comes again
		m.peeked = append(m.peeked, more...)
	}
	return m.peeked[:min(n, len(m.peeked))]
}

// CheckRaw says what is wrong with the content of a report that is in memory.
func (m *Message) CheckRaw() error { return rawtext.Check(m.JSON("raw")) }

// WriteTo writes the message as one line, streaming its body if it has one:
// raw is the last field then.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	if m.body == nil {
		n, err := w.Write(append(m.Append(nil), '\n'))
		return int64(n), err
	}
	head := m.Append(nil)
	head = head[:len(head)-1]
	if len(m.fields) > 0 {
		head = append(head, ',')
	}
	count := &counter{w: w}
	if _, err := count.Write(append(head, `"raw":"`...)); err != nil {
		return count.n, err
	}
	enc := base64.NewEncoder(base64.StdEncoding, count)
	if _, err := io.CopyBuffer(struct{ io.Writer }{enc}, struct{ io.Reader }{m.content()}, make([]byte, 48<<10)); err != nil {
		return count.n, err
	}
	if err := enc.Close(); err != nil {
		return count.n, err
	}
	_, err := count.Write([]byte("\"}\n"))
	return count.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Absorb reads the body into the field raw, if it has no more than limit bytes.
func (m *Message) Absorb(limit int64) error {
	raw, err := io.ReadAll(io.LimitReader(m.content(), limit+1))
	if err != nil {
		return err
	}
	if int64(len(raw)) > limit {
		return fmt.Errorf("raw: longer than %d bytes, see --record-limit", limit)
	}
	m.body = nil
	m.SetRaw(raw)
	return nil
}
