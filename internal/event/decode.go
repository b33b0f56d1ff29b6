package event

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/json"
)

// SyntaxError says what is wrong with a line, and where.
type SyntaxError struct {
	Offset int // in bytes, from the start of the line
	Msg    string
}

func (e *SyntaxError) Error() string { return e.Msg }

// ErrKind is wrapped by the error for a __type that data may not have.
var ErrKind = errors.New("unknown __type")

// padding lets the scanner load eight bytes anywhere in a line. It is made of
// control characters, which no token accepts, so that no loop needs to look
// out for the end.
const padding = 8

// Decode makes m the message that line says. The line is copied. Of a key that
// is repeated the last value counts. With an error m is empty, but Line still
// returns the line. Line breaks between the tokens of the object are white space
// like any other: the message is written without them.
func (m *Message) Decode(line []byte) error {
	typ, err := m.parse(line)
	if err != nil {
		m.fields = m.fields[:0]
		return err
	}
	if typ >= 0 {
		if m.Kind, err = m.kind(m.jsonAt(typ)); err != nil {
			m.fields = m.fields[:0]
			return err
		}
	}
	return nil
}

// parse fills in the fields and returns the index of __type, or -1.
func (m *Message) parse(line []byte) (typ int, err error) {
	m.Reset(Event, m.Dictionary)
	if cap(m.buf) < len(line)+padding {
		m.buf = make([]byte, 0, len(line)+len(line)/4+256)
	}
	m.buf = append(append(m.buf, line...), zeros...)
	m.line = uint32(len(line))
	s := scanner{buf: m.buf, outer: 1}
	typ, err = m.scan(&s)
	if err != nil {
		return typ, s.atEnd(err, len(line))
	}
	if m.dead > 0 {
		m.settle()
		typ = m.find("__type")
	}
	if s.broken {
		m.unbreak()
	}
	return typ, nil
}

const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00"

// padded returns a copy of text that a scanner can read.
func padded(text []byte) []byte {
	return append(append(make([]byte, 0, len(text)+padding), text...), zeros...)
}

// unbreak makes one line of a text of several. Strings have no raw line breaks,
// so that all there are stand between tokens.
func (m *Message) unbreak() {
	for i, c := range m.buf[:m.line] {
		if c == '\n' || c == '\r' {
			m.buf[i] = ' '
		}
	}
	m.dirty = true
}

// kind reads __type. A control line consists of __type and id alone.
func (m *Message) kind(text []byte) (Kind, error) {
	switch string(text) {
	case `"Event"`:
		return Event, nil
	case `"Report"`:
		return Report, nil
	case `"Checkpoint"`, `"Commit"`:
		if m.Len() == 2 && m.find("id") >= 0 && m.JSON("id")[0] == '"' {
			if text[2] == 'h' {
				return Checkpoint, nil
			}
			return Commit, nil
		}
	}
	return Event, fmt.Errorf("%w: %s", ErrKind, clip(text))
}

// ID returns the id of a control line.
func (m *Message) ID() string { return m.Get("id") }

// AppendControl appends a control line, without a newline.
func AppendControl(dst []byte, kind Kind, id string) []byte {
	dst = append(append(append(dst, `{"__type":"`...), kind.String()...), `","id":`...)
	return append(json.AppendString(dst, id), '}')
}

func clip(text []byte) string {
	if len(text) > 60 {
		return string(text[:60]) + "…"
	}
	return string(text)
}

// scan does the work of parse.
func (m *Message) scan(s *scanner) (typ int, err error) {
	typ = -1
	m.dirty = false
	s.space()
	if s.buf[s.pos] != '{' {
		return typ, s.fail("an object is expected")
	}
	s.pos++
	s.space()
	if s.buf[s.pos] == '}' {
		s.pos++
		return typ, m.end(s)
	}
	b, pos := s.buf, s.pos
	for seq := uint32(1); ; seq++ {
		// The common case by itself: a key and a string without escapes, and
		// no white space. Everything else is left to the scanner's methods.
		if seq > MaxFields {
			s.pos = pos
			return typ, s.fail(tooMany)
		}
		f := m.slot()
		f.start, f.seq = uint32(pos), seq
		escaped := false
		if b[pos] != '"' {
			s.pos = pos
			return typ, s.fail("a key in double quotes is expected")
		}
		pos++
		special := specials(binary.LittleEndian.Uint64(b[pos:]))
		for special == 0 {
			pos += 8
			special = specials(binary.LittleEndian.Uint64(b[pos:]))
		}
		pos += bits.TrailingZeros64(special) >> 3
		if b[pos] != '"' {
			s.pos = int(f.start)
			if escaped, err = s.difficult(); err != nil {
				return typ, err
			}
			pos = s.pos - 1
		}
		f.key, f.keyLen = f.start+1, uint32(pos)-f.start-1
		pos++
		if b[pos] != ':' {
			if pos = s.skip(b, pos); b[pos] != ':' {
				s.pos = pos
				return typ, s.fail("a colon is expected after the key")
			}
		}
		pos++
		if b[pos] <= ' ' {
			pos = s.skip(b, pos)
		}
		f.value = uint32(pos)
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
			s.pos = int(f.value)
			if err = s.value(); err != nil {
				return typ, err
			}
			pos = s.pos
		}
		f.end = uint32(pos)
		if escaped {
			m.unescapeKey(f, s)
			b = s.buf
		}
		key := b[f.key : f.key+f.keyLen]
		f.mark = mark(key)
		if m.marks.add(f.mark) {
			if i := m.find(unsafe.String(unsafe.SliceData(key), len(key))); i >= 0 {
				last := *f
				if m.deleteAt(i) && i <= typ {
					typ--
				}
				f = m.slot()
				*f = last
			}
		}
		if len(key) == 6 && string(key) == "__type" {
			typ = len(m.fields)
		}
		m.fields = m.fields[:len(m.fields)+1] // the slot counts from now on
		if b[pos] != ',' {
			pos = s.skip(b, pos)
		}
		switch b[pos] {
		case ',':
			if pos++; b[pos] <= ' ' {
				pos = s.skip(b, pos)
			}
		case '}':
			s.pos, m.next = pos+1, seq+2 // what is set later is no neighbour of these
			return typ, m.end(s)
		default:
			s.pos = pos
			return typ, s.fail("a comma or a closing brace is expected")
		}
	}
}

// slot returns the place behind the last field, for one that is being read.
func (m *Message) slot() *field {
	n := len(m.fields)
	if n == cap(m.fields) {
		m.fields = slices.Grow(m.fields, max(n, 32))
	}
	return &m.fields[:n+1][n]
}

// end accepts nothing but white space behind the object.
func (m *Message) end(s *scanner) error {
	s.space()
	if s.pos != int(m.line) {
		return s.fail("there is more behind the object")
	}
	return nil
}

// unescapeKey puts the plain form of a key at the end of buf.
func (m *Message) unescapeKey(f *field, s *scanner) {
	key := unquote(s.buf[f.key-1 : f.key+f.keyLen+1])
	f.key, f.keyLen = uint32(len(m.buf)), uint32(len(key))
	m.buf = append(append(m.buf, key...), zeros...)
	s.buf = m.buf
}

type scanner struct {
	buf    []byte // padded
	pos    int
	outer  int  // how many levels of nesting are around the values
	broken bool // a line break has been passed over
}

func (s *scanner) fail(msg string) error { return &SyntaxError{Offset: s.pos, Msg: msg} }

// atEnd returns the error of a text of n bytes: one that was met in the padding
// is that the text has ended.
func (s *scanner) atEnd(err error, n int) error {
	if s.pos < n {
		return err
	}
	return &SyntaxError{Offset: n, Msg: "unexpected end of the message"}
}

func (s *scanner) space() { s.pos = s.skip(s.buf, s.pos) }

// skip returns the index of the first byte from i on that is no white space.
func (s *scanner) skip(b []byte, i int) int {
	for {
		switch b[i] {
		case ' ', '\t':
		case '\n', '\r':
			s.broken = true
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
// by the library's vector code, what is before it checked 32 bytes at a time.
func longText(b []byte, i int) int {
	end := bytes.IndexByte(b[i:], '"')
	if end < 0 {
		end = len(b) - i - padding
	}
	if slash := bytes.IndexByte(b[i:i+end], '\\'); slash >= 0 {
		end = slash
	}
	for text := b[i : i+end]; len(text) >= 32; text = text[32:] {
		w, x := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])
		y, z := binary.LittleEndian.Uint64(text[16:]), binary.LittleEndian.Uint64(text[24:])
		if (w|x|y|z|(w-ones*0x20)|(x-ones*0x20)|(y-ones*0x20)|(z-ones*0x20))&highs != 0 {
			break
		}
		i += 32
	}
	for {
		if special := specials(binary.LittleEndian.Uint64(b[i:])); special != 0 {
			return i + bits.TrailingZeros64(special)>>3
		}
		i += 8
	}
}

// string scans from the opening quote to behind the closing one.
func (s *scanner) string() (escaped bool, err error) {
	if i := plainText(s.buf, s.pos+1); s.buf[i] == '"' {
		s.pos = i + 1
		return false, nil
	}
	return s.difficult()
}

// difficult is string for one with escapes, or with more than ASCII.
func (s *scanner) difficult() (escaped bool, err error) {
	b := s.buf
	for s.pos++; ; {
		s.pos = plainText(b, s.pos)
		switch c := b[s.pos]; {
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			n := escape(b[s.pos:])
			if n == 0 {
				return escaped, s.fail("an invalid escape")
			}
			s.pos += n
		case c < 0x20:
			return escaped, s.fail("a control character in a string")
		default:
			r, n := utf8.DecodeRune(b[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return escaped, s.fail("invalid UTF-8")
			}
			s.pos += n
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

// value scans one JSON value of any kind.
func (s *scanner) value() error {
	switch s.buf[s.pos] {
	case '"':
		_, err := s.string()
		return err
	case '{', '[':
		return s.compound()
	}
	return s.scalar()
}

// scalar scans a number, true, false or null.
func (s *scanner) scalar() error {
	b := s.buf[s.pos:]
	switch {
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		n := number(b)
		if n == 0 {
			return s.fail("an invalid number")
		}
		s.pos += n
	case bytes.HasPrefix(b, []byte("true")), bytes.HasPrefix(b, []byte("null")):
		s.pos += 4
	case bytes.HasPrefix(b, []byte("false")):
		s.pos += 5
	default:
		return s.fail("a value is expected")
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
func (s *scanner) compound() error {
	var open []byte // the closing brackets that are due, innermost last
	for {
		switch c := s.buf[s.pos]; c {
		case '{', '[':
			if s.outer+len(open) == json.MaxDepth {
				return s.fail(json.TooDeep)
			}
			open = append(open, c+2) // in ASCII a closing bracket stands two behind its opening one
			s.pos++
			s.space()
			if s.buf[s.pos] == c+2 {
				break
			}
			if c == '{' {
				if err := s.member(); err != nil {
					return err
				}
			}
			continue
		default:
			if err := s.value(); err != nil {
				return err
			}
		}
		// A value has ended, or an empty one has begun: close what ends
		// here, then go on behind a comma.
		for {
			s.space()
			c, due := s.buf[s.pos], open[len(open)-1]
			if c == due {
				s.pos++
				if open = open[:len(open)-1]; len(open) == 0 {
					return nil
				}
				continue
			}
			if c != ',' {
				return s.fail("a comma or a closing bracket is expected")
			}
			s.pos++
			s.space()
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
func (s *scanner) member() error {
	if s.buf[s.pos] != '"' {
		return s.fail("a key in double quotes is expected")
	}
	if _, err := s.string(); err != nil {
		return err
	}
	s.space()
	if s.buf[s.pos] != ':' {
		return s.fail("a colon is expected after the key")
	}
	s.pos++
	s.space()
	return nil
}

// DecodeHead reads the fields of a report that stand before the content of
// raw, given the first bytes of a long line, and returns how many bytes that
// are, the opening quote included. It returns 0 if this is no such report.
func (m *Message) DecodeHead(text []byte) int {
	i := bytes.Index(text, []byte(`"raw"`))
	if i < 0 {
		return 0
	}
	head := bytes.TrimRight(text[:i], " \t\r\n")
	if len(head) > 1 {
		var ok bool
		if head, ok = bytes.CutSuffix(head, []byte(",")); !ok {
			return 0
		}
	}
	if err := m.Decode(append(bytes.Clone(head), '}')); err != nil {
		return 0
	}
	if m.Kind > Report || m.Has("__type") && m.Kind != Report {
		return 0
	}
	m.Kind = Report
	s := scanner{buf: append(bytes.Clone(text[i+5:min(i+64, len(text))]), 0)}
	s.space()
	if s.buf[s.pos] != ':' {
		return 0
	}
	s.pos++
	s.space()
	if s.buf[s.pos] != '"' {
		return 0
	}
	return i + 5 + s.pos + 1
}
