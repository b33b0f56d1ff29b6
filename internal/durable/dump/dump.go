// Package dump is the format of the file that keeps the messages that failed:
// one JSON object a line, which is one entry or, where many have failed in a
// row, a burst of them.
//
// Lines know nothing of each other, so that dumps can be joined with cat, and
// thinned out with grep and jq. That is why the format has its number not at the
// beginning of the file: every line says it, as a key "format". The first format
// is the one without that key; what another version writes is refused.
package dump

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

// Entry is one message that failed. One of Message, Base64 and Kept has it.
type Entry struct {
	ID      ID     `json:"id"`
	Time    string `json:"time"`    // when it failed, UTC
	Command string `json:"command"` // which command gave it up
	Reason  string `json:"reason"`
	File    string `json:"file"`             // where in the input it stood
	Line    int64  `json:"line,omitempty"`   // from 1
	Column  int    `json:"column,omitempty"` // in bytes, from 1
	Source  string `json:"source,omitempty"` // whose stream it was; none in a bare pipe
	Window  uint64 `json:"window,omitempty"` // of that source
	Again   ID     `json:"again,omitempty"`  // the entry that was sent again
	Message string `json:"message,omitempty"`
	Base64  string `json:"base64,omitempty"` // of what is not UTF-8
	Kept    string `json:"kept,omitempty"`   // name of the file beside the dump that has a line too large for it
	Bytes   int64  `json:"bytes,omitempty"`  // how much of it is kept
	Cut     bool   `json:"cut,omitempty"`    // there was no room for all of it
}

// SetText stores the bytes of the message.
func (e *Entry) SetText(text []byte) { e.Message, e.Base64 = split(text) }

// Text returns the bytes of the message, but for one that is Kept.
func (e *Entry) Text() ([]byte, error) { return join(e.Message, e.Base64) }

// split is how bytes are stored: as text if they are UTF-8.
func split(text []byte) (message, encoded string) {
	if utf8.Valid(text) {
		return string(text), ""
	}
	return "", base64.StdEncoding.EncodeToString(text)
}

func join(message, encoded string) ([]byte, error) {
	if encoded != "" {
		return base64.StdEncoding.DecodeString(encoded)
	}
	return []byte(message), nil
}

// Append appends the entry as one line.
func (e *Entry) Append(dst []byte) ([]byte, error) {
	return appendLine(dst, e)
}

func appendLine(dst []byte, v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	return append(append(dst, line...), '\n'), nil
}

// timeLayout is how the time of an entry is written, in UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// errFormat is about a line without an id, or with the number of a format.
var errFormat = errors.New("another version of intelpipe has written it, in another format; use that version for this dump, or move the file away")
