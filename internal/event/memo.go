package event

import (
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event/scan"
)

// Memo sets one field, and remembers what became of the values it was given:
// in the column of a feed a few values come again and again. It gives up on a
// field where they do not.
type Memo struct {
	field *harmonization.Field
	key   string // the field's name, or the full one below a JSONDict field
	head  string // ,"key":
	mark  uint32

	known       *[64]known
	tries, hits int
	off         bool // it was not worth it
}

// known is the text of a field and behind it the value that became it, in one
// piece: a memo is worth it only while looking it up touches little memory.
type known struct {
	text []byte
	size int // of the text alone
}

// longest is the length of a value that is worth remembering, trial the
// number of values after which a memo judges itself.
const (
	longest = 64
	trial   = 1024
)

// NewMemo returns a memo for a field that was looked up in the dictionary.
func NewMemo(f *harmonization.Field, key string) Memo {
	return Memo{field: f, key: key, head: `,"` + key + `":`, mark: scan.Mark(key)}
}

// Put is Message.Put for a string that is not empty.
func (c *Memo) Put(m *Message, value string) error {
	n := len(value)
	if n > longest || c.off {
		return c.put(m, value)
	}
	if c.known == nil {
		c.known = new([64]known)
	}
	k := &c.known[(n^int(value[n-1])*7^int(value[n/2])*31^int(value[0])*3)&63]
	c.tries++
	if len(k.text)-k.size == n && string(k.text[k.size:]) == value {
		c.hits++
		start := len(m.buf)
		m.buf = append(m.buf, k.text[:k.size]...)
		return c.added(m, start)
	}
	if c.tries > trial && c.hits < c.tries/4 {
		c.known, c.off = nil, true
	}
	start := len(m.buf)
	if err := c.put(m, value); err != nil {
		return err
	}
	k.text = append(append(k.text[:0], m.buf[start:]...), value...)
	k.size = len(m.buf) - start
	return nil
}

func (c *Memo) put(m *Message, value string) error {
	if c.field.Type == "JSONDict" {
		return m.Put(c.field, c.key, harmonization.Text(value))
	}
	v, err := c.field.SanitiseAs(harmonization.Text(value), m.Times())
	if err != nil {
		return named(c.key, err)
	}
	start := len(m.buf)
	if m.buf, err = appendValue(append(m.buf, c.head...), v); err != nil {
		return named(c.key, err)
	}
	return c.added(m, start)
}

// added takes note of the field whose text begins at start, with a comma.
func (c *Memo) added(m *Message, start int) error {
	if m.marks.Add(c.mark) {
		if i := m.find(c.key); i >= 0 {
			c.fill(m, &m.fields[i], start)
			return nil
		}
	}
	if m.full() {
		return named(c.key, errTooMany)
	}
	c.fill(m, m.slot(), start)
	m.fields = m.fields[:len(m.fields)+1]
	return nil
}

func (c *Memo) fill(m *Message, f *field, start int) {
	s := uint32(start)
	f.Start, f.Value, f.End = s+1, s+uint32(len(c.head)), uint32(len(m.buf))
	f.Key, f.KeyLen = s+2, uint32(len(c.key))
	f.Mark, f.Seq = c.mark, m.next
	m.next++
	m.dirty = true
}

// slot returns the place behind the last field, for one that is being made.
func (m *Message) slot() *field {
	n := len(m.fields)
	if n == cap(m.fields) {
		m.fields = slices.Grow(m.fields, max(n, 32))
	}
	return &m.fields[:n+1][n]
}
