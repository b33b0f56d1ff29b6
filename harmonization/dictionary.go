package harmonization

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/intelpipe/intelpipe/harmonization/pattern"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// ErrInvalidKey is what errors about keys wrap: a key that is malformed or not
// in the dictionary.
var ErrInvalidKey = errors.New("invalid key")

// Message is a kind of message; each has its own fields.
type Message uint8

// The kinds of messages.
const (
	Event Message = iota
	Report
)

// String returns "event" or "report".
func (m Message) String() string {
	if m == Report {
		return "report"
	}
	return "event"
}

// Dictionary is the set of fields messages may have.
type Dictionary struct {
	messages [2]table
}

// table finds fields by name. It is an open-addressed hash table over a hash
// that looks at no more than 16 bytes, because a parser asks for every value it
// sets.
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

// Field is one field of a message: its type and the constraints on its values.
type Field struct {
	Name        string
	Type        string
	Length      int    // in characters of the value's text form; 0 is no limit
	Regex       string // searched in the text form, in Python's syntax
	IRegex      string // the same, ignoring case
	Description string

	rule   *TypeRule
	match  pattern.Matcher
	imatch pattern.Matcher
}

// Default returns the dictionary of the built-in fields.
func Default() *Dictionary { return builtin() }

var builtin = sync.OnceValue(build)

func build() *Dictionary {
	d := new(Dictionary)
	for kind, fields := range [][]Field{eventFields[:], reportFields[:]} {
		list := make([]*Field, len(fields))
		for i := range fields {
			list[i] = &fields[i]
			if err := list[i].prepare(); err != nil {
				panic(err) // a test prepares them all
			}
		}
		d.messages[kind].fill(list)
	}
	return d
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

// Field returns the field that holds values of a key. Keys below a JSONDict
// field (extra.x) share one that takes any JSON value. The error wraps
// [ErrInvalidKey].
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

// Check returns an error if there is no field of that name, and says which one
// was probably meant. It is for names that people write: flags, rules and
// templates. The error wraps [ErrInvalidKey].
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

// keyError names the key and what is wrong with it.
type keyError struct {
	kind Message
	key  string
}

func (e *keyError) Error() string {
	if !validKey(e.key) {
		return "invalid key " + plain.Quote(e.key)
	}
	return fmt.Sprintf("invalid key %s: not a field of %ss", plain.Quote(e.key), e.kind)
}

func (*keyError) Unwrap() error { return ErrInvalidKey }

// validKey reports whether a key is well-formed: lower-case letters, digits
// and underscores in parts that are joined by single dots. The first part has
// two characters or more and begins with no digit.
func validKey(key string) bool {
	if key == "" || isDigit(key[0]) {
		return false
	}
	i := 0
	for i < len(key) && keyByte(key[i]) {
		i++
	}
	return i >= 2 && (i == len(key) || validTail(key[i:]))
}

// validTail checks ".part.part".
func validTail(s string) bool {
	dot := false
	for i := range len(s) {
		if s[i] == '.' {
			if dot {
				return false
			}
			dot = true
			continue
		}
		if !keyByte(s[i]) {
			return false
		}
		dot = false
	}
	return !dot
}

func keyByte(c byte) bool { return c-'a' <= 'z'-'a' || c == '_' || c-'0' <= 9 }

// Valid returns nil if v fits the field exactly as it is.
func (f *Field) Valid(v Value) error {
	if !f.rule.valid(v) {
		return &ValueError{Type: f.Type, Value: v}
	}
	return f.constrain(v)
}

// Sanitise returns v in the canonical form of the field's type, if that fits
// the field. A value that is canonical comes back as it is, and nothing is
// allocated for it.
func (f *Field) Sanitise(v Value) (Value, error) { return f.SanitiseAs(v, nil) }

// SanitiseAs is [Field.Sanitise] where it is known how to read what the text
// of a time leaves open.
func (f *Field) SanitiseAs(v Value, r *Reading) (Value, error) {
	w, err := f.rule.SanitiseAs(v, r)
	if err == nil {
		err = f.constrain(w)
	}
	if err != nil {
		return Value{}, err
	}
	return w, nil
}

// constrain checks length and regular expressions.
func (f *Field) constrain(v Value) error {
	if f.Length == 0 && f.match == nil && f.imatch == nil {
		return nil
	}
	s := v.Text
	if v.Kind != String {
		s = v.Python()
	}
	reason := ""
	switch {
	case f.Length > 0 && len(s) > f.Length && utf8.RuneCountInString(s) > f.Length:
		reason = "longer than " + strconv.Itoa(f.Length) + " characters"
	case f.match != nil && !f.match(s):
		reason = "does not match " + f.Regex
	case f.imatch != nil && !f.imatch(s):
		reason = "does not match " + f.IRegex
		if f.IRegex == pattern.Transport {
			reason = "no transport protocol"
		}
	default:
		return nil
	}
	return &ValueError{Type: f.Type, Value: v, Reason: reason}
}
