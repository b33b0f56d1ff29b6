// Package scan finds the spans of JSON text, in place: what is a value, where does
// it end, which members has an object. It is as strict as JSON is, and decodes
// nothing.
package scan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

// SyntaxError says what is wrong with a line, and where.
type SyntaxError struct {
	Offset int // in bytes, from the start of the line
	Msg    string
}

func (e *SyntaxError) Error() string { return e.Msg }

// padding lets the scanner load eight bytes anywhere in a text. It is made of
// control characters, which no token accepts, so that no loop needs to look
// out for the end.
const padding = 8

const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00"

// AppendPadded appends text in a form that a Scanner can read.
func AppendPadded[T string | []byte](dst []byte, text T) []byte {
	if cap(dst)-len(dst) < len(text)+padding {
		dst = append(make([]byte, 0, len(dst)+len(text)+len(text)/4+256), dst...)
	}
	return append(append(dst, text...), zeros...)
}

// A Scanner reads a padded text from Pos on. It may be used again.
type Scanner struct {
	Buf    []byte // padded
	Pos    int
	Outer  int  // how many levels of nesting are around the values
	Broken bool // a line break has been passed over

	heads heads // of Object
}

// Reset makes s read another text from its beginning.
func (s *Scanner) Reset(buf []byte) { s.Buf, s.Pos, s.Broken = buf, 0, false }

// Fail returns the error for what is at Pos.
func (s *Scanner) Fail(msg string) error { return &SyntaxError{Offset: s.Pos, Msg: msg} }

// AtEnd returns the error of a text of n bytes: one that was met in the padding
// is that the text has ended.
func (s *Scanner) AtEnd(err error, n int) error {
	if s.Pos < n {
		return err
	}
	return &SyntaxError{Offset: n, Msg: "unexpected end of the message"}
}

// Space goes on to what is no white space.
func (s *Scanner) Space() { s.Pos = s.skip(s.Buf, s.Pos) }

// skip returns the index of the first byte from i on that is no white space.
func (s *Scanner) skip(b []byte, i int) int {
	for {
		switch b[i] {
		case ' ', '\t':
		case '\n', '\r':
			s.Broken = true
		default:
			return i
		}
		i++
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// specials marks, by its top bit, each byte of w that is a quote, a backslash,
// a control character or not ASCII. A borrow may mark a byte wrongly, but only
// above one that is marked rightly, so the lowest mark can be trusted.
func specials(w uint64) uint64 {
	return (((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones) | (w - ones*0x20) | w) & highs
}

// plainText returns the index of the first byte from i on that is not the plain
// text of a string.
func plainText(b []byte, i int) int {
	for n := 0; n < 4; n++ {
		if special := specials(binary.LittleEndian.Uint64(b[i:])); special != 0 {
			return i + bits.TrailingZeros64(special)>>3
		}
		i += 8
	}
	return longText(b, i)
}

// longText is plainText for long strings, base64 above all: the quote is found
// by the library's vector code, what is before it checked 64 bytes at a time.
func longText(b []byte, i int) int {
	end := bytes.IndexByte(b[i:], '"')
	if end < 0 {
		end = len(b) - i - padding
	}
	if slash := bytes.IndexByte(b[i:i+end], '\\'); slash >= 0 {
		end = slash
	}
	for stop := i + end - 64; i <= stop; i += 64 {
		t := (*[64]byte)(b[i:])
		w, x := binary.LittleEndian.Uint64(t[0:]), binary.LittleEndian.Uint64(t[8:])
		y, z := binary.LittleEndian.Uint64(t[16:]), binary.LittleEndian.Uint64(t[24:])
		bad := w | x | y | z | (w - ones*0x20) | (x - ones*0x20) | (y - ones*0x20) | (z - ones*0x20)
		w, x = binary.LittleEndian.Uint64(t[32:]), binary.LittleEndian.Uint64(t[40:])
		y, z = binary.LittleEndian.Uint64(t[48:]), binary.LittleEndian.Uint64(t[56:])
		bad |= w | x | y | z | (w - ones*0x20) | (x - ones*0x20) | (y - ones*0x20) | (z - ones*0x20)
		if bad&highs != 0 {
			break
		}
	}
	for {
		if special := specials(binary.LittleEndian.Uint64(b[i:])); special != 0 {
			return i + bits.TrailingZeros64(special)>>3
		}
		i += 8
	}
}

// string scans from the opening quote to behind the closing one.
func (s *Scanner) string() (escaped bool, err error) {
	if i := plainText(s.Buf, s.Pos+1); s.Buf[i] == '"' {
		s.Pos = i + 1
		return false, nil
	}
	return s.difficult()
}

// difficult is string for one with escapes, or with more than ASCII.
func (s *Scanner) difficult() (escaped bool, err error) {
	b := s.Buf
	for s.Pos++; ; {
		s.Pos = plainText(b, s.Pos)
		switch c := b[s.Pos]; {
		case c == '"':
			s.Pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			n := escape(b[s.Pos:])
			if n == 0 {
				return escaped, s.Fail("an invalid escape")
			}
			s.Pos += n
		case c < 0x20:
			return escaped, s.Fail("a control character in a string")
		default:
			r, n := utf8.DecodeRune(b[s.Pos:])
			if r == utf8.RuneError && n == 1 {
				return escaped, s.Fail("invalid UTF-8")
			}
			s.Pos += n
		}
	}
}

// escape returns the length of the escape sequence that b begins with, 0 if
// it is none. Half of a surrogate pair alone is none.
func escape(b []byte) int {
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		switch r, ok := hex4(b); {
		case !ok || r >= 0xdc00 && r < 0xe000:
			return 0
		case r < 0xd800 || r >= 0xe000:
			return 6
		}
		if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
			return 0
		}
		if low, ok := hex4(b[6:]); ok && low >= 0xdc00 && low < 0xe000 {
			return 12
		}
	}
	return 0
}

// hex4 reads the digits of \uXXXX.
func hex4(b []byte) (r uint32, ok bool) {
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | uint32(c)
	}
	return r, true
}

// Value scans one JSON value of any kind.
func (s *Scanner) Value() error {
	switch s.Buf[s.Pos] {
	case '"':
		_, err := s.string()
		return err
	case '{', '[':
		return s.compound()
	}
	return s.scalar()
}

// scalar scans a number, true, false or null.
func (s *Scanner) scalar() error {
	b := s.Buf[s.Pos:]
	switch {
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		n := number(b)
		if n == 0 {
			return s.Fail("an invalid number")
		}
		s.Pos += n
	case bytes.HasPrefix(b, []byte("true")), bytes.HasPrefix(b, []byte("null")):
		s.Pos += 4
	case bytes.HasPrefix(b, []byte("false")):
		s.Pos += 5
	default:
		return s.Fail("a value is expected")
	}
	return nil
}

// number returns the length of the JSON number that b begins with, or 0.
func number(b []byte) int {
	i := 0
	if b[i] == '-' {
		i++
	}
	if b[i] == '0' {
		i++
	} else if i = digits(b, i); i == 0 {
		return 0
	}
	if b[i] == '.' {
		if i = digits(b, i+1); i == 0 {
			return 0
		}
	}
	if b[i]|0x20 == 'e' {
		i++
		if b[i] == '+' || b[i] == '-' {
			i++
		}
		i = digits(b, i)
	}
	return i
}

// digits returns the index behind the digits at i, 0 if there are none.
func digits(b []byte, i int) int {
	start := i
	for b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == start {
		return 0
	}
	return i
}

// compound scans an array or object without recursion.
func (s *Scanner) compound() error {
	var open []byte // the closing brackets that are due, innermost last
	for {
		switch c := s.Buf[s.Pos]; c {
		case '{', '[':
			if s.Outer+len(open) == json.MaxDepth {
				return s.Fail(json.TooDeep)
			}
			open = append(open, c+2) // in ASCII a closing bracket stands two behind its opening one
			s.Pos++
			s.Space()
			if s.Buf[s.Pos] == c+2 {
				break
			}
			if c == '{' {
				if err := s.member(); err != nil {
					return err
				}
			}
			continue
		default:
			if err := s.Value(); err != nil {
				return err
			}
		}
		// A value has ended, or an empty one has begun: close what ends
		// here, then go on behind a comma.
		for {
			s.Space()
			c, due := s.Buf[s.Pos], open[len(open)-1]
			if c == due {
				s.Pos++
				if open = open[:len(open)-1]; len(open) == 0 {
					return nil
				}
				continue
			}
			if c != ',' {
				return s.Fail("a comma or a closing bracket is expected")
			}
			s.Pos++
			s.Space()
			if due == '}' {
				if err := s.member(); err != nil {
					return err
				}
			}
			break
		}
	}
}

// member scans a key and its colon.
func (s *Scanner) member() error {
	if s.Buf[s.Pos] != '"' {
		return s.Fail("a key in double quotes is expected")
	}
	if _, err := s.string(); err != nil {
		return err
	}
	s.Space()
	if s.Buf[s.Pos] != ':' {
		return s.Fail("a colon is expected after the key")
	}
	s.Pos++
	s.Space()
	return nil
}
