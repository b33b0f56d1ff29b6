package scan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/intelpipe/intelpipe/internal/json"
)

// MaxMembers is how many members an object may have. One takes 28 bytes while
// it is in memory: without a limit a line of 16 MiB, which holds more than three
// million empty ones, would take many times its size in every stage.
const MaxMembers = 1 << 20

// TooMany is what is wrong with an object that has more.
const TooMany = "more than 1048576 fields"

// Member is one member of an object: `"key":value` is Buf[Start:End], the value
// begins at Value. The unescaped key is Buf[Key:Key+KeyLen].
type Member struct {
	Start, Value, End uint32
	Key, KeyLen       uint32
	Mark              uint32 // of the key, see Mark
	// Seq numbers members in the order of their text in Buf. Neighbours with
	// consecutive numbers are also neighbours in Buf, and the comma is between
	// them.
	Seq uint32
}

// Mark tells most keys apart at a glance: by their length and three of their
// characters.
func Mark[T string | []byte](key T) uint32 {
	n := len(key)
	if n < 3 {
		return uint32(n)
	}
	return uint32(n) | uint32(key[n-1])<<8 | uint32(key[n-3])<<16 | uint32(key[n/2])<<24
}

// Object scans an object and appends its members, which it numbers from 1. Keys
// may come twice. The plain form of a key with escapes is put at the end of Buf.
func (s *Scanner) Object(members []Member) ([]Member, error) {
	s.Space()
	if s.Buf[s.Pos] != '{' {
		return members, s.Fail("an object is expected")
	}
	s.Pos++
	s.Space()
	if s.Buf[s.Pos] == '}' {
		s.Pos++
		return members, nil
	}
	b, pos := s.Buf, s.Pos
	for seq := uint32(1); ; seq++ {
		// The common case by itself: a key and a string without escapes, and
		// no white space. Everything else is left to the scanner's methods.
		if seq > MaxMembers {
			s.Pos = pos
			return members, s.Fail(TooMany)
		}
		n := len(members)
		if n == cap(members) {
			members = slices.Grow(members, max(n, 32))
		}
		members = members[:n+1]
		f := &members[n]
		f.Start, f.Seq = uint32(pos), seq
		escaped := false
		if b[pos] != '"' {
			s.Pos = pos
			return members, s.Fail("a key in double quotes is expected")
		}
		pos++
		special := specials(binary.LittleEndian.Uint64(b[pos:]))
		for special == 0 {
			pos += 8
			special = specials(binary.LittleEndian.Uint64(b[pos:]))
		}
		pos += bits.TrailingZeros64(special) >> 3
		if b[pos] != '"' {
			s.Pos = int(f.Start)
			var err error
			if escaped, err = s.difficult(); err != nil {
				return members, err
			}
			pos = s.Pos - 1
		}
		f.Key, f.KeyLen = f.Start+1, uint32(pos)-f.Start-1
		pos++
		if b[pos] != ':' {
			if pos = s.skip(b, pos); b[pos] != ':' {
				s.Pos = pos
				return members, s.Fail("a colon is expected after the key")
			}
		}
		pos++
		if b[pos] <= ' ' {
			pos = s.skip(b, pos)
		}
		f.Value = uint32(pos)
		plain := false
		if b[pos] == '"' {
			pos++
			if special := specials(binary.LittleEndian.Uint64(b[pos:])); special != 0 {
				pos += bits.TrailingZeros64(special) >> 3
			} else {
				pos = plainText(b, pos+8)
			}
			plain = b[pos] == '"'
			pos++
		}
		if !plain {
			s.Pos = int(f.Value)
			if err := s.Value(); err != nil {
				return members, err
			}
			pos = s.Pos
		}
		f.End = uint32(pos)
		if escaped {
			s.unescape(f)
			b = s.Buf
		}
		f.Mark = Mark(b[f.Key : f.Key+f.KeyLen])
		if b[pos] != ',' {
			pos = s.skip(b, pos)
		}
		switch b[pos] {
		case ',':
			if pos++; b[pos] <= ' ' {
				pos = s.skip(b, pos)
			}
		case '}':
			s.Pos = pos + 1
			return members, nil
		default:
			s.Pos = pos
			return members, s.Fail("a comma or a closing brace is expected")
		}
	}
}

// unescape puts the plain form of a key at the end of Buf.
func (s *Scanner) unescape(f *Member) {
	key := Unquote(s.Buf[f.Key-1 : f.Key+f.KeyLen+1])
	f.Key, f.KeyLen = uint32(len(s.Buf)), uint32(len(key))
	s.Buf = AppendPadded(s.Buf, key)
}

// End accepts nothing but white space from Pos up to the end of a text of n bytes.
// The error says what is behind.
func (s *Scanner) End(n int, what string) error {
	if s.Space(); s.Pos != n {
		return s.Fail("there is more behind the " + what)
	}
	return nil
}

// Unquote returns what a string says, given its text with the quotes, which has
// been scanned.
func Unquote(text []byte) string {
	inner := text[1 : len(text)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	s, ok := json.Unquote(string(text))
	if !ok { // cannot be: the scanner has accepted it
		return string(inner)
	}
	return s
}
