package services

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// part is a mail or a part of one, as the vectors have it.
type part struct {
	Headers [][2]string
	Parts   []part
	Content *vector.Content
}

func (p *part) header(name string) string {
	for _, h := range p.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// summary is what counts of a part: type, file name and text.
func (p *part) summary() string {
	typ, _, _ := mime.ParseMediaType(p.header("Content-Type"))
	_, disposition, _ := mime.ParseMediaType(p.header("Content-Disposition"))
	s := fmt.Sprintf("%s %q", typ, disposition["filename"])
	if p.Content != nil {
		s += fmt.Sprintf(" %q", strings.TrimRight(strings.ReplaceAll(string(p.Content.Data()), "\r\n", "\n"), "\n"))
	}
	for i := range p.Parts {
		s += "\n  " + p.Parts[i].summary()
	}
	return s
}

// compareMails compares envelope, subject, addresses and the decoded parts.
func compareMails(want []json.RawMessage, got []delivery) []compare.Diff {
	if len(want) != len(got) {
		return []compare.Diff{{Part: "mail", Want: strconv.Itoa(len(want)) + " mails", Got: strconv.Itoa(len(got))}}
	}
	var diffs []compare.Diff
	for i, raw := range want {
		var w struct {
			Message  part
			Envelope struct {
				From string   `json:"from_addr"`
				To   []string `json:"to_addrs"`
			}
		}
		if err := json.Unmarshal(raw, &w); err != nil {
			return []compare.Diff{{Part: "mail", Where: compare.Place("", i), Want: err.Error()}}
		}
		g, err := parseMail(got[i].data)
		if err != nil {
			return []compare.Diff{{Part: "mail", Where: compare.Place("", i), Want: "a mail", Got: err.Error()}}
		}
		pairs := [][3]string{
			{"from", w.Envelope.From, got[i].from},
			{"to", strings.Join(w.Envelope.To, ","), strings.Join(got[i].to, ",")},
			{"parts", w.Message.summary(), g.summary()},
		}
		for _, name := range []string{"Subject", "From", "To"} {
			if value := w.Message.header(name); value != "" {
				pairs = append(pairs, [3]string{name, bare(value), bare(g.header(name))})
			}
		}
		for _, p := range pairs {
			if p[1] != p[2] {
				diffs = append(diffs, compare.Diff{Part: "mail", Where: compare.Place(p[0], i), Want: p[1], Got: p[2]})
			}
		}
	}
	return diffs
}

// bare takes the angle brackets off addresses.
func bare(s string) string { return strings.NewReplacer("<", "", ">", "").Replace(s) }

func parseMail(data []byte) (*part, error) {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return parsePart(m.Header, m.Body)
}

func parsePart(header map[string][]string, body io.Reader) (*part, error) {
	p := &part{}
	words := new(mime.WordDecoder)
	for name, values := range header {
		for _, v := range values {
			if decoded, err := words.DecodeHeader(v); err == nil {
				v = decoded
			}
			p.Headers = append(p.Headers, [2]string{name, v})
		}
	}
	typ, params, _ := mime.ParseMediaType(p.header("Content-Type"))
	if strings.HasPrefix(typ, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			next, err := parts.NextRawPart()
			if err == io.EOF {
				return p, nil
			} else if err != nil {
				return nil, err
			}
			child, err := parsePart(next.Header, next)
			if err != nil {
				return nil, err
			}
			p.Parts = append(p.Parts, *child)
		}
	}
	switch strings.ToLower(p.header("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	p.Content = &vector.Content{Text: string(data)}
	return p, err
}
