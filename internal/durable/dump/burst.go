package dump

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

// A burst is one line of a dump: an entry, and in More others that have failed
// right behind it in the same file. They say only what is different, so that a
// report whose lines all fail does not make a dump of many times its size.
type burst struct {
	Entry
	More   []more `json:"more,omitempty"`
	Format int    `json:"format,omitempty"` // 0: this one
}

// more is an entry of a burst behind the first one. Its time, command, file,
// source and window are those of the first.
type more struct {
	ID     ID     `json:"id"`
	Reason string `json:"reason,omitempty"` // empty: that of the entry before
	Line   int64  `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Again  ID     `json:"again,omitempty"`
	Same   int    `json:"same,omitempty"` // how many bytes of the first message begin this one as well
	// The rest of the message. One of both has it.
	Message string `json:"message,omitempty"`
	Base64  string `json:"base64,omitempty"`
}

const (
	// A few entries have a line each, where every tool finds them.
	fewEntries = 16
	// burstBytes is how much the messages of a line have before the last one.
	burstBytes = 64 << 10
)

// takes says whether an entry may stand behind the first one of a burst.
func takes(first, e *Entry) bool {
	return e.Time == first.Time && e.Command == first.Command && e.File == first.File && e.Source == first.Source && e.Window == first.Window &&
		e.Kept == "" && first.Kept == "" && !e.Cut && !first.Cut
}

// AppendAll appends entries, as many in one line as may stand there.
func AppendAll(dst []byte, entries []Entry) (_ []byte, err error) {
	for len(entries) > 0 {
		n, size := 1, len(entries[0].Message)+len(entries[0].Base64)
		for n < len(entries) && takes(&entries[0], &entries[n]) && size < burstBytes {
			size += len(entries[n].Message) + len(entries[n].Base64)
			n++
		}
		if n < fewEntries {
			for i := range entries[:n] {
				if dst, err = entries[i].Append(dst); err != nil {
					return dst, err
				}
			}
		} else if dst, err = appendBurst(dst, entries[:n]); err != nil {
			return dst, err
		}
		entries = entries[n:]
	}
	return dst, nil
}

func appendBurst(dst []byte, entries []Entry) ([]byte, error) {
	b := burst{Entry: entries[0], More: make([]more, 0, len(entries)-1)}
	first, err := entries[0].Text()
	if err != nil {
		return dst, err
	}
	reason := entries[0].Reason
	for i := range entries[1:] {
		e := &entries[1+i]
		text, err := e.Text()
		if err != nil {
			return dst, err
		}
		m := more{ID: e.ID, Again: e.Again, Line: e.Line, Column: e.Column, Same: common(first, text)}
		if e.Reason != reason {
			m.Reason, reason = e.Reason, e.Reason
		}
		m.Message, m.Base64 = split(text[m.Same:])
		b.More = append(b.More, m)
	}
	return appendLine(dst, &b)
}

// common is how many bytes begin both texts, up to a whole character.
func common(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(b) && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

var errBurst = errors.New("the messages of the line are not what its parts say")

// entries are those of the line, each whole.
func (b *burst) entries() ([]Entry, error) {
	all := []Entry{b.Entry}
	if len(b.More) == 0 {
		return all, nil
	}
	first, err := b.Text()
	if err != nil {
		return nil, err
	}
	reason, size := b.Reason, len(first)
	for _, m := range b.More {
		rest, err := join(m.Message, m.Base64)
		if err != nil {
			return nil, err
		}
		if m.ID == 0 || m.Same < 0 || m.Same > len(first) || size >= 2*burstBytes {
			return nil, errBurst
		}
		if m.Reason != "" {
			reason = m.Reason
		}
		e := Entry{
			ID: m.ID, Time: b.Time, Command: b.Command, Reason: reason, File: b.File, Line: m.Line, Column: m.Column,
			Source: b.Source, Window: b.Window, Again: m.Again,
		}
		e.SetText(bytes.Join([][]byte{first[:m.Same], rest}, nil))
		all, size = append(all, e), size+m.Same+len(rest)
	}
	return all, nil
}

// Read calls yield with each line as it stands, newline included, and its
// entries, until it returns false. A line that is no entry is an error that
// names it, unless it is the last one and a writer that died has torn it.
func Read(r io.Reader, yield func(entries []Entry, line []byte) bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			entries, wrong := parse(line)
			if wrong != nil && line[len(line)-1] != '\n' {
				return nil
			} else if wrong != nil {
				return fmt.Errorf("line %d is no entry of a dump: %w", n, wrong)
			}
			if !yield(entries, line) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// parse returns the entries of a line.
func parse(line []byte) ([]Entry, error) {
	var b burst
	if err := json.Unmarshal(line, &b); err != nil {
		return nil, err
	}
	if b.Format != 0 || b.ID == 0 {
		return nil, errFormat
	}
	return b.entries()
}
