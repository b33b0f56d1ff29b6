package mailparts

import (
	"bytes"
	"io"
	"mime"
	"net/mail"
	"net/url"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
)

// split takes the header off a mail or part.
func split(text []byte) (mail.Header, []byte, error) {
	header, body := text, []byte(nil)
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			break
		}
		if len(bytes.TrimRight(text[at:at+n], "\r")) == 0 {
			header, body = text[:at], text[at+n+1:]
			break
		}
		at += n + 1
	}
	m, err := mail.ReadMessage(io.MultiReader(bytes.NewReader(header), strings.NewReader("\r\n\r\n")))
	if err != nil {
		return nil, nil, err
	}
	return m.Header, body, nil
}

func from(h mail.Header) string {
	list, err := h.AddressList("From")
	if err != nil {
		return word(h.Get("From"))
	}
	var all []string
	for _, a := range list {
		all = append(all, a.Address)
	}
	return valid(strings.Join(all, ","))
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
		text = plain
	}
	return valid(text)
}

// valid replaces what is no UTF-8, which a header must not have.
func valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }

// parameters reads a header such as text/plain; charset=utf-8. What does not keep to
// the rules is read as far as it goes: a name with blanks has no quotes often enough.
func parameters(header string) (value string, params map[string]string) {
	header = recoded(header)
	value, params, err := mime.ParseMediaType(header)
	if err == nil {
		return value, params
	}
	params = map[string]string{}
	all := pieces(header)
	for _, piece := range all[1:] {
		key, text, _ := strings.Cut(piece, "=")
		if key = strings.ToLower(strings.TrimSpace(key)); params[key] == "" {
			params[key] = strings.Trim(strings.TrimSpace(text), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(all[0])), params
}

// recoded is a header with all parameters in UTF-8, which RFC 2231 allows to be in any
// charset. The library knows no other.
func recoded(header string) string {
	if !strings.Contains(header, "*=") {
		return header
	}
	all := pieces(header)
	encodings := map[string]*charset.Encoding{} // of the pieces of a parameter, which the first one names
	for i, piece := range all[1:] {
		key, text, _ := strings.Cut(piece, "=")
		name, number, ok := strings.Cut(strings.TrimSpace(key), "*")
		if !ok || !strings.HasSuffix(key, "*") {
			continue
		}
		head := ""
		if first, rest, ok := strings.Cut(text, "'"); ok && (number == "" || number == "0*") {
			e, err := charset.Lookup(strings.TrimSpace(first))
			if err != nil || e == nil {
				continue
			}
			_, text, _ = strings.Cut(rest, "'")
			encodings[name], head = e, "utf-8''"
		}
		e := encodings[name]
		plain, err := url.PathUnescape(strings.TrimSpace(text))
		if e == nil || err != nil {
			continue
		}
		if utf8, err := charset.Decode([]byte(plain), e, charset.Replace); err == nil {
			all[i+1] = key + "=" + head + url.PathEscape(string(utf8))
		}
	}
	return strings.Join(all, ";")
}

// pieces takes a header apart at each ; that is in no quotes.
func pieces(header string) (all []string) {
	begin, quoted := 0, false
	for i := 0; i < len(header); i++ {
		switch c := header[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ';' && !quoted:
			all = append(all, header[begin:i])
			begin = i + 1
		}
	}
	return append(all, header[begin:])
}
