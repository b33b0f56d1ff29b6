package guess

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/charset"
)

// foreign tells files of other kinds by how they begin.
func foreign(sample []byte) error {
	for _, kind := range [...]struct{ magic, what string }{
		{"PK\x03\x04", "a ZIP archive, such as a workbook of Excel: save the sheet as CSV, or unpack the archive"},
		{"\xd0\xcf\x11\xe0", "a workbook of an old Excel: save the sheet as CSV"},
		{"\x1f\x8b", "compressed by gzip: unpack it with gunzip"},
		{"BZh", "compressed by bzip2: unpack it with bunzip2"},
		{"\xfd7zXZ", "compressed by xz: unpack it with unxz"},
		{"%PDF", "a PDF"},
	} {
		if bytes.HasPrefix(sample, []byte(kind.magic)) {
			return fmt.Errorf("it is no table but %s", kind.what)
		}
	}
	text := bytes.TrimLeft(sample, "\xef\xbb\xbf \t\r\n")
	switch {
	case len(text) == 0:
		return errEmpty
	case text[0] == '{' || text[0] == '[' && bytes.IndexByte(text, '{') > 0:
		return errors.New("it is no table but JSON, see parse-json and the parsers of feeds")
	case text[0] == '<':
		return errors.New("it is no table but XML or HTML, see parse-html-table")
	}
	return nil
}

// decode finds the encoding, and returns the text of the sample up to its last line.
func (t *Table) decode(sample []byte, whole bool, o Options) (string, error) {
	named, err := charset.Lookup(o.Encoding)
	if o.Encoding == "" {
		named, err = nil, nil
	}
	if err != nil {
		return "", err
	}
	found, mark := charset.Detect(sample, named)
	switch label := unmarked(sample); {
	case mark > 0:
		t.note("the text is %s, as its byte order mark says", found)
	case o.Encoding != "":
	case label != "":
		if found, err = charset.Lookup(label); err != nil {
			return "", err
		}
		t.Encoding = found.String()
		t.note("bytes that are no UTF-8 are read as %s; if letters are wrong, name another one with --encoding", found)
	}
	t.Sample = sample
	if !whole {
		t.Sample = cut(sample, found)
	}
	text, err := charset.Decode(t.Sample, found, charset.Strict)
	if err != nil {
		return "", fmt.Errorf("it is no text: %w", err)
	}
	return string(text), nil
}

// unmarked guesses the encoding of a text without a mark; "" is UTF-8.
func unmarked(sample []byte) string {
	even, odd := 0, 0
	for i, c := range sample {
		if c == 0 {
			even, odd = even+1-i%2, odd+i%2
		}
	}
	switch n := len(sample) / 4; {
	case odd > n && even < n/8:
		return "utf-16le"
	case even > n && odd < n/8:
		return "utf-16be"
	}
	for len(sample) > 0 {
		r, n := utf8.DecodeRune(sample)
		if r == utf8.RuneError && n == 1 && utf8.FullRune(sample) {
			return "windows-1252"
		}
		sample = sample[max(n, 1):]
	}
	return ""
}

// cut cuts a sample behind its last line.
func cut(sample []byte, e *charset.Encoding) []byte {
	end := "\n"
	switch e.String() {
	case "utf-16le":
		end = "\n\x00"
	case "utf-16be":
		end = "\x00\n"
	}
	for i := len(sample) - len(sample)%len(end) - len(end); i >= 0; i -= len(end) {
		if string(sample[i:i+len(end)]) == end {
			return sample[:i+len(end)]
		}
	}
	return sample
}
