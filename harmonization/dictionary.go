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

// ErrInvalidKey is wrapped by the errors for a key that is malformed or not in the
// dictionary.
var ErrInvalidKey = errors.New("invalid key")

// Message is a kind of message. Events and reports have different fields.
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

// Field is one field of a message: its type and the constraints on its values.
type Field struct {
	Name        string
	Type        string
	Length      int    // largest number of characters of str(value); 0 is no limit
	Regex       string // for re.search in str(value)
	IRegex      string // the same with re.IGNORECASE
	Description string

	rule   *TypeRule
	match  pattern.Matcher
	imatch pattern.Matcher
}

// Default returns the dictionary of the built-in fields, which are those of IntelMQ 3.5.
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

// validKey reports whether a key is well-formed: lower-case letters, digits and
// underscores in parts that are joined by single dots. The first part has at least two
// characters and does not begin with a digit.
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

// Valid returns nil if v fits the field unchanged, else a [*ValueError].
func (f *Field) Valid(v Value) error {
	if !f.rule.valid(v) {
		return &ValueError{Type: f.Type, Value: v}
	}
	return f.constrain(v)
}

// Sanitise converts v to the canonical form of the field's type. The error is a
// [*ValueError] if there is none, or if it violates the constraints of the field. A value
// in canonical form comes back unchanged, without an allocation.
func (f *Field) Sanitise(v Value) (Value, error) { return f.SanitiseAs(v, nil) }

// SanitiseAs is [Field.Sanitise] with a Reading for times that are ambiguous. The reading
// may be nil, and types other than DateTime ignore it.
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

// Is reports whether the field has this type, and takes all values of it.
func (f *Field) Is(typ string) bool {
	return f.Type == typ && f.Length == 0 && f.match == nil && f.imatch == nil
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
