// Package charset reads text of any encoding as UTF-8.
//
// Nothing is guessed. The encoding is the one of the byte order mark that the
// text begins with, else the one that somebody names, else UTF-8. The mark is
// first because it is a part of the text itself: no other text begins with
// these bytes, while a name, be it of a flag or of a header, is often given for
// many texts at once.
//
// Bytes that fit the encoding nowhere are mistakes, and so is NUL, which no text
// has: most often it is half a character of UTF-16 that nobody has named. A
// mistake is never dropped unless somebody asks for it.
package charset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Encoding is a way to write text as bytes. Nil is UTF-8.
type Encoding struct {
	name  string
	unit  int  // bytes of the smallest unit
	big   bool // the first byte of a unit is its highest
	table *charmap.Charmap
	multi encoding.Encoding // of several bytes a character
}

// String returns the name of the encoding as it is used on the web.
func (e *Encoding) String() string {
	if e == nil {
		return "utf-8"
	}
	return e.name
}

// Lookup finds an encoding by one of its names. Case and the signs between
// letters and digits do not matter: latin1, Latin-1 and LATIN_1 are the same.
func Lookup(label string) (*Encoding, error) {
	name := ""
	if key := fold(label); key != "" {
		for line := range strings.Lines(labels) {
			if strings.Contains(" "+strings.TrimSpace(line)+" ", " "+key+" ") {
				name, _, _ = strings.Cut(strings.TrimSpace(line), " ")
			}
		}
	}
	switch name {
	case "utf8":
		return nil, nil
	case "utf16le", "utf16be":
		return &Encoding{name: "utf-16" + name[5:], unit: 2, big: name == "utf16be"}, nil
	case "utf32le", "utf32be":
		return &Encoding{name: "utf-32" + name[5:], unit: 4, big: name == "utf32be"}, nil
	}
	switch e := library(name).(type) {
	case nil:
	case *charmap.Charmap:
		return &Encoding{name: strings.ToLower(strings.ReplaceAll(e.String(), " ", "-")), unit: 1, table: e}, nil
	default:
		return &Encoding{name: name, unit: 1, multi: e}, nil
	}
	err := fmt.Errorf("unknown encoding %s", plain.Quote(label))
	if near := plain.Nearest(fold(label), known); near != "" {
		return nil, fmt.Errorf("%w, did you mean %s?", err, near)
	}
	return nil, fmt.Errorf("%w; known are utf-8, utf-16le, utf-16be, latin1, windows-1250 to windows-1258, iso-8859-2 to iso-8859-16, koi8-r, shift_jis, euc-jp, euc-kr, gbk, gb18030, big5 and others", err)
}

// fold leaves of a label what makes it different from others.
func fold(label string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == '-', r == '_', r == ' ', r == ':', r == '.':
			return -1
		}
		return '?'
	}, label)
}

// known yields all labels.
func known(yield func(string) bool) {
	for word := range strings.FieldsSeq(labels) {
		if !yield(word) {
			return
		}
	}
}

// The marks, the longer ones first.
var marks = []struct{ text, label string }{
	{"\x00\x00\xfe\xff", "utf-32be"},
	{"\xff\xfe\x00\x00", "utf-32le"},
	{"\xef\xbb\xbf", "utf-8"},
	{"\xfe\xff", "utf-16be"},
	{"\xff\xfe", "utf-16le"},
}

// Detect returns the encoding of a text that begins with head, and the length
// of the byte order mark that says so. Without a mark it is the one given.
func Detect(head []byte, named *Encoding) (e *Encoding, mark int) {
	for _, m := range marks {
		if strings.HasPrefix(string(head[:min(len(head), len(m.text))]), m.text) {
			e, _ = Lookup(m.label)
			return e, len(m.text)
		}
	}
	return named, 0
}

// maybeMark reports whether head is the beginning of a longer mark.
func maybeMark(head []byte) bool {
	for _, m := range marks {
		if len(head) < len(m.text) && m.text[:len(head)] == string(head) {
			return true
		}
	}
	return false
}

// bad stands for a mistake in decoded text. No UTF-8 has this byte.
const bad = 0xff

// Valid reports whether text is UTF-8 without NUL.
func Valid(text []byte) bool { return bytes.IndexByte(text, 0) < 0 && utf8.Valid(text) }

// decoder takes characters from the beginning of a text.
type decoder struct {
	*Encoding
	multi *encoding.Decoder
}

func (e *Encoding) decoder() decoder {
	d := decoder{Encoding: e}
	if e != nil && e.multi != nil {
		d.multi = e.multi.NewDecoder()
	}
	return d
}

// What next returns besides characters.
const (
	mistake rune = -1 - iota
	shift        // bytes that only say how to read what follows
)

// next decodes the first character of src, which is not empty, and returns its
// length. A length of 0 asks for more, which is never so if src is final.
func (d *decoder) next(src []byte, final bool) (r rune, n int) {
	if r, n = d.rune(src, final); r == 0 {
		r = mistake
	}
	return r, n
}

func (d *decoder) rune(src []byte, final bool) (r rune, n int) {
	switch {
	case d.Encoding == nil:
		if !final && !utf8.FullRune(src) {
			return mistake, 0
		}
		if r, n = utf8.DecodeRune(src); r == utf8.RuneError && n == 1 {
			r = mistake
		}
		return r, n
	case d.table != nil:
		if r = d.table.DecodeByte(src[0]); r == utf8.RuneError {
			r = mistake
		}
		return r, 1
	case d.multi != nil:
		return d.nextMulti(src, final)
	}
	if len(src) < d.unit {
		if final {
			return mistake, len(src)
		}
		return mistake, 0
	}
	if d.unit == 4 {
		if r = d.word(src, 4); !utf8.ValidRune(r) {
			r = mistake
		}
		return r, 4
	}
	switch r = d.word(src, 2); {
	case !utf16.IsSurrogate(r):
		return r, 2
	case r >= 0xdc00:
		return mistake, 2
	case len(src) < 4 && !final:
		return mistake, 0
	case len(src) >= 4:
		if r = utf16.DecodeRune(r, d.word(src[2:], 2)); r != utf8.RuneError {
			return r, 4
		}
	}
	return mistake, 2
}

// word is the first unit of src.
func (d *decoder) word(src []byte, n int) (r rune) {
	for i := range n {
		if d.big {
			r = r<<8 | rune(src[i])
		} else {
			r |= rune(src[i]) << (8 * i)
		}
	}
	return r
}

// stateful is the only encoding whose bytes mean different things at different
// places. Lines begin and end in its first state.
const stateful = "iso2022jp"

func (d *decoder) nextMulti(src []byte, final bool) (rune, int) {
	if c := src[0]; c == '\n' || c == '\r' {
		d.multi.Reset() // a line can be read by itself
		return rune(c), 1
	} else if c < utf8.RuneSelf && d.name != stateful {
		return rune(c), 1
	}
	var dst [8]byte
	for n := 1; ; n++ {
		last := n >= len(src)
		wrote, read, err := d.multi.Transform(dst[:], src[:min(n, len(src))], last && final)
		switch {
		case wrote > 0:
			if r, _ := utf8.DecodeRune(dst[:wrote]); r != utf8.RuneError {
				return r, max(read, 1)
			}
			if read > 1 && src[1] < utf8.RuneSelf {
				read = 1 // what is ASCII stands for itself, a line break above all
			}
			return mistake, max(read, 1)
		case read > 0:
			return shift, read
		case last && !final:
			return mistake, 0
		case last || err == nil:
			return mistake, len(src)
		}
	}
}

// appendRune appends what next has returned.
func appendRune(dst []byte, r rune) []byte {
	switch r {
	case mistake:
		return append(dst, bad)
	case shift:
		return dst
	}
	return utf8.AppendRune(dst, r)
}

// Mistake returns where the first mistake in src is, or -1.
func (e *Encoding) Mistake(src []byte) int {
	if e == nil && Valid(src) {
		return -1
	}
	d := e.decoder()
	for i := 0; i < len(src); {
		r, n := d.next(src[i:], true)
		if r == mistake {
			return i
		}
		i += n
	}
	return -1
}

// Trim removes the white space of ASCII from both ends.
func (e *Encoding) Trim(src []byte) []byte {
	if e == nil {
		return bytes.Trim(src, " \t\n\v\f\r")
	}
	d, unit := decoder{Encoding: e}, e.unit
	space := func(at []byte) bool {
		switch d.word(at, unit) {
		case ' ', '\t', '\n', '\v', '\f', '\r':
			return true
		}
		return false
	}
	for len(src) >= unit && space(src) {
		src = src[unit:]
	}
	for len(src) >= unit && len(src)%unit == 0 && space(src[len(src)-unit:]) {
		src = src[:len(src)-unit]
	}
	return src
}

// Errors says what becomes of mistakes.
type Errors string

// What can become of them.
const (
	Strict  Errors = "strict"  // whatever they stand in fails
	Replace Errors = "replace" // each becomes U+FFFD
	Ignore  Errors = "ignore"  // they are left out
)

// Mend applies Replace or Ignore to text that a Reader has handed on.
func (m Errors) Mend(text string) string {
	if strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r != 0 && (r != utf8.RuneError || n > 1):
			b.WriteString(text[i : i+n])
		case m == Replace:
			b.WriteRune(utf8.RuneError)
		}
		i += n
	}
	return b.String()
}

// Decode returns all of a text as UTF-8, without its mark. If there is nothing
// to change it is src itself. With Strict the error is a *Error.
func Decode(src []byte, named *Encoding, errs Errors) ([]byte, error) {
	e, mark := Detect(src, named)
	src = src[mark:]
	if e == nil && Valid(src) {
		return src, nil
	}
	if errs == Strict {
		if i := e.Mistake(src); i >= 0 {
			return nil, e.mistake(src, i)
		}
	}
	text := src
	if e != nil {
		text = make([]byte, 0, len(src)+len(src)/8)
		d := e.decoder()
		for i := 0; i < len(src); {
			r, n := d.next(src[i:], true)
			text = appendRune(text, r)
			i += n
		}
	}
	return []byte(errs.Mend(string(text))), nil
}

// An Error is the place of a mistake.
type Error struct {
	Line   int // from 1
	Column int // in bytes of the line, from 1
	Reason error
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Column, e.Reason)
}

func (e *Error) Unwrap() error { return e.Reason }

// mistake describes the one at src[i].
func (e *Encoding) mistake(src []byte, i int) *Error {
	line, column := e.Place(src, i)
	return &Error{line, column, e.Refuse(src[i:])}
}

// Refuse is the error for a mistake at the beginning of src.
func (e *Encoding) Refuse(src []byte) error {
	d := e.decoder()
	_, n := d.next(src, true)
	switch {
	case e == nil && src[0] == 0:
		return errors.New("a NUL byte, as in UTF-16 without a byte order mark")
	case strings.Trim(string(src[:n]), "\x00") == "":
		return errors.New("NUL is no text")
	case n == 1:
		return fmt.Errorf("byte 0x%02x is not %s", src[0], e)
	}
	return fmt.Errorf("bytes 0x%x are not %s", src[:n], e)
}

// Place returns line and column of src[i], both from 1.
func (e *Encoding) Place(src []byte, i int) (line, column int) {
	d := e.decoder()
	line, start, cr := 1, 0, false
	for p := 0; p < i; {
		r, n := d.next(src[p:], true)
		p += n
		switch {
		case r == '\n' && cr:
			start = p
		case r == '\n' || r == '\r':
			line, start = line+1, p
		}
		cr = r == '\r'
	}
	return line, i - start + 1
}
