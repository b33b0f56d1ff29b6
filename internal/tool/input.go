package tool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// reader turns stdin into messages.
type reader struct {
	src     io.Reader
	file    string // its name, or "" for stdin
	node    *node
	idle    func() error // called before a read that may block
	fd      int          // of src, or -1
	buf     []byte
	start   int // of what is not consumed
	end     int
	eof     bool
	err     error // of a read, kept until what was read before is consumed
	line    int64 // number of the line that begins at start, from 1
	limit   int
	message event.Message
	begun   bool // whether anything was read
	rest    *rest
}

func newReader(src io.Reader, file string, n *node) *reader {
	r := &reader{src: src, file: file, node: n, idle: n.link().idle, fd: -1, line: 1, limit: int(n.flags.RecordLimit), buf: make([]byte, 128<<10)}
	if f, ok := src.(*os.File); ok {
		r.fd = int(f.Fd())
	}
	r.message.Dictionary = n.env.Dictionary
	return r
}

// place is the line that was read last.
func (r *reader) place() event.Place {
	return event.Place{File: r.name(), Line: r.line - 1}
}

// name is what the input is called in messages.
func (r *reader) name() string {
	if r == nil {
		return "stdin"
	}
	return first(r.file, "stdin")
}

// next returns the next message, which is valid until the next call. It
// returns nil for a line that went into the dump.
func (r *reader) next() (*event.Message, error) {
	r.node.run.letGo()
	if r.rest != nil { // bare input: skip what its parser left unread
		r.rest.seen = record{err: errPassed}
		if _, err := io.Copy(io.Discard, r.rest); err != nil {
			return nil, err
		}
		r.rest = nil
	}
	if !r.begun {
		r.begun = true
		if r.node.flags.parserFlags != nil {
			if bare, err := r.bare(); err != nil {
				return nil, err
			} else if bare {
				return r.bareReport()
			}
		}
		if err := r.skipMark(); err != nil {
			return nil, err
		}
	}
	line, err := r.nextLine()
	switch {
	case err == errTooLong:
		return r.long()
	case err != nil:
		return nil, err
	}
	r.line++
	return r.decode(line)
}

// decode makes a message of a line.
func (r *reader) decode(line []byte) (*event.Message, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, nil
	}
	m := &r.message
	m.Dictionary = r.node.env.Dictionary
	if err := m.Decode(line); err != nil {
		if r.eof && r.start == r.end && r.buf[r.end-1] != '\n' && r.node.env.Controlled {
			return nil, errTorn
		}
		place := r.place()
		var syntax *event.SyntaxError
		if errors.As(err, &syntax) {
			place.Column = syntax.Offset + 1
		}
		m.SetPlace(place)
		r.node.counts.read++
		return nil, r.node.fail(m, err)
	}
	if p := r.node.flags.parserFlags; p != nil && m.Kind <= event.Report {
		m.Kind = event.Report
		if err := m.CheckRaw(); err != nil {
			m.SetPlace(r.place())
			r.node.counts.read++
			return nil, r.node.fail(m, err)
		}
	}
	return m, nil
}

var errTooLong = errors.New("line too long")

// errTorn says that whoever wrote the stream has died in the middle of a line.
// It is no message that has failed: its source sends it again.
var errTorn = errors.New("the stream ended in the middle of a line")

// nextLine returns the next line without its newline. A line longer than the
// limit gives errTooLong; its first bytes are in buf[start:end] then.
func (r *reader) nextLine() ([]byte, error) {
	for scanned := 0; ; {
		if i := bytes.IndexByte(r.buf[r.start+scanned:r.end], '\n'); i >= 0 {
			if scanned+i > r.limit {
				return nil, errTooLong
			}
			line := r.buf[r.start : r.start+scanned+i]
			r.start += scanned + i + 1
			return line, nil
		}
		scanned = r.end - r.start
		if r.eof {
			if r.err != nil {
				return nil, r.err
			}
			if scanned == 0 {
				return nil, io.EOF
			}
			line := r.buf[r.start:r.end]
			r.start = r.end
			return line, nil
		}
		if scanned > r.limit {
			return nil, errTooLong
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once more, and makes room before. If what would fail has no place
// any longer, it stays where it is.
func (r *reader) fill() error {
	if full := r.node.run.full; full != nil && !r.node.run.controlled {
		return stage.Fatal(full)
	}
	if r.start > 0 && r.end == len(r.buf) || r.start == r.end {
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end = 0, r.end-r.start
	}
	if r.end == len(r.buf) {
		size := 2 * len(r.buf)
		if size >= r.limit {
			size = r.limit + 64<<10 // in one step, rather than to copy the limit twice
		}
		buf := make([]byte, size)
		copy(buf, r.buf)
		r.buf = buf
	}
	if r.blocks() {
		if err := r.idle(); err != nil {
			return err
		}
		if err := r.wait(); err != nil {
			return err
		}
	}
	n, err := r.read(r.buf[r.end:])
	r.end += n
	r.node.run.progress.read(n)
	if err != nil {
		r.eof = true
		if err != io.EOF {
			r.err = err
		}
	}
	return nil
}

// read lets others work on the chain where nobody knows how long it takes.
func (r *reader) read(p []byte) (int, error) {
	if r.fd < 0 {
		r.node.run.release()
		defer r.node.run.hold()
	}
	return r.src.Read(p)
}

// blocks reports whether a read has to wait.
func (r *reader) blocks() bool {
	if r.fd < 0 {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err != nil || n == 0
}

// bare decides whether stdin is the content of a report instead of messages:
// unless the first key is one that a report has, it is.
func (r *reader) bare() (bool, error) {
	switch r.node.flags.Input {
	case "raw":
		return true, nil
	case "report":
		return false, nil
	}
	for {
		text := bytes.TrimLeft(bytes.TrimPrefix(r.buf[r.start:r.end], byteOrderMark), " \t\r\n")
		if key, ok := firstKey(text); ok {
			return !r.isReportKey(key), nil
		}
		more := !r.eof && r.end-r.start < 64<<10
		if len(text) > 0 && text[0] != '{' && !(more && bytes.HasPrefix(byteOrderMark, text)) || !more {
			return len(text) > 0, nil
		}
		if err := r.fill(); err != nil {
			return false, err
		}
	}
}

// byteOrderMark may stand at the beginning of UTF-8.
var byteOrderMark = []byte("\ufeff")

// skipMark skips a byte order mark in front of messages.
func (r *reader) skipMark() error {
	for {
		text := r.buf[r.start:min(r.end, r.start+len(byteOrderMark))]
		switch {
		case len(text) == len(byteOrderMark):
			if bytes.Equal(text, byteOrderMark) {
				r.start += len(byteOrderMark)
			}
			return nil
		case r.eof || !bytes.HasPrefix(byteOrderMark, text):
			return nil
		}
		if err := r.fill(); err != nil {
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

func (r *reader) isReportKey(key string) bool {
	if key == "__type" {
		return true
	}
	_, err := r.node.env.Dictionary.Field(harmonization.Report, key)
	return err == nil
}

// bareReport makes one report of all of stdin.
func (r *reader) bareReport() (*event.Message, error) {
	p := r.node.flags.parserFlags
	m := event.New(event.Report, r.node.env.Dictionary)
	name := p.FileName
	if name == "" && r.file != "" {
		name = filepath.Base(r.file)
	} else if f, ok := r.src.(*os.File); name == "" && ok {
		// A file that was redirected to stdin still has its name.
		if path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd())); err == nil && filepath.IsAbs(path) {
			if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
				name = filepath.Base(path)
			}
		}
	}
	m.SetIf("extra.file_name", name)
	if err := r.node.describe(m); err != nil {
		return nil, fmt.Errorf("the flags that describe the feed: %w", err)
	}
	r.rest = &rest{r: r, left: int64(p.MaxReport), report: m, bare: true}
	m.SetBody(r.rest)
	r.line++
	if m.Place().File == "" {
		m.SetPlace(event.Place{File: first(r.file, name, "stdin")})
	}
	return m, nil
}

// long deals with a line above the record limit: a parser gets a report whose
// content is in a file, anything else goes into the dump.
func (r *reader) long() (*event.Message, error) {
	r.line++
	if p := r.node.flags.parserFlags; p != nil {
		m := event.New(event.Report, r.node.env.Dictionary)
		if n := m.DecodeHead(r.buf[r.start:r.end]); n > 0 {
			m.SetPlace(r.place())
			return r.hold(m, n)
		}
	}
	r.rest = &rest{r: r, left: 1 << 62, seen: record{err: errPassed}}
	line := func(w io.Writer) error { _, err := io.Copy(w, r.rest); return err }
	r.node.counts.read++
	err := r.node.failLarge(line, r.place(), fmt.Errorf("longer than %d bytes, see --record-limit", r.limit))
	return nil, err
}

// rest reads what is left of a line, or of the whole input.
type rest struct {
	r      *reader
	left   int64 // how much is accepted
	bare   bool  // all of the input
	done   bool
	report *event.Message // that it is the content of, or nil
	seen   record         // what was read
}

func (s *rest) Read(p []byte) (int, error) {
	n, err := s.read(p)
	s.seen.add(p[:n])
	return n, err
}

func (s *rest) read(p []byte) (int, error) {
	r := s.r
	for r.start == r.end && !s.done {
		if r.eof {
			if r.err != nil {
				return 0, stage.Fatal(r.err)
			}
			if r.node.env.Controlled {
				return 0, stage.Fatal(errTorn)
			}
			s.done = true
			break
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	if s.done {
		return 0, io.EOF
	}
	text := r.buf[r.start:min(r.end, r.start+len(p)+1)]
	if !s.bare {
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text = text[:i]
			if i == 0 || i <= len(p) {
				n := copy(p, text)
				r.start += n + 1
				s.done = true
				return n, nil
			}
		}
	}
	n := copy(p, text)
	r.start += n
	if s.left -= int64(n); s.left < 0 {
		return 0, errReportTooLarge
	}
	return n, nil
}

var errReportTooLarge = errors.New("the report is larger than --max-report")

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
