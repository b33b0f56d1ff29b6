// Package event holds the message that all commands read and write: one flat
// JSON object with its fields in order.
//
// A message is scanned once, in place. A field that nobody touches is passed
// on byte for byte; a value is decoded only when somebody asks for it.
package event

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event/rawtext"
	"github.com/intelpipe/intelpipe/internal/event/scan"
)

// Kind tells messages from the control lines of the delivery protocol.
type Kind uint8

// The values of __type.
const (
	Event Kind = iota
	Report
	Checkpoint
	Commit
)

func (k Kind) String() string {
	return [...]string{"Event", "Report", "Checkpoint", "Commit"}[k]
}

// Message is one event or report. Its zero value is an empty event of the
// built-in dictionary. It is not safe for concurrent use.
type Message struct {
	Kind       Kind
	Dictionary *harmonization.Dictionary // fields in force; nil means the built-in ones

	// buf holds the line as received, padded, and behind it the text of the
	// fields set since. Fields refer to it by offset.
	buf    []byte
	line   uint32 // length of the line as received
	fields []field
	marks  scan.Marks // of the fields, and of some that were deleted
	next   uint32     // seq of the next field to be set
	dirty  bool       // the line no longer says what the fields say
	dead   int        // how many of the fields are deleted, see deleteAt
	index  *index     // of the fields where they are many
	err    error      // the first failed Set
	place  Place
	route  string // the path that it takes, if it is not the usual one

	body   Body     // content of a report that is not in buf
	peeked []byte   // of body
	copied []string // report fields that Derive copies besides the usual ones
	origin []byte   // the piece of input a parser made this event from
	report *Message // the report it came from
	child  *Message // what Derive copies, made once

	reading *Reading // of a report, and of events while their parser has them
	source  Source   // of the piece of a report that is at work

	scratch []byte      // of Hash
	words   *[16]string // that Get has returned
	scanner scan.Scanner
	encoder rawtext.Encoder // of SetRaw
}

// field is a member of the line, or one that was set.
type field = scan.Member

// Body is the content of a report that is read as a stream.
type Body interface{ io.Reader }

// New returns an empty message.
func New(kind Kind, d *harmonization.Dictionary) *Message {
	m := &Message{}
	m.Reset(kind, d)
	return m
}

// Reset empties m for reuse.
func (m *Message) Reset(kind Kind, d *harmonization.Dictionary) {
	m.Kind, m.Dictionary = kind, d
	m.buf, m.fields, m.line, m.marks = m.buf[:0], m.fields[:0], 0, scan.Marks{}
	m.dirty, m.next, m.dead = true, 1, 0
	m.index.forget()
	m.place = Place{}
	m.origin, m.scratch = m.origin[:0], m.scratch[:0]
	m.err, m.body, m.peeked, m.copied, m.report, m.child = nil, nil, nil, nil, nil, nil
	m.reading, m.source, m.route = nil, Source{}, ""
}

// Clone returns a deep copy that the caller owns.
func (m *Message) Clone() *Message {
	c := *m
	c.buf = bytes.Clone(m.buf)
	c.fields = append([]field(nil), m.fields...)
	c.origin = bytes.Clone(m.origin)
	c.scratch, c.index, c.words, c.scanner = nil, nil, nil, scan.Scanner{}
	return &c
}

// Size is how many bytes the message takes, about.
func (m *Message) Size() int { return len(m.buf) }

// Dict returns the dictionary in force.
func (m *Message) Dict() *harmonization.Dictionary {
	if m.Dictionary == nil {
		m.Dictionary = harmonization.Default()
	}
	return m.Dictionary
}

func (m *Message) schema() harmonization.Message {
	if m.Kind == Report {
		return harmonization.Report
	}
	return harmonization.Event
}

// find returns the index of key among the fields, or -1.
func (m *Message) find(key string) int {
	want := scan.Mark(key)
	if !m.marks.Has(want) {
		return -1
	}
	if len(m.fields) > few {
		if m.index == nil {
			m.index = newIndex()
		}
		return m.index.find(m.buf, m.fields, key)
	}
	for i := range m.fields {
		if f := &m.fields[i]; f.Mark == want && string(m.buf[f.Key:f.Key+f.KeyLen]) == key {
			return i
		}
	}
	return -1
}

func (m *Message) keyAt(i int) []byte {
	f := &m.fields[i]
	return m.buf[f.Key : f.Key+f.KeyLen]
}

func (m *Message) jsonAt(i int) []byte {
	f := &m.fields[i]
	return m.buf[f.Value:f.End]
}

// Len returns the number of fields, __type included.
func (m *Message) Len() int { return len(m.fields) - m.dead }

// Has reports whether the field is there; "extra" stands for any extra.*.
func (m *Message) Has(key string) bool {
	if m.find(key) >= 0 {
		return true
	}
	return key == "extra" && m.hasPrefix("extra.")
}

func (m *Message) hasPrefix(prefix string) bool {
	m.settle()
	for i := range m.fields {
		if bytes.HasPrefix(m.keyAt(i), []byte(prefix)) {
			return true
		}
	}
	return false
}

// JSON returns the text of the field's value, or nil. It is a view that is
// valid until the message changes.
func (m *Message) JSON(key string) []byte {
	if i := m.find(key); i >= 0 {
		return m.jsonAt(i)
	}
	return nil
}

// Value returns the field's value; ok is false if the field is absent.
func (m *Message) Value(key string) (v harmonization.Value, ok bool) {
	i := m.find(key)
	if i < 0 {
		return harmonization.Value{}, false
	}
	return value(m.jsonAt(i)), true
}

// Get returns the field's value as text: a string unescaped, anything else as
// it stands. It is empty if the field is absent.
func (m *Message) Get(key string) string {
	i := m.find(key)
	if i < 0 {
		return ""
	}
	text := m.jsonAt(i)
	if n := len(text) - 2; text[0] == '"' && n <= short && bytes.IndexByte(text, '\\') < 0 {
		return m.word(text[1 : 1+n])
	}
	return value(text).Text
}

// short is the length of a text that is likely to come again.
const short = 24

// word returns text as a string, which is not made anew if it came before: what
// commands ask for are types, protocols, names of feeds, of which there are few.
func (m *Message) word(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if m.words == nil {
		m.words = new([16]string)
	}
	w := &m.words[(len(text)^int(text[0])^int(text[len(text)-1])*5)&15]
	if *w != string(text) {
		*w = string(text)
	}
	return *w
}

// All yields the fields in order, key and JSON text, but for __type.
func (m *Message) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		m.settle()
		for i := range m.fields {
			if key := m.keyAt(i); string(key) != "__type" && !yield(string(key), m.jsonAt(i)) {
				return
			}
		}
	}
}

// Fields is All with keys that are valid until the message changes.
func (m *Message) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, text []byte) bool) {
		m.settle()
		for i := range m.fields {
			if key := m.keyAt(i); string(key) != "__type" && !yield(key, m.jsonAt(i)) {
				return
			}
		}
	}
}

// Keys returns the names of the fields in order, but for __type.
func (m *Message) Keys() []string {
	keys := make([]string, 0, len(m.fields))
	for key := range m.All() {
		keys = append(keys, key)
	}
	return keys
}

// Delete removes the field; "extra" stands for all of extra.*.
func (m *Message) Delete(key string) {
	m.Remove(key)
	if key == "extra" {
		m.DeleteFunc(func(key string) bool { return strings.HasPrefix(key, "extra.") })
	}
}

// Remove is Delete for exactly this key, without the special meaning of extra.
func (m *Message) Remove(key string) {
	if i := m.find(key); i >= 0 {
		m.deleteAt(i)
	}
}

// DeleteFunc removes the fields that gone tells, __type excepted. The key is valid
// while gone is at work: a copy of each would cost more than all the rest.
func (m *Message) DeleteFunc(gone func(key string) bool) {
	m.settle()
	kept := m.fields[:0]
	for i := range m.fields {
		if key := m.keyAt(i); string(key) == "__type" || !gone(view(key)) {
			kept = append(kept, m.fields[i])
		}
	}
	if len(kept) < len(m.fields) {
		m.fields, m.dirty = kept, true
		m.index.forget()
	}
}

// deleteAt removes a field, and reports whether those behind it have moved up.
func (m *Message) deleteAt(i int) (moved bool) {
	m.dirty = true
	if len(m.fields) > few {
		m.fields[i] = field{}
		m.dead++
		return false
	}
	m.fields = append(m.fields[:i], m.fields[i+1:]...)
	return true
}

// settle closes the gaps that deleted fields have left.
func (m *Message) settle() {
	if m.dead == 0 {
		return
	}
	kept := m.fields[:0]
	for i := range m.fields {
		if m.fields[i].End > 0 {
			kept = append(kept, m.fields[i])
		}
	}
	m.fields, m.dead = kept, 0
	m.index.forget()
}

// MaxFields is how many fields a message may have, and how many members an
// object of a feed.
const MaxFields = scan.MaxMembers

var errTooMany = errors.New(scan.TooMany)

// full reports whether there is no room for one more field.
func (m *Message) full() bool { return len(m.fields) >= MaxFields && m.Len() >= MaxFields }

// Err returns what the first failed Set said. Emit puts such a message into
// the dump instead of passing it on.
func (m *Message) Err() error { return m.err }

// Fail condemns the message, unless something did before. Nil condemns nothing.
func (m *Message) Fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Line returns the line as received, if the message was decoded from one. A
// text of several lines that could be decoded is one line, see Decode.
func (m *Message) Line() []byte { return m.buf[:m.line] }

// Append appends the message as one JSON object, without a newline. A body is
// not part of it; WriteBody streams one.
func (m *Message) Append(dst []byte) []byte {
	if !m.dirty {
		return append(dst, m.buf[:m.line]...)
	}
	m.settle()
	dst = append(dst, '{')
	for i := 0; i < len(m.fields); {
		if i > 0 {
			dst = append(dst, ',')
		}
		run := i + 1
		for run < len(m.fields) && m.fields[run].Seq == m.fields[run-1].Seq+1 {
			run++
		}
		dst = append(dst, m.buf[m.fields[i].Start:m.fields[run-1].End]...)
		i = run
	}
	return append(dst, '}')
}

func (m *Message) String() string { return string(m.Append(nil)) }

// Route returns the path that the message takes, or "" for the usual one.
func (m *Message) Route() string { return m.route }

// SetRoute sends the message on the named path, when it is emitted next.
func (m *Message) SetRoute(name string) { m.route = name }

// Place returns what SetPlace was given.
func (m *Message) Place() Place { return m.place }

// SetPlace records where the message comes from.
func (m *Message) SetPlace(p Place) { m.place = p }

// SetReading says how to read a report. The values of events that are derived
// from it are read so, up to the end of their parser.
func (m *Message) SetReading(r *Reading) { m.reading = r }

// Reading returns what SetReading was given, or nil.
func (m *Message) Reading() *Reading { return m.reading }

// Times says how to read times, for those who do so before they set a field.
func (m *Message) Times() *harmonization.Reading {
	if m.reading == nil {
		return nil
	}
	return &m.reading.Reading
}

// SetSource notes the source of the piece that is at work, if its bytes are not
// its text.
func (m *Message) SetSource(s Source) { m.source = s }

// Source returns what SetSource was given last.
func (m *Message) Source() (s Source, ok bool) { return m.source, m.source.Bytes != nil }

// Snapshot remembers the fields as they are now, in memory that the caller
// lends. Restore goes back to them.
func (m *Message) Snapshot(s Snapshot) Snapshot {
	m.settle()
	return Snapshot{append(s.fields[:0], m.fields...), m.dirty}
}

// Restore undoes every change since the snapshot was taken.
func (m *Message) Restore(s Snapshot) {
	m.fields, m.dirty = append(m.fields[:0], s.fields...), s.dirty // marks of what is gone do no harm
	m.dead = 0
	m.index.forget()
}

// Snapshot is the state of a message at one moment. It is good until the
// message is reset.
type Snapshot struct {
	fields []field
	dirty  bool
}

var pool = sync.Pool{New: func() any { return new(Message) }}

// Borrow returns an empty message that Release gives back.
func Borrow() *Message { return pool.Get().(*Message) }

// Release gives a message back that nobody uses any longer.
func (m *Message) Release() {
	if cap(m.buf) > 64<<10 {
		return // rather than keep a large buffer for small messages
	}
	pool.Put(m)
}
