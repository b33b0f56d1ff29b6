package dump

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/intelpipe/intelpipe/internal/event"
)

// An ID names an entry, in any dump: 16 hexadecimal digits. The first one is a
// letter, so that people can write ids and numbers of entries side by side.
type ID uint64

const idLen = 16

var errID = errors.New("the id of an entry has 16 hexadecimal digits")

// NewID makes an ID of 64 random or hashed bits.
func NewID(bits uint64) ID {
	const rest = 1<<60 - 1
	return ID((10+bits>>60%6)<<60 | bits&rest)
}

// RandomID is for entries that are never written twice.
func RandomID() ID {
	var b [8]byte
	rand.Read(b[:])
	return NewID(binary.BigEndian.Uint64(b[:]))
}

func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// MarshalText writes the id, as in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads an id.
func (id *ID) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil || len(text) != idLen || n == 0 {
		return errID
	}
	*id = ID(n)
	return nil
}

// A content is the hash of a message without time.observation, which is another
// one when the message is collected again.
type content [sha256.Size]byte

func contentOf(text []byte) content {
	m := event.Borrow()
	defer m.Release()
	m.Reset(event.Event, nil)
	if m.Decode(text) != nil || !m.Has(observation) {
		return sha256.Sum256(text)
	}
	m.Remove(observation)
	return sha256.Sum256(m.Append(nil))
}

const observation = "time.observation"

// An equal is what messages have in common that only their order tells apart.
type equal struct {
	content content
	again   ID
}
