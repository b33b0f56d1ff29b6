package mail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"path"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
)

// mails yields the mails of a mailbox, or the one mail that it is.
func mails(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !strings.HasPrefix(text, "From ") {
			if strings.TrimSpace(text) != "" {
				yield(text)
			}
			return
		}
		for text != "" {
			_, text, _ = strings.Cut(text, "\n")
			one := text
			if i := strings.Index(text, "\nFrom "); i >= 0 {
				one, text = text[:i+1], text[i+1:]
			} else {
				text = ""
			}
			// In a mailbox > stands before a line that begins like that of a mail.
			one = strings.ReplaceAll("\n"+one, "\n>From ", "\nFrom ")[1:]
			if !yield(one) {
				return
			}
		}
	}
}

// about is what a report says of its mail.
type about struct{ subject, from, id, date string }

func headers(h mail.Header) about {
	a := about{word(h.Get("Subject")), "", h.Get("Message-Id"), h.Get("Date")}
	if list, err := h.AddressList("From"); err == nil {
		var all []string
		for _, from := range list {
			all = append(all, from.Address)
		}
		a.from = strings.Join(all, ",")
	} else {
		a.from = word(h.Get("From"))
	}
	return a
}

// word decodes a header (RFC 2047). What cannot be decoded stays as it is.
func word(text string) string {
	d := mime.WordDecoder{CharsetReader: func(label string, r io.Reader) (io.Reader, error) {
		e, err := charset.Lookup(label)
		if err != nil {
			return nil, err
		}
		return charset.NewReader(r, e), nil
	}}
	if plain, err := d.DecodeHeader(text); err == nil {
		return plain
	}
	return text
}

func textHeader(h mail.Header) textproto.MIMEHeader { return textproto.MIMEHeader(h) }

// part is a part of a mail that is not made of others.
type part struct {
	header textproto.MIMEHeader
	body   io.Reader

	kind     string // of a body: plain or html
	name     string
	attached bool
	text     []byte
}

const (
	maxDepth = 20
	maxParts = 1000
)

var (
	errDeep = fmt.Errorf("parts are nested more than %d levels deep", maxDepth)
	errMany = fmt.Errorf("more than %d parts", maxParts)
	errEnd  = errors.New("the mail ends within a part")
)

// parts takes a mail apart.
func parts(p part, depth int) (all []part, err error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	typ, params, err := mime.ParseMediaType(p.header.Get("Content-Type"))
	if err != nil {
		typ, params = "text/plain", nil // as RFC 2045 has it for what is not there
		if p.header.Get("Content-Type") != "" {
			typ = "application/octet-stream"
		}
	}
	switch {
	case strings.HasPrefix(typ, "multipart/"):
		return multiple(p, params["boundary"], depth)
	case typ == "message/rfc822":
		body, err := decode(p)
		if err != nil {
			return nil, err
		}
		m, err := mail.ReadMessage(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return parts(part{header: textHeader(m.Header), body: m.Body}, depth+1)
	}
	if p.text, err = decode(p); err != nil {
		return nil, err
	}
	disposition, more, _ := mime.ParseMediaType(p.header.Get("Content-Disposition"))
	if p.name = more["filename"]; p.name == "" {
		p.name = params["name"]
	}
	p.name = path.Base("/" + strings.ReplaceAll(word(p.name), `\`, "/"))
	if p.name == "/" {
		p.name = ""
	}
	p.attached = disposition == "attachment" || p.name != "" || !strings.HasPrefix(typ, "text/")
	p.kind = strings.TrimPrefix(typ, "text/")
	if label := params["charset"]; strings.HasPrefix(typ, "text/") && label != "" && !strings.EqualFold(label, "us-ascii") {
		e, err := charset.Lookup(label)
		if err != nil {
			return nil, fmt.Errorf("charset: %w", err)
		}
		if p.text, err = charset.Decode(p.text, e, charset.Strict); err != nil {
			return nil, err
		}
	}
	return []part{p}, nil
}

// multiple takes a part apart that is made of others.
func multiple(p part, boundary string, depth int) (all []part, err error) {
	r := multipart.NewReader(p.body, boundary)
	for {
		next, err := r.NextRawPart()
		if err == io.EOF {
			return all, nil
		} else if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errEnd
		} else if err != nil {
			return nil, err
		}
		inner, err := parts(part{header: next.Header, body: next}, depth+1)
		if err != nil {
			return nil, err
		}
		if all = append(all, inner...); len(all) > maxParts {
			return nil, errMany
		}
	}
}

// decode undoes the transfer encoding.
func decode(p part) ([]byte, error) {
	body := p.body
	switch encoding := strings.ToLower(strings.TrimSpace(p.header.Get("Content-Transfer-Encoding"))); encoding {
	case "", "7bit", "8bit", "binary":
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		return nil, fmt.Errorf("the transfer encoding %.40q is not known", encoding)
	}
	text, err := io.ReadAll(body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errEnd
	}
	return text, err
}
