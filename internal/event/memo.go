package event

import "github.com/intelpipe/intelpipe/harmonization"

// Memo sets one field, and remembers what became of the values it was given:
// in the column of a feed a few values come again and again. It gives up on a
// field where they do not.
type Memo struct {
	Field *harmonization.Field
	Key   string // the field's name, or the full one below a JSONDict field

	known       *[64]known
	tries, hits int
}

// known is a value and the text of the field that it became.
type known struct {
	value, text []byte
	at          uint32 // where in text the value begins
}

// longest is the length of a value that is worth remembering, trial the
// number of values after which a memo judges itself.
const (
	longest = 64
	trial   = 1024
)

// Put is Message.Put for a string.
func (c *Memo) Put(m *Message, value string) error {
	if len(value) > longest || len(value) == 0 || c.tries == trial && c.hits < trial/4 || c.Field.Type == "JSONDict" {
		return m.Put(c.Field, c.Key, harmonization.Text(value))
	}
	if c.known == nil {
		c.known = new([64]known)
	}
	if c.tries < trial {
		c.tries++
	}
	n := len(value)
	k := &c.known[(n^int(value[n-1])*7^int(value[n/2])*31^int(value[0])*3)&63]
	if string(k.value) == value {
		if c.hits < trial {
			c.hits++
		}
		start := uint32(len(m.buf))
		m.buf = append(m.buf, k.text...)
		f := field{start: start + 1, value: start + k.at, key: start + 2, keyLen: uint32(len(c.Key)), mark: mark(c.Key), seq: m.next}
		m.finish(c.Key, f)
		return nil
	}
	start := len(m.buf)
	if err := m.Put(c.Field, c.Key, harmonization.Text(value)); err != nil {
		return err
	}
	k.value = append(k.value[:0], value...)
	k.text = append(k.text[:0], m.buf[start:]...)
	k.at = uint32(len(c.Key)) + 4 // ,"key":
	return nil
}
