// Package stream is the two ends of a process: a Reader makes messages of lines,
// of reports larger than memory, and of the bare content of a report; a Writer
// makes lines of messages.
package stream

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/event/rawtext"
)

// Options say what is read.
type Options struct {
	File       string // its name, or "" for stdin
	Limit      int64  // the longest line of a message, in bytes
	Dictionary *harmonization.Dictionary
	Parser     *Parser // if reports are read by a parser, which takes them as streams
}

// Parser is how a parser takes its reports.
type Parser struct {
	Input     string // auto, report or raw
	FileName  string // that bare input had as a file
	MaxReport int64  // in bytes
}

// Reader turns input into messages.
type Reader struct {
	*buffer
	Options
	name    string // of the input
	number  int64  // of the line that begins at start, from 1
	message event.Message
	begun   bool // whether anything was read
	rest    *rest
	held    *Held // the report at work, if it is not in memory
}

// NewReader reads from src.
func NewReader(src io.Reader, host Host, o Options) *Reader {
	r := &Reader{buffer: newBuffer(src, host, int(o.Limit)), Options: o, name: cmp.Or(o.File, "stdin"), number: 1}
	r.message.Dictionary = o.Dictionary
	return r
}

// Place is the line that was read last.
func (r *Reader) Place() event.Place { return event.Place{File: r.name, Line: r.number - 1} }

// Close lets go of what is held of the last message.
func (r *Reader) Close() {
	r.held.Close()
	r.held = nil
}

// Next returns the next message, which is valid until the next call. It returns
// nil for a line that went into the dump.
func (r *Reader) Next() (*event.Message, error) {
	r.Close()
	if r.rest != nil { // bare input: skip what its parser left unread
		r.rest.seen = record{gone: true}
		if _, err := io.Copy(io.Discard, r.rest); err != nil {
			return nil, err
		}
		r.rest = nil
	}
	if !r.begun {
		r.begun = true
		if bare, err := r.bare(); err != nil {
			return nil, err
		} else if bare {
			return r.bareReport()
		}
		if err := r.skipMark(); err != nil {
			return nil, err
		}
	}
	line, err := r.line()
	switch {
	case err == errTooLong:
		return r.long()
	case err != nil:
		return nil, err
	}
	r.number++
	return r.decode(line)
}

func (r *Reader) bare() (bool, error) {
	if r.Parser == nil || r.Parser.Input == "report" {
		return false, nil
	}
	if r.Parser.Input == "raw" {
		return true, nil
	}
	return r.isBare(r.Dictionary)
}

// decode makes a message of a line.
func (r *Reader) decode(line []byte) (*event.Message, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, nil
	}
	m := &r.message
	m.Dictionary = r.Dictionary
	err := m.Decode(line)
	if err != nil || r.Parser == nil { // a report may say itself where it is from
		m.SetPlace(r.Place())
	}
	if err != nil {
		if r.torn() {
			return nil, errTorn
		}
		var syntax *event.SyntaxError
		if errors.As(err, &syntax) {
			place := r.Place()
			place.Column = syntax.Offset + 1
			m.SetPlace(place)
		}
		return nil, r.host.Fail(m, err)
	}
	if r.Parser != nil && m.Kind <= event.Report {
		m.Kind = event.Report
		if err := m.CheckRaw(); err != nil {
			m.SetPlace(r.Place())
			return nil, r.host.Fail(m, err)
		}
	}
	return m, nil
}

// bareReport makes one report of all of the input.
func (r *Reader) bareReport() (*event.Message, error) {
	m := event.New(event.Report, r.Dictionary)
	name := r.Parser.FileName
	if name == "" && r.File != "" {
		name = filepath.Base(r.File)
	} else if f, ok := r.src.(*os.File); name == "" && ok {
		// A file that was redirected to stdin still has its name.
		if path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd())); err == nil && filepath.IsAbs(path) {
			if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
				name = filepath.Base(path)
			}
		}
	}
	m.SetIf("extra.file_name", name)
	if err := r.host.Describe(m); err != nil {
		return nil, fmt.Errorf("the flags that describe the feed: %w", err)
	}
	r.rest = &rest{buffer: r.buffer, left: r.Parser.MaxReport, report: m, bare: true}
	m.SetBody(r.rest)
	r.number++
	if m.Place().File == "" {
		m.SetPlace(event.Place{File: cmp.Or(r.File, name, "stdin")})
	}
	return m, nil
}

// long deals with a line above the record limit: a parser gets a report whose
// content is in a file, anything else goes into the dump.
func (r *Reader) long() (*event.Message, error) {
	r.number++
	if r.Parser != nil {
		m := event.New(event.Report, r.Dictionary)
		if n := m.DecodeHead(r.text()); n > 0 {
			m.SetPlace(r.Place())
			return r.hold(m, n)
		}
	}
	return nil, r.host.FailLarge(r.copyRest, r.Place(), fmt.Errorf("longer than %d bytes, see --record-limit", r.limit))
}

// copyRest copies what is left of the line.
func (r *Reader) copyRest(w io.Writer) error {
	r.rest = &rest{buffer: r.buffer, left: 1 << 62, seen: record{gone: true}}
	_, err := io.Copy(w, r.rest)
	return err
}

// hold reads a report above the record limit to the end of its line. Its raw
// begins behind the given number of bytes.
func (r *Reader) hold(m *event.Message, head int) (*event.Message, error) {
	h := &Held{scratch: r.host.Scratch, report: m, line: true}
	r.held = h
	scan := &rawtext.Scan{}
	left := r.Parser.MaxReport/3*4 + 4 + int64(head)
	reason := error(nil)
	skip := head
	for more := true; more; {
		text := r.text()
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text, more = text[:i], false
		}
		if left -= int64(len(text)); left < 0 {
			reason = errReportTooLarge
			break
		}
		if _, err := h.Write(text); err != nil {
			return nil, err
		}
		scan.Add(text[min(skip, len(text)):])
		skip -= min(skip, len(text))
		r.start += len(text)
		if !more {
			r.start++
		} else if r.eof {
			if r.err != nil {
				return nil, r.err
			} else if r.host.Controlled() {
				return nil, errTorn
			}
			more = false
		} else if err := r.fill(); err != nil {
			return nil, err
		}
	}
	if reason == nil {
		reason = scan.Err()
	}
	if reason == nil {
		m.SetBody(&heldBody{rawtext.NewReader(h.from(head)), h})
		return m, nil
	}
	return nil, r.host.FailLarge(func(w io.Writer) error {
		err := h.writeWhole(w)
		if errors.Is(reason, errReportTooLarge) {
			err = errors.Join(err, r.copyRest(w))
		}
		return err
	}, r.Place(), reason)
}
