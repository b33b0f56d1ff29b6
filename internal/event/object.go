package event

import (
	"unsafe"

	"github.com/intelpipe/intelpipe/harmonization"
)

// Object is any JSON object, read the way a message is: nothing is decoded
// that nobody asks for. Parsers use it for feeds that are written in JSON.
type Object struct{ m Message }

// Parse makes o the object that text says. The text is copied.
func (o *Object) Parse(text []byte) error {
	_, err := o.m.parse(text)
	if err != nil {
		o.m.fields = o.m.fields[:0]
	}
	return err
}

// ParseText is Parse for a string.
func (o *Object) ParseText(text string) error {
	return o.Parse(unsafe.Slice(unsafe.StringData(text), len(text))) // which it only reads
}

// Text is what Parse was given.
func (o *Object) Text() []byte { return o.m.Line() }

// Get returns a member's value as text, or "".
func (o *Object) Get(key string) string { return o.m.Get(key) }

// Value returns a member's value; it is null if there is no such member.
func (o *Object) Value(key string) harmonization.Value {
	v, _ := o.m.Value(key)
	return v
}

// Has reports whether there is such a member.
func (o *Object) Has(key string) bool { return o.m.find(key) >= 0 }

// All yields key and JSON text of the members in order.
func (o *Object) All(yield func(string, []byte) bool) {
	for i := range o.m.fields {
		if !yield(string(o.m.keyAt(i)), o.m.jsonAt(i)) {
			return
		}
	}
}

// Members is All without decoding keys, which are valid until the next Parse.
func (o *Object) Members(yield func(key, text []byte) bool) {
	for i := range o.m.fields {
		if !yield(o.m.keyAt(i), o.m.jsonAt(i)) {
			return
		}
	}
}
