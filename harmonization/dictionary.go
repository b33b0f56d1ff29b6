package harmonization

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Dictionary has the fields that messages may have. It does not change; several goroutines
// may use it at once.
type Dictionary struct {
	messages [2]table
}

// table finds fields by name. A parser looks up each value it sets, so this is a hash
// table with open addressing, whose hash reads at most 16 bytes of the name.
type table struct {
	fields []*Field // in alphabetical order
	dicts  []*Field // the JSONDict fields, whose keys may have any tail
	slots  []slot
	mask   uint32
}

type slot struct {
	name  string
	field *Field
}

// fill makes the table of the fields, which are sorted by name.
func (t *table) fill(fields []*Field) {
	size := 1 << bits.Len(uint(4*len(fields)))
	*t = table{fields: fields, slots: make([]slot, size), mask: uint32(size - 1)}
	for _, f := range fields {
		i := hash(f.Name) & t.mask
		for t.slots[i].field != nil {
			i = (i + 1) & t.mask
		}
		t.slots[i] = slot{f.Name, f}
		if f.Type == "JSONDict" {
			t.dicts = append(t.dicts, f)
		}
	}
}

// hash mixes the length and the first and last eight bytes.
func hash(key string) uint32 {
	var a, b uint64
	n := len(key)
	if n >= 8 {
		p := unsafe.Slice(unsafe.StringData(key), n)
		a = binary.LittleEndian.Uint64(p)
		b = binary.LittleEndian.Uint64(p[n-8:])
	} else {
		for i := range n {
			a = a<<8 | uint64(key[i])
		}
	}
	a = (a ^ bits.RotateLeft64(b, 29) ^ uint64(n)) * 0x9e3779b97f4a7c15
	return uint32(a >> 32)
}

// Field returns the field of a key. All keys below a field of type JSONDict, such as
// extra.x, share a field that takes any JSON value. The error wraps [ErrInvalidKey].
func (d *Dictionary) Field(kind Message, key string) (*Field, error) {
	t := &d.messages[kind&1]
	for i := hash(key) & t.mask; ; i = (i + 1) & t.mask {
		s := &t.slots[i]
		if s.name == key && s.field != nil {
			return s.field, nil
		}
		if s.field == nil {
			break
		}
	}
	for _, f := range t.dicts {
		if n := len(f.Name); len(key) > n && key[n] == '.' && key[:n] == f.Name && validTail(key[n:]) {
			return &anyField, nil
		}
	}
	return nil, &keyError{kind, strings.Clone(key)}
}

// anyField holds the values below JSONDict fields.
var anyField = Field{Type: anyType.Name, Description: "any JSON value", rule: &anyType}

// Check returns an error if there is no field for the key. The error suggests the field
// that was probably meant, for keys that people write in flags, rules and templates. It
// wraps [ErrInvalidKey].
func (d *Dictionary) Check(kind Message, key string) error {
	_, err := d.Field(kind, key)
	if err == nil {
		return nil
	}
	names := func(yield func(string) bool) {
		for f := range d.Fields(kind) {
			if !yield(f.Name) {
				return
			}
		}
	}
	near := plain.Nearest(key, names)
	if near == "" && validKey("extra."+key) {
		if _, err := d.Field(kind, "extra."+key); err == nil {
			near = "extra." + key
		}
	}
	if near == "" {
		return err
	}
	return fmt.Errorf("%w; did you mean %s?", err, near)
}

// Fields returns the fields in alphabetical order.
func (d *Dictionary) Fields(kind Message) iter.Seq[*Field] {
	return slices.Values(d.messages[kind&1].fields)
}
