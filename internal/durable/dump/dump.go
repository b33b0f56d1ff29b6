// Package dump is the format of the file that keeps the messages that failed:
// one JSON object a line, which is one entry or, where many have failed in a
// row, a burst of them.
package dump

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

// Entry is one message that failed. One of Message, Base64 and Kept has it.
type Entry struct {
	Time    string `json:"time"`    // when it failed, UTC
	Command string `json:"command"` // which command gave it up
	Reason  string `json:"reason"`
	File    string `json:"file"`             // where in the input it stood
	Line    int64  `json:"line,omitempty"`   // from 1
	Column  int    `json:"column,omitempty"` // in bytes, from 1
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

// Read calls yield with each line as it stands, newline included, and its
// entries, until it returns false. A line that is no entry is an error that
// names it, unless it is the last one and a writer that died has torn it.
func Read(r io.Reader, yield func(entries []Entry, line []byte) bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var b burst
			wrong := json.Unmarshal(line, &b)
			if wrong != nil && line[len(line)-1] != '\n' {
				return nil
			}
			entries, expanded := b.entries()
			if wrong = cmp.Or(wrong, expanded); wrong != nil {
				return fmt.Errorf("line %d is no entry of a dump: %w", n, wrong)
			}
			if !yield(entries, line) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
