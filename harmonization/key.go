package harmonization

import (
	"errors"
	"fmt"

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
