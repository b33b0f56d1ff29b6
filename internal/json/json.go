// Package json is the one door to a JSON library.
//
// The hot path of a stage never comes here: messages are read by a line
// scanner of their own. What is left is whole documents (configuration, feeds
// that are one JSON value), and the small primitives that scanner, writer and
// data format share: is this valid, quote this, unquote that.
package json

import (
	"bytes"
	"unsafe"

	"github.com/goccy/go-json"
)

// Number is a JSON number as it was written.
type Number = json.Number

// RawMessage is an encoded value that is decoded later.
type RawMessage = json.RawMessage

// Unmarshal decodes one JSON document. Numbers that land in an any keep their
// text as a [Number]. The text is checked first, because the library is lax
// with what it skips, and knows neither our limits nor the place of an error.
func Unmarshal(data []byte, v any) error {
	if err := Check(unsafe.String(unsafe.SliceData(data), len(data))); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

// Marshal encodes v on one line: object keys sorted, non-ASCII and <, >, &
// written as they are.
func Marshal(v any) ([]byte, error) {
	return json.MarshalWithOption(v, json.DisableHTMLEscape())
}
