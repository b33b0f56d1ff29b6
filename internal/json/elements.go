package json

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
)

// An Element is one element of an array, or one document of several. Its text is
// valid until the next one.
type Element struct {
	Text         []byte
	Whole        []byte // of a document, and with the white space around it if it is the only one
	Key          string // of the member that it is, or is in, for Members
	Line, Column int    // where it begins, in the text that was read, both from 1
}

// Place returns line and column of an offset in the element.
func (e *Element) Place(offset int) (line, column int) {
	before := e.Text[:min(offset, len(e.Text))]
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		return e.Line + bytes.Count(before, []byte{'\n'}), len(before) - i
	}
	return e.Line, e.Column + len(before)
}

const (
	maxElement = 16 << 20 // bytes, as much as a message may have
	maxRest    = 1 << 20
)

var (
	errNoArray   = errors.New("a JSON array is expected")
	errBehind    = errors.New("there is more behind the array")
	errComma     = errors.New("a comma or the end of the array is expected")
	errElement   = errors.New("an element is expected")
	errBracket   = errors.New("a bracket is closed by one of another kind")
	errEndOfList = errors.New("the array is not closed")
	errNoObject  = errors.New("an object, or an array of objects, is expected")
	errKey       = errors.New("a key in quotes is expected")
	errColon     = errors.New("a colon is expected behind the key")
	errEnd       = errors.New("the text ends within an object")
	errTooLarge  = errors.New("an element of more than 16 MiB")
)

// Elements yields the elements of a JSON array, which may be larger than memory.
// They are told apart by their brackets and quotes; whoever reads one finds out
// whether it is valid. An error comes with what could not be read, or the first
// mebibyte of it, and the place of the error; it is the last that is yielded. If
// what could not be read is right by itself, the byte that stands before it comes
// with it, so that it fails again.
func Elements(r io.Reader) iter.Seq2[Element, error] { return split(r, (*splitter).elements) }

// Documents yields the documents of a text in which one follows the other, as in
// NDJSON. Of an array it yields the elements in its place. All else is as in
// Elements.
func Documents(r io.Reader) iter.Seq2[Element, error] { return split(r, (*splitter).documents) }

// Members yields, of an object, the elements of members that are arrays, and other
// members as they are. Of an array it yields the elements. All else is as in Elements.
func Members(r io.Reader) iter.Seq2[Element, error] { return split(r, (*splitter).members) }

func split(r io.Reader, into func(*splitter, func(Element, error) bool) error) iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		s := &splitter{src: r, line: 1}
		if err := into(s, yield); err != nil && err != errStopped {
			e := s.element(s.start)
			rest, _ := io.ReadAll(io.LimitReader(r, int64(max(0, maxRest-(s.end-s.start)))))
			e.Text = append(bytes.Clone(s.buf[s.start:s.end]), rest...)
			switch {
			case s.key:
				e.Text = slices.Insert(e.Text, 0, '{')
			case s.object && len(e.Text) > 0 && e.Text[0] == '{' && err != errKey && err != errComma && err != errBehind:
				e.Text = slices.Insert(e.Text, 0, '[') // or the members of a broken element would be looked at
			case s.object && s.before != 0 && len(e.Text) > 0:
				e.Text = slices.Insert(e.Text, 0, s.before) // it may be a comment to who reads it again
			case len(e.Text) == 0:
				e.Text = []byte("[") // all that is left, which fails again by itself
			case s.before != 0 && (e.Text[0] == '[' || e.Text[0] == '{' && (err == errComma || err == errBehind)):
				e.Text = slices.Insert(e.Text, 0, s.before) // what follows may be right by itself
			}
			e.Line, e.Column = s.place(s.pos)
			yield(e, err)
		}
	}
}

// errStopped says that nobody wants more elements.
var errStopped = errors.New("stopped")

type splitter struct {
	src  io.Reader
	buf  []byte
	end  int   // of what was read
	pos  int   // of the next byte
	err  error // of the last read
	open []byte

	before byte // the one that stands before start, white space left out, or 0

	object bool // members are asked for
	key    bool // what begins at start is a key, and its member

	start     int // of the element, or of what cannot be read
	line      int // of counted
	counted   int // up to where lines are counted
	lineStart int // may be before the buffer
}

// elements yields the elements. After an error pos is where it was met, and start
// is the beginning of what could not be read.
func (s *splitter) elements(yield func(Element, error) bool) error {
	switch c, err := s.token(); {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	case c != '[':
		return errNoArray
	}
	return s.list(yield)
}

// list yields the elements of the array that begins at pos, behind which there is
// nothing.
func (s *splitter) list(yield func(Element, error) bool) error {
	if err := s.array(yield); err != nil {
		return err
	}
	return s.behind()
}

// array yields the elements of the array that begins at pos.
func (s *splitter) array(yield func(Element, error) bool) error {
	s.pos++
	for n := 0; ; n++ {
		c, err := s.token()
		switch {
		case err != nil:
			return unexpected(err)
		case c == ']' && n == 0:
			s.pos++
			return nil
		}
		if err := s.value(c); err != nil {
			return unexpected(err)
		}
		if !yield(s.element(s.pos), nil) {
			return errStopped
		}
		switch c, err = s.token(); {
		case err != nil:
			return unexpected(err)
		case c == ']':
			s.pos++
			return nil
		case c != ',':
			return errComma
		}
		s.pos++
	}
}

// members yields what is in the members of an object.
func (s *splitter) members(yield func(Element, error) bool) error {
	s.object = true
	c, err := s.token()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	case c == '[':
		return s.list(yield)
	case c != '{':
		return errNoObject
	}
	s.pos++
	for n := 0; ; n++ {
		if c, err = s.token(); err != nil {
			return ended(err)
		} else if c == '}' && n == 0 {
			s.pos++
			return s.behind()
		}
		if err := s.member(c, yield); err != nil {
			return ended(err)
		}
		switch c, err = s.token(); {
		case err != nil:
			return ended(err)
		case c == '}':
			s.pos++
			return s.behind()
		case c != ',':
			return errComma
		}
		s.pos++
	}
}

// member yields what is in the member whose key begins with c.
func (s *splitter) member(c byte, yield func(Element, error) bool) error {
	if c != '"' {
		return errKey
	}
	s.key = true // until all of it, or its array, is known to be right
	s.pos++
	if err := s.string(); err != nil {
		return err
	}
	var key string
	if err := Unmarshal(s.buf[s.start:s.pos], &key); err != nil {
		return err
	}
	if c, err := s.skip(); err != nil {
		return err
	} else if c != ':' {
		return errColon
	}
	s.pos++
	c, err := s.skip()
	if err == nil && c == '[' {
		s.key = false
		return s.array(func(e Element, err error) bool {
			e.Key = key
			return yield(e, err)
		})
	}
	lead := s.pos - s.start
	if err == nil {
		err = s.value(c)
	}
	if err != nil {
		return err
	}
	s.key, s.start = false, s.start+lead
	e := s.element(s.pos)
	e.Key = key
	if !yield(e, nil) {
		return errStopped
	}
	return nil
}

func ended(err error) error {
	if err == io.EOF {
		return errEnd
	}
	return err
}

// documents yields documents. The first is yielded once it is known whether
// another follows. If it is a line, so are all others, and a line that is broken
// costs no other.
func (s *splitter) documents(yield func(Element, error) bool) error {
	c, err := s.skip()
	if err == nil && c == '[' {
		return s.list(yield)
	}
	for n := 0; err == nil; n++ {
		if c != '{' {
			return errNoObject
		}
		lead := s.pos - s.start
		if err = s.compound(); err == io.EOF {
			return errEnd
		} else if err != nil {
			return err
		}
		end := s.pos
		s.before = '}'
		if n == 0 {
			size := s.pos - s.start
			c, err = s.skip()
			end = s.start + size
		}
		text := s.buf[s.start+lead : end : end]
		e := Element{Text: text, Whole: text}
		e.Line, e.Column = s.place(s.start + lead)
		lines := n == 0 && err == nil && bytes.IndexByte(e.Text, '\n') < 0 && bytes.IndexByte(s.buf[end:s.pos], '\n') >= 0
		if n == 0 && err == io.EOF {
			e.Whole = s.buf[s.start:s.end:s.end]
		}
		s.start = s.pos
		switch {
		case !yield(e, nil):
			return errStopped
		case lines:
			return s.lines(yield)
		case n > 0:
			c, err = s.token()
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// lines yields each line that is not blank.
func (s *splitter) lines(yield func(Element, error) bool) error {
	for {
		_, err := s.token()
		for err == nil && s.buf[s.pos] != '\n' {
			if s.pos++; s.pos == s.end {
				err = s.fill()
			}
		}
		if s.start == s.pos && err == io.EOF {
			return nil
		} else if err != nil && err != io.EOF {
			return err
		}
		e := s.element(s.pos)
		e.Text = bytes.TrimRight(e.Text, " \t\r")
		e.Whole = e.Text
		if !yield(e, nil) {
			return errStopped
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return errEndOfList
	}
	return err
}

// behind accepts nothing but white space up to the end.
func (s *splitter) behind() error {
	if _, err := s.token(); err != io.EOF {
		if err == nil {
			err = errBehind
		}
		return err
	}
	return nil
}

// element is what stands between start and end.
func (s *splitter) element(end int) Element {
	line, column := s.place(s.start)
	return Element{Text: s.buf[s.start:end:end], Line: line, Column: column}
}

// token skips white space and returns the byte that follows, which becomes the
// start. The error is io.EOF if there is none.
func (s *splitter) token() (byte, error) {
	if s.pos > 0 {
		s.before = s.buf[s.pos-1]
	}
	for {
		for ; s.pos < s.end; s.pos++ {
			if c := s.buf[s.pos]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
				s.start = s.pos
				return c, nil
			}
		}
		s.start = s.pos
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// skip is token without a new start.
func (s *splitter) skip() (byte, error) {
	for {
		for ; s.pos < s.end; s.pos++ {
			if c := s.buf[s.pos]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
				return c, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// value passes over the value that begins with c.
func (s *splitter) value(c byte) error {
	switch c {
	case '{', '[':
		return s.compound()
	case '"':
		s.pos++
		return s.string()
	case ',', ']', '}', ':':
		return errElement
	}
	for {
		for ; s.pos < s.end; s.pos++ {
			switch s.buf[s.pos] {
			case ',', ']', '}', ':', '{', '[', '"', ' ', '\t', '\r', '\n':
				return nil
			}
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

func (s *splitter) compound() error {
	s.open = s.open[:0]
	for {
		for s.pos < s.end {
			c := s.buf[s.pos]
			switch c {
			case '"':
				s.pos++
				if err := s.string(); err != nil {
					return err
				}
				continue
			case '{', '[':
				s.open = append(s.open, c+2) // in ASCII the closing bracket stands two behind
			case '}', ']':
				last := len(s.open) - 1
				if s.open[last] != c {
					return errBracket
				}
				if s.open = s.open[:last]; last == 0 {
					s.pos++
					return nil
				}
			}
			s.pos++
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// string passes over what is left of a string.
func (s *splitter) string() error {
	escaped := false
	for {
		for ; s.pos < s.end; s.pos++ {
			switch c := s.buf[s.pos]; {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				s.pos++
				return nil
			}
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// fill reads more, and keeps what begins at start.
func (s *splitter) fill() error {
	if s.err != nil {
		return s.err
	}
	if s.end-s.start > maxElement {
		return errTooLarge
	}
	if s.end == len(s.buf) {
		s.place(s.start)
		kept := s.buf[s.start:s.end]
		buf := s.buf
		if 2*len(kept) >= len(buf) {
			buf = make([]byte, max(64<<10, 2*len(buf)))
		}
		copy(buf, kept)
		s.buf = buf
		s.pos, s.end, s.counted, s.lineStart = s.pos-s.start, len(kept), s.counted-s.start, s.lineStart-s.start
		s.start = 0
	}
	n, err := s.src.Read(s.buf[s.end:])
	s.end += n
	if err != nil {
		s.err = err
		if n > 0 {
			return nil
		}
	}
	return err
}

// place returns line and column of a byte of the buffer.
func (s *splitter) place(at int) (line, column int) {
	for s.counted < at {
		i := bytes.IndexByte(s.buf[s.counted:at], '\n')
		if i < 0 {
			s.counted = at
			break
		}
		s.counted += i + 1
		s.line, s.lineStart = s.line+1, s.counted
	}
	return s.line, at - s.lineStart + 1
}
