package event

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/intelpipe/intelpipe/internal/event/scan"
	"github.com/intelpipe/intelpipe/internal/json"
)

// ErrKind is wrapped by the error for a __type that data may not have.
var ErrKind = errors.New("unknown __type")

// Decode makes m the message that line says. The line is copied. Of a key that
// is repeated the last value counts. With an error m is empty, but Line still
// returns the line. Line breaks between the tokens of the object are white space
// like any other: the message is written without them.
func (m *Message) Decode(line []byte) error {
	typ, err := m.parse(line)
	if err != nil {
		m.fields = m.fields[:0]
		return err
	}
	if typ >= 0 {
		if m.Kind, err = m.kind(m.jsonAt(typ)); err != nil {
			m.fields = m.fields[:0]
			return err
		}
	}
	return nil
}

// parse fills in the fields and returns the index of __type, or -1.
func (m *Message) parse(line []byte) (typ int, err error) {
	m.Reset(Event, m.Dictionary)
	m.buf = scan.AppendPadded(m.buf, line)
	m.line = uint32(len(line))
	m.dirty = false
	s := &m.scanner
	s.Reset(m.buf)
	s.Outer = 1
	var distinct bool
	m.fields, distinct, err = s.Object(m.fields, &m.marks)
	m.buf = s.Buf
	if err == nil {
		err = s.End(len(line), "object")
	}
	if err != nil {
		return -1, s.AtEnd(err, len(line))
	}
	m.next = uint32(len(m.fields)) + 2 // what is set later is no neighbour of these
	if !distinct {
		m.dedupe()
	}
	if m.dead > 0 {
		m.settle()
	}
	if s.Broken {
		m.unbreak()
	}
	return m.find("__type"), nil
}

// dedupe keeps of each key that was scanned the last field.
func (m *Message) dedupe() {
	m.marks = scan.Marks{}
	all, kept := m.fields, 0
	for i := range all {
		f := &all[i]
		if m.marks.Add(f.Mark) {
			m.fields = all[:kept]
			if j := m.find(view(m.buf[f.Key : f.Key+f.KeyLen])); j >= 0 {
				m.deleteAt(j)
				kept = len(m.fields)
			}
		}
		if kept < i {
			all[kept] = *f
		}
		kept++
	}
	m.fields = all[:kept]
}

// unbreak makes one line of a text of several. Strings have no raw line breaks,
// so that all there are stand between tokens.
func (m *Message) unbreak() {
	for i, c := range m.buf[:m.line] {
		if c == '\n' || c == '\r' {
			m.buf[i] = ' '
		}
	}
	m.dirty = true
}

// kind reads __type. A control line consists of __type and id alone.
func (m *Message) kind(text []byte) (Kind, error) {
	switch string(text) {
	case `"Event"`:
		return Event, nil
	case `"Report"`:
		return Report, nil
	case `"Checkpoint"`, `"Commit"`:
		if m.Len() == 2 && m.find("id") >= 0 && m.JSON("id")[0] == '"' {
			if text[2] == 'h' {
				return Checkpoint, nil
			}
			return Commit, nil
		}
	}
	return Event, fmt.Errorf("%w: %s", ErrKind, clip(text))
}

// ID returns the id of a control line.
func (m *Message) ID() string { return m.Get("id") }

// AppendControl appends a control line, without a newline.
func AppendControl(dst []byte, kind Kind, id string) []byte {
	dst = append(append(append(dst, `{"__type":"`...), kind.String()...), `","id":`...)
	return append(json.AppendString(dst, id), '}')
}

// DecodeHead reads the fields of a report that stand before the content of
// raw, given the first bytes of a long line, and returns how many bytes that
// are, the opening quote included. It returns 0 if this is no such report.
func (m *Message) DecodeHead(text []byte) int {
	i := bytes.Index(text, []byte(`"raw"`))
	if i < 0 {
		return 0
	}
	head := bytes.TrimRight(text[:i], " \t\r\n")
	if len(head) > 1 {
		var ok bool
		if head, ok = bytes.CutSuffix(head, []byte(",")); !ok {
			return 0
		}
	}
	if err := m.Decode(append(bytes.Clone(head), '}')); err != nil {
		return 0
	}
	if m.Kind > Report || m.Has("__type") && m.Kind != Report {
		return 0
	}
	m.Kind = Report
	s := scan.Scanner{Buf: scan.AppendPadded(nil, text[i+5:min(i+64, len(text))])}
	s.Space()
	if s.Buf[s.Pos] != ':' {
		return 0
	}
	s.Pos++
	s.Space()
	if s.Buf[s.Pos] != '"' {
		return 0
	}
	return i + 5 + s.Pos + 1
}
