package scan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/intelpipe/intelpipe/internal/json"
)

// Object scans an object, appends its members, which it numbers from 1, and adds
// their marks. Keys may come twice, unless distinct is true. The plain form of a key with escapes
// is put at the end of Buf.
func (s *Scanner) Object(members []Member, marks *Marks) (_ []Member, distinct bool, err error) {
	s.Space()
	if s.Buf[s.Pos] != '{' {
		return members, false, s.Fail("an object is expected")
	}
	s.Pos++
	s.Space()
	if s.Buf[s.Pos] == '}' {
		s.Pos++
		return members, true, nil
	}
	s.heads.rewind()
	distinct = true
	b, pos := s.Buf, s.Pos
	for seq := uint32(1); ; seq++ {
		if seq > MaxMembers {
			s.Pos = pos
			return members, false, s.Fail(TooMany)
		}
		n := len(members)
		if n == cap(members) {
			members = slices.Grow(members, max(n, 32))
		}
		members = members[:n+1]
		f := &members[n]
		f.Start, f.Seq = uint32(pos), seq
		f.Key = f.Start + 1
		var quoted bool // pos is behind the opening quote of the value
		if h := s.heads.match(b, pos); h != nil {
			f.KeyLen, f.Mark, quoted = h.keyLen, h.mark, h.quoted
			marks[h.word] |= h.bit
			if pos += len(h.text); b[pos] <= ' ' && !quoted {
				pos = s.skip(b, pos)
			}
		} else {
			distinct = false
			if pos, err = s.key(f); err != nil {
				return members, false, err
			}
			b = s.Buf
			marks.Add(f.Mark)
			if quoted = b[pos] == '"'; quoted {
				pos++
			}
			s.heads.learn(b, f, pos, quoted)
		}
		f.Value = uint32(pos)
		// The common values by themselves: a string without escapes, and a whole
		// number. Everything else is left to the scanner's methods.
		plain := false
		if quoted {
			f.Value--
			if special := specials(binary.LittleEndian.Uint64(b[pos:])); special != 0 {
				pos += bits.TrailingZeros64(special) >> 3
			} else {
				pos = plainText(b, pos+8)
			}
			plain = b[pos] == '"'
			pos++
		} else if c := b[pos]; c > '0' && c <= '9' {
			for pos++; b[pos]-'0' <= 9; {
				pos++
			}
			plain = b[pos] == ',' || b[pos] == '}'
		}
		if !plain {
			s.Pos = int(f.Value)
			if err := s.Value(); err != nil {
				return members, false, err
			}
			pos = s.Pos
		}
		f.End = uint32(pos)
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
			return members, distinct, nil
		default:
			s.Pos = pos
			return members, false, s.Fail("a comma or a closing brace is expected")
		}
	}
}

// key scans the key that begins at f.Start, and the colon. It returns the position
// of the value.
func (s *Scanner) key(f *Member) (pos int, err error) {
	b, pos, escaped := s.Buf, int(f.Start), false
	if b[pos] != '"' {
		s.Pos = pos
		return pos, s.Fail("a key in double quotes is expected")
	}
	if pos = plainText(b, pos+1); b[pos] != '"' {
		s.Pos = int(f.Start)
		if escaped, err = s.difficult(); err != nil {
			return pos, err
		}
		pos = s.Pos - 1
	}
	f.KeyLen = uint32(pos) - f.Key
	if pos = s.skip(b, pos+1); b[pos] != ':' {
		s.Pos = pos
		return pos, s.Fail("a colon is expected after the key")
	}
	pos = s.skip(b, pos+1)
	if escaped {
		s.unescape(f)
	}
	f.Mark = Mark(s.Buf[f.Key : f.Key+f.KeyLen])
	return pos, nil
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
