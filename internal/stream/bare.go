package stream

import (
	"bytes"
	"errors"
	"io"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// isBare decides whether the input is the content of a report instead of
// messages: unless the first key is one that a report has, it is.
func (b *buffer) isBare(d *harmonization.Dictionary) (bool, error) {
	for {
		text := bytes.TrimLeft(bytes.TrimPrefix(b.text(), byteOrderMark), " \t\r\n")
		if key, ok := firstKey(text); ok {
			return !isReportKey(d, key), nil
		}
		more := !b.eof && b.end-b.start < 64<<10
		if len(text) > 0 && text[0] != '{' && !(more && bytes.HasPrefix(byteOrderMark, text)) || !more {
			return len(text) > 0, nil
		}
		if err := b.fill(); err != nil {
			return false, err
		}
	}
}

// byteOrderMark may stand at the beginning of UTF-8.
var byteOrderMark = []byte("\ufeff")

// skipMark skips a byte order mark in front of messages.
func (b *buffer) skipMark() error {
	for {
		text := b.buf[b.start:min(b.end, b.start+len(byteOrderMark))]
		switch {
		case len(text) == len(byteOrderMark):
			if bytes.Equal(text, byteOrderMark) {
				b.start += len(byteOrderMark)
			}
			return nil
		case b.eof || !bytes.HasPrefix(byteOrderMark, text):
			return nil
		}
		if err := b.fill(); err != nil {
			return err
		}
	}
}

// firstKey returns the first key of an object, if that much is there.
func firstKey(text []byte) (string, bool) {
	if len(text) == 0 || text[0] != '{' {
		return "", false
	}
	text = bytes.TrimLeft(text[1:], " \t\r\n")
	if len(text) == 0 || text[0] != '"' {
		return "", false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return "", false
	}
	return string(text[1 : 1+end]), true
}

func isReportKey(d *harmonization.Dictionary, key string) bool {
	if key == "__type" {
		return true
	}
	_, err := d.Field(harmonization.Report, key)
	return err == nil
}

// rest reads what is left of a line, or of the whole input.
type rest struct {
	*buffer
	left   int64 // how much is accepted
	bare   bool  // all of the input
	done   bool
	report *event.Message // that it is the content of, or nil
	seen   record         // what was read
}

func (s *rest) Read(p []byte) (int, error) {
	n, err := s.next(p)
	s.seen.add(p[:n])
	return n, err
}

func (s *rest) next(p []byte) (int, error) {
	b := s.buffer
	for b.start == b.end && !s.done {
		if b.eof {
			if b.err != nil {
				return 0, stage.Fatal(b.err)
			}
			if b.host.Controlled() {
				return 0, stage.Fatal(errTorn)
			}
			s.done = true
			break
		}
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	if s.done {
		return 0, io.EOF
	}
	text := b.buf[b.start:min(b.end, b.start+len(p)+1)]
	if !s.bare {
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text = text[:i]
			if i == 0 || i <= len(p) {
				n := copy(p, text)
				b.start += n + 1
				s.done = true
				return n, nil
			}
		}
	}
	n := copy(p, text)
	b.start += n
	if s.left -= int64(n); s.left < 0 {
		return 0, errReportTooLarge
	}
	return n, nil
}

var errReportTooLarge = errors.New("the report is larger than --max-report")

// Whole gives the report that is being streamed from its beginning, while all
// that was read of it is kept.
func (s *rest) Whole() func(io.Writer) error {
	if s.report == nil || s.seen.gone {
		return nil
	}
	return func(w io.Writer) error {
		text := s.seen.text
		s.seen, s.left = record{gone: true}, 1<<62
		s.report.SetBody(io.MultiReader(bytes.NewReader(text), s))
		_, err := s.report.WriteTo(chomp{w})
		return err
	}
}

// A record keeps the beginning of bare input while it is read, so that all of it
// can go into the dump if its parser fails early. Later its origin still has it:
// bare input never comes from a source.
type record struct {
	text []byte
	gone bool // what was read is
}

func (r *record) add(p []byte) {
	if !r.gone && len(r.text)+len(p) > memory {
		r.text, r.gone = nil, true
	} else if !r.gone {
		r.text = append(r.text, p...)
	}
}
