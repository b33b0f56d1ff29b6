package mailparts

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"strings"
)

// A Mail is what a mail says of itself, and its parts that are not made of others.
type Mail struct {
	Subject string
	From    string // addresses, with commas between them, or what stands in place of one
	ID      string
	Date    string
	Parts   []*Part

	header mail.Header
	text   Text
}

const (
	maxDepth = 20
	maxParts = 1000
)

var (
	errDeep     = fmt.Errorf("parts are nested more than %d levels deep", maxDepth)
	errMany     = fmt.Errorf("more than %d parts", maxParts)
	errEnd      = errors.New("the mail ends within a part")
	errBoundary = errors.New("the parts have no boundary between them")
)

// Read takes a mail apart. Its parts refer to the text. A mail of which nobody can say
// where its parts end is an error; a part that cannot be read has one of its own.
func Read(text []byte, how Text) (*Mail, error) {
	header, body, err := split(text)
	if err != nil {
		return nil, err
	}
	m := &Mail{
		Subject: word(header.Get("Subject")), ID: valid(header.Get("Message-Id")), Date: valid(header.Get("Date")),
		From: from(header), header: header, text: how,
	}
	if err := m.take(header, body, 0); err != nil {
		return nil, err
	}
	return m, nil
}

// take adds the parts of a mail, or of a part, that are not made of others.
func (m *Mail) take(h mail.Header, body []byte, depth int) error {
	p := &Part{about: m.header, header: h, raw: body}
	typ, params := parameters(h.Get("Content-Type"))
	if typ == "" {
		typ = "text/plain" // as RFC 2045 has it for what is not there
	}
	switch {
	case depth > maxDepth:
		p.Err = errDeep
	case strings.HasPrefix(typ, "multipart/"):
		return m.multiple(body, params["boundary"], depth)
	case typ == "message/rfc822":
		if p.Err = m.inner(h, body, depth); p.Err == nil {
			return nil
		}
	default:
		p.read(typ, params, m.text)
	}
	return m.add(p)
}

func (m *Mail) add(p *Part) error {
	m.Parts = append(m.Parts, p)
	if len(m.Parts) > maxParts {
		return errMany
	}
	return nil
}

// inner takes apart a mail that is a part of another. If it is broken it is a part that
// is.
func (m *Mail) inner(h mail.Header, body []byte, depth int) error {
	text, err := decode(h.Get("Content-Transfer-Encoding"), body)
	if err != nil {
		return err
	}
	header, body, err := split(text)
	if err != nil {
		return err
	}
	n := len(m.Parts)
	err = m.take(header, body, depth+1)
	if err != nil && err != errMany {
		m.Parts = m.Parts[:n]
	}
	return err
}

// multiple takes apart what has several parts, with lines of the boundary between them.
func (m *Mail) multiple(body []byte, boundary string, depth int) error {
	if boundary == "" {
		return errBoundary
	}
	delimiter := []byte("--" + boundary)
	begin := -1 // of a part
	for at := 0; at < len(body); {
		end := at + bytes.IndexByte(body[at:], '\n') + 1
		if end == at {
			end = len(body)
		}
		rest, ok := bytes.CutPrefix(body[at:end], delimiter)
		rest = bytes.TrimSpace(rest)
		last := string(rest) == "--"
		if ok && (last || len(rest) == 0) {
			if begin >= 0 {
				// The line break before the boundary belongs to it.
				if err := m.part(bytes.TrimSuffix(bytes.TrimSuffix(body[begin:at], []byte("\n")), []byte("\r")), depth); err != nil {
					return err
				}
			}
			if last {
				return nil
			}
			begin = end
		}
		at = end
	}
	if begin < 0 {
		return errBoundary
	}
	return errEnd
}

// part takes one of several parts.
func (m *Mail) part(text []byte, depth int) error {
	header, body, err := split(text)
	if err != nil {
		return m.add(&Part{about: m.header, raw: text, whole: true, Err: err})
	}
	n := len(m.Parts)
	if err = m.take(header, body, depth+1); err == nil || err == errMany {
		return err
	}
	// Whatever is wrong inside, this part has an end: it alone is broken.
	m.Parts = m.Parts[:n]
	return m.add(&Part{about: m.header, header: header, raw: body, Err: err})
}
