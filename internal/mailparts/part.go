package mailparts

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"path"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/archive"
	"github.com/intelpipe/intelpipe/internal/charset"
)

// A Part is a body or an attachment.
type Part struct {
	Name string // of the file, without folders, or ""
	Kind Kind
	Text []byte // decoded; as UTF-8 if the mail says what charset it is in
	Err  error  // why it cannot be read

	about  mail.Header // of the mail
	header mail.Header
	raw    []byte
	whole  bool // raw has the header as well, which is broken
}

// Text says how to read text whose charset a mail does not name, and what becomes of
// bytes that do not fit a charset. Without Named, text without a charset stays as it is.
type Text struct {
	Encoding *charset.Encoding
	Named    bool
	Errors   charset.Errors
}

// Kind is what a part is for.
type Kind uint8

// Kinds of parts.
const (
	Attachment Kind = iota // whatever has a name, and what is none of the others
	Plain                  // a body that is text
	HTML                   // a body that is a page
	Signature              // of the other parts
)

// read finds out what a part is, and decodes it.
func (p *Part) read(typ string, params map[string]string, how Text) {
	disposition, more := parameters(p.header.Get("Content-Disposition"))
	name := more["filename"]
	if name == "" {
		name = params["name"]
	}
	p.Name = path.Base("/" + strings.ReplaceAll(word(name), `\`, "/"))
	if p.Name == "/" || p.Name == "." || p.Name == ".." {
		p.Name = ""
	}
	switch {
	case slices.Contains(signatures, typ):
		p.Kind = Signature
	case disposition == "attachment", p.Name != "":
	case typ == "text/plain":
		p.Kind = Plain
	case typ == "text/html":
		p.Kind = HTML
	}
	if p.Text, p.Err = decode(p.header.Get("Content-Transfer-Encoding"), p.raw); p.Err == nil && strings.HasPrefix(typ, "text/") {
		p.Text, p.Err = how.decode(p.Text, params["charset"])
	}
}

var signatures = []string{"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}

// decode makes UTF-8 of text. Many programs name us-ascii without a look at the text.
func (t Text) decode(text []byte, label string) ([]byte, error) {
	e := t.Encoding
	switch {
	case label != "" && !strings.EqualFold(label, "us-ascii"):
		var err error
		if e, err = charset.Lookup(label); err != nil {
			return nil, fmt.Errorf("charset: %w", err)
		}
	case !t.Named:
		return text, nil
	}
	return charset.Decode(text, e, cmp.Or(t.Errors, charset.Strict))
}

var errCut = errors.New("the part ends before its base64 does")

// decode undoes the transfer encoding.
func decode(encoding string, raw []byte) ([]byte, error) {
	body := io.Reader(bytes.NewReader(raw))
	switch encoding := strings.ToLower(strings.TrimSpace(encoding)); encoding {
	case "", "7bit", "8bit", "binary":
		return raw, nil
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, spaceless{body})
	default:
		return nil, fmt.Errorf("the transfer encoding %.40q is not known", encoding)
	}
	text, err := io.ReadAll(body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return text, err
}

// spaceless leaves out blanks, which base64 may have anywhere.
type spaceless struct{ io.Reader }

func (s spaceless) Read(p []byte) (int, error) {
	for {
		n, err := s.Reader.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if c != ' ' && c != '\t' {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || err != nil || len(p) == 0 {
			return len(kept), err
		}
	}
}

// Files are the files of an archive, unpacked to at most limit bytes, or the part itself
// if it is none.
func (p *Part) Files(limit int64) (files []*Part, err error) {
	if archive.Detect(p.Text[:min(len(p.Text), archive.HeadSize)]) == archive.None {
		return []*Part{p}, nil
	}
	for m, err := range archive.Members(bytes.NewReader(p.Text), archive.Limits{Total: max(1, limit)}) {
		f := &Part{Name: cmp.Or(m.Name, strings.TrimSuffix(strings.TrimSuffix(p.Name, ".gz"), ".bz2")), about: p.about, header: p.header, raw: p.raw}
		if err == nil {
			f.Text, err = io.ReadAll(m)
		}
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Alone is a mail that has this part alone, as it stands, and says of itself what the
// mail says: once the part is mended, it can be read.
func (p *Part) Alone() []byte {
	var b bytes.Buffer
	write := func(h mail.Header, names ...string) {
		for _, name := range names {
			if value := h.Get(name); value != "" {
				b.WriteString(name + ": " + value + "\n")
			}
		}
	}
	write(p.about, "Subject", "From", "Date", "Message-Id")
	write(p.header, "Content-Type", "Content-Disposition", "Content-Transfer-Encoding")
	if !p.whole {
		b.WriteByte('\n')
	}
	b.Write(p.raw)
	return b.Bytes()
}
