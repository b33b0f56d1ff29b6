// Package rawtext reads and writes the content of reports: base64, in the JSON
// string that is the value of raw.
package rawtext

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
)

// NewBase64Reader decodes base64 and passes over what does not belong there,
// as IntelMQ does.
func NewBase64Reader(r io.Reader) io.Reader {
	return base64.NewDecoder(base64.StdEncoding, &alphabet{r})
}

// NewReader decodes the content of raw from behind its opening quote. It has to be
// the last field.
func NewReader(rest io.Reader) io.Reader { return NewBase64Reader(&base64Text{src: rest}) }

var errRawNotLast = errors.New("raw has to be the last field of a report above --record-limit")

// base64Text reads the inside of a JSON string up to its closing quote. Of the
// characters that are written with a backslash only the slash is base64. Behind
// the string only the end of the object may follow.
type base64Text struct {
	src    io.Reader
	escape bool // the last character was a backslash
	done   bool
}

func (b *base64Text) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	n, err := b.src.Read(p)
	n = b.unescape(p[:n])
	if i := bytes.IndexByte(p[:n], '"'); i >= 0 {
		b.done = true
		tail := append(bytes.Clone(p[i+1:n]), make([]byte, 64)...)
		more, err := io.ReadFull(b.src, tail[n-i-1:])
		if err == nil || string(bytes.TrimSpace(tail[:n-i-1+more])) != "}" {
			return 0, errRawNotLast
		}
		return i, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// unescape takes the escapes out of p and returns how much is left.
func (b *base64Text) unescape(p []byte) int {
	if !b.escape && bytes.IndexByte(p, '\\') < 0 {
		return len(p)
	}
	kept := 0
	for _, c := range p {
		switch {
		case !b.escape && c == '\\':
			b.escape = true
			continue
		case b.escape && c != '/':
		default:
			p[kept] = c
			kept++
		}
		b.escape = false
	}
	return kept
}

type alphabet struct{ src io.Reader }

func (a *alphabet) Read(p []byte) (int, error) {
	for {
		n, err := a.src.Read(p)
		kept := 0
		for _, c := range p[:n] {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' {
				p[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil {
			return kept, err
		}
	}
}
