package rawtext

import (
	"bytes"
	"errors"

	"github.com/intelpipe/intelpipe/internal/event/scan"
)

// A Scan follows the text of the field raw and finds out whether all of it is
// there, before anybody works on a part of it. Its zero value stands behind
// the opening quote.
type Scan struct {
	digits int64  // of base64
	pads   int    // the = at the end
	escape bool   // the last character was a backslash
	closed bool   // the closing quote has come
	tail   []byte // what stands behind it, as far as it matters
	err    error
}

var (
	errRawTorn   = errors.New("raw: the report ends in the middle of its content")
	errRawBase64 = errors.New("raw: the content of the report is not whole: its base64 has a length or a padding that no encoder makes")
	errRawEscape = errors.New(`raw: base64 written with \u is not read above --record-limit`)
)

// What a character means inside the string.
const (
	digit = iota + 1
	pad
	quote
	backslash
)

var rawClass = func() (class [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		class[c] = digit
	}
	class['='], class['"'], class['\\'] = pad, quote, backslash
	return class
}()

// Add takes the next part of the text.
func (s *Scan) Add(p []byte) {
	for i := 0; i < len(p) && !s.closed; i++ {
		if s.escape {
			s.escape = false
			switch p[i] {
			case '/':
				s.digit(1)
			case 'u':
				s.fail(errRawEscape)
			}
			continue
		}
		run := i
		for run < len(p) && rawClass[p[run]] == digit {
			run++
		}
		if run > i {
			s.digit(run - i)
			i = run - 1
			continue
		}
		switch rawClass[p[i]] {
		case pad:
			s.pads++
		case backslash:
			s.escape = true
		case quote:
			s.closed = true
			p, i = p[i+1:], -1
		}
	}
	if s.closed && len(s.tail) < 64 {
		s.tail = append(s.tail, p[:min(len(p), 64)]...)
	}
}

func (s *Scan) digit(n int) {
	if s.pads > 0 {
		s.fail(errRawBase64)
	}
	s.digits += int64(n)
}

func (s *Scan) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Err says what is wrong with a report whose last field is raw, now that its
// line has ended.
func (s *Scan) Err() error {
	switch {
	case !s.closed:
		return errRawTorn
	case string(bytes.TrimSpace(s.tail)) != "}":
		return errRawNotLast
	}
	return s.content()
}

func (s *Scan) content() error {
	if s.err == nil && s.pads != [4]int{0, -1, 2, 1}[s.digits%4] {
		return errRawBase64
	}
	return s.err
}

// Check says what is wrong with a report's content, given the JSON text of raw.
// What is no string is none of its business.
func Check(text []byte) error {
	if len(text) == 0 || text[0] != '"' {
		return nil
	}
	var s Scan
	if bytes.Contains(text, []byte(`\u`)) {
		s.Add([]byte(scan.Unquote(text)))
	} else {
		s.Add(text[1:])
	}
	return s.content()
}
