// Package mailparts takes mailboxes and mails apart: mails of a mailbox, bodies and
// attachments of a mail, files of an archive that is attached.
//
// What is wrong with one part costs no other. Everything comes from strangers: what a
// mail may hold is bounded.
package mailparts

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
)

// MaxMail bounds a mail, and what is unpacked from all archives in it, in bytes.
const MaxMail = 256 << 20

// maxHead is how much is kept of a mail that is too large, in bytes.
const maxHead = 1 << 20

// ErrLarge is the error for a mail that is too large.
var ErrLarge = fmt.Errorf("a mail of more than %d MiB", MaxMail>>20)

// A Source is a mail as it stands in a mailbox, and the line where it begins, from 1.
// The text is valid until the next mail.
type Source struct {
	Text []byte
	Line int
}

// Mails yields the mails of a mailbox (mbox), or the one mail that the text is. In a
// mailbox each mail stands behind a line of From, an address and a time. Of a mail that
// is too large the beginning comes with ErrLarge, and a mail in which reading fails comes
// with that error and is the last.
func Mails(r io.Reader) iter.Seq2[Source, error] { return mails(r, MaxMail) }

func mails(r io.Reader, limit int) iter.Seq2[Source, error] {
	return func(yield func(Source, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		b := box{limit: limit}
		start, skip := true, false // of a line, which may be longer than what is read at once
		for {
			text, err := in.ReadSlice('\n')
			if start {
				b.line++
				text = b.trimmed(text)
				if skip = b.begins(text); skip && !b.flush(yield) {
					return
				}
			}
			if !skip {
				b.add(text)
			}
			start = err == nil
			switch err {
			case nil, bufio.ErrBufferFull:
			case io.EOF:
				b.flush(yield)
				return
			default:
				yield(Source{b.text, b.begin}, err)
				return
			}
		}
	}
}

// box is a mailbox, as far as it was read.
type box struct {
	limit int // of a mail
	kind  kind
	line  int    // the last one
	begin int    // the first line of the mail
	text  []byte // of the mail
	size  int    // of the mail, even if that is too large
}

// kind says whether there are several mails.
type kind uint8

const (
	unknown kind = iota // nothing but blank lines was read
	single
	mailbox
)

// trimmed is a line without what does not belong to its mail: a byte order mark, and
// in a mailbox the > before a From of the mail itself.
func (b *box) trimmed(line []byte) []byte {
	switch {
	case b.line == 1:
		return bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	case b.kind == mailbox && bytes.HasPrefix(line, []byte(">From ")):
		return line[1:]
	}
	return line
}

// begins reports whether a line stands before a mail of a mailbox. The first line
// decides whether it is one.
func (b *box) begins(line []byte) bool {
	from := bytes.HasPrefix(line, []byte("From "))
	switch {
	case b.kind == unknown && from:
		b.kind = mailbox
		return true
	case b.kind == unknown && len(bytes.TrimSpace(line)) > 0:
		b.kind = single
	}
	return b.kind == mailbox && from && isPostmark(line)
}

// isPostmark reports whether a line that begins with From has a month, a time and a
// year, which sentences do not. Not all programs put a > before these.
func isPostmark(line []byte) bool {
	words := bytes.Fields(line[:min(len(line), 1000)])
	month, time, year := false, false, false
	for _, w := range words {
		month = month || len(w) == 3 && bytes.Contains([]byte("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"), w)
		time = time || (len(w) == 5 || len(w) == 8) && w[2] == ':' && isNumber(w[:2]) && isNumber(w[3:5])
		year = year || len(w) == 4 && isNumber(w)
	}
	return len(words) >= 5 && month && time && year
}

func isNumber(text []byte) bool {
	return len(bytes.Trim(text, "0123456789")) == 0
}

// add adds a line, or a part of one, to the mail. Blank lines before the only mail are
// left out.
func (b *box) add(text []byte) {
	if b.kind == unknown {
		return
	}
	if b.size == 0 {
		b.begin = b.line
	}
	if b.size += len(text); b.size <= b.limit {
		b.text = append(b.text, text...)
	} else {
		b.text = b.text[:min(len(b.text), maxHead, b.limit)]
	}
}

// flush yields the mail, unless it is blank. In a mailbox a blank line stands behind
// it.
func (b *box) flush(yield func(Source, error) bool) bool {
	text, size := b.text, b.size
	b.text, b.size = b.text[:0], 0
	switch {
	case size > b.limit:
		return yield(Source{text, b.begin}, ErrLarge)
	case len(bytes.TrimSpace(text)) == 0:
		return true
	case b.kind == mailbox && bytes.HasSuffix(text, []byte("\n\r\n")):
		text = text[:len(text)-2]
	case b.kind == mailbox && bytes.HasSuffix(text, []byte("\n\n")):
		text = text[:len(text)-1]
	}
	return yield(Source{text, b.begin}, nil)
}
