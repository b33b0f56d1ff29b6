package dump

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// A Trail is the file by which a replay and the commands of its pipeline know
// of each other, one object a line. The replay writes what it sends, and a
// command for which a message fails again finds there what its entry said, and
// writes that it has failed. It lives as long as the replay.
type Trail struct {
	file *os.File
	at   int64 // up to where it was read
	// Of messages that were sent: where their lines begin, by their Sum, and
	// for each of them the next one that has the same.
	first map[uint64]int
	last  map[uint64]int
	lines []sentLine
}

type sentLine struct {
	offset int64
	next   int // 0: none
}

type trailLine struct {
	Sum    uint64 `json:"sum,omitempty"`
	Entry  ID     `json:"entry,omitempty"`
	Time   string `json:"time,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int64  `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Failed bool   `json:"failed,omitempty"`
}

// CreateTrail makes an empty trail. Processes that a replay before has left have
// another file.
func CreateTrail(path string) (*Trail, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &Trail{file: f}, nil
}

// Clear makes the trail empty for a new pipeline, to which all that is not
// acknowledged is sent again.
func (t *Trail) Clear() error { return t.file.Truncate(0) }

// OpenTrail opens that of the replay that has started this pipeline.
func OpenTrail(path string) (*Trail, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	return &Trail{file: f, first: map[uint64]int{}, last: map[uint64]int{}, lines: make([]sentLine, 1)}, nil
}

// Close closes the file.
func (t *Trail) Close() error { return t.file.Close() }

// Sum tells messages apart that are sent again: by their raw, which lasts while
// a pipeline changes other fields, or else by all of them. Of a report that is
// a stream the content counts only where sum has read it.
func Sum(m *event.Message) uint64 {
	if raw := m.Get("raw"); raw != "" {
		return number(sha256.Sum256([]byte(raw)))
	}
	return number(sha256.Sum256(m.Append(nil)))
}

// SumBody reads the body of a report to its end, and returns what Sum says when
// it is a field.
func SumBody(m *event.Message) (uint64, error) {
	hash := sha256.New()
	w := base64.NewEncoder(base64.StdEncoding, hash)
	if _, err := io.Copy(w, m.Body()); err != nil {
		return 0, err
	}
	w.Close()
	return number([sha256.Size]byte(hash.Sum(nil))), nil
}

func number(sum [sha256.Size]byte) uint64 { return binary.BigEndian.Uint64(sum[:]) | 1 }

// Sent writes that a message is sent again.
func (t *Trail) Sent(sum uint64, a *event.Again) error {
	return t.write(&trailLine{Sum: sum, Entry: ID(a.Entry), Time: a.Time, File: a.File, Line: a.Line, Column: a.Column})
}

// Failed writes that a message has failed again, of which nothing but its sum
// may be known.
func (t *Trail) Failed(a *event.Again, sum uint64) error {
	l := &trailLine{Failed: true, Sum: sum}
	if a != nil {
		l.Entry, l.Sum = ID(a.Entry), 0
	}
	return t.write(l)
}

func (t *Trail) write(l *trailLine) error {
	line, err := appendLine(nil, l)
	if err == nil {
		_, err = t.file.Write(line)
	}
	return err
}

// Find returns what is known of a message that was sent. Messages that are the
// same are taken in the order in which they were sent.
func (t *Trail) Find(sum uint64) (*event.Again, error) {
	if t.first[sum] == 0 {
		if err := t.read(); err != nil {
			return nil, err
		}
	}
	n := t.first[sum]
	if n == 0 {
		return nil, nil
	}
	if next := t.lines[n].next; next != 0 {
		t.first[sum] = next
	}
	line, err := bufio.NewReader(io.NewSectionReader(t.file, t.lines[n].offset, 1<<20)).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var l trailLine
	if err := json.Unmarshal(line, &l); err != nil {
		return nil, err
	}
	return &event.Again{Entry: uint64(l.Entry), Time: l.Time, File: l.File, Line: l.Line, Column: l.Column}, nil
}

// read takes what was written since it was called before.
func (t *Trail) read() error {
	return t.each(&t.at, func(l *trailLine, offset int64) {
		if l.Failed {
			return
		}
		t.lines = append(t.lines, sentLine{offset: offset})
		n := len(t.lines) - 1
		if before := t.last[l.Sum]; before != 0 {
			t.lines[before].next = n
		} else {
			t.first[l.Sum] = n
		}
		t.last[l.Sum] = n
	})
}

// Failures adds which entries have failed again, and the sums of messages of
// which it is not known from which entry they have come.
func (t *Trail) Failures(entries map[ID]bool, others map[uint64]bool) error {
	at := int64(0)
	return t.each(&at, func(l *trailLine, _ int64) {
		switch {
		case !l.Failed:
		case l.Entry != 0:
			entries[l.Entry] = true
		default:
			others[l.Sum] = true
		}
	})
}

// each calls do with each line behind at, which it moves on.
func (t *Trail) each(at *int64, do func(l *trailLine, offset int64)) error {
	in := bufio.NewReaderSize(io.NewSectionReader(t.file, *at, 1<<62), 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // a line without an end is being written
		} else if err != nil {
			return err
		}
		var l trailLine
		if err := json.Unmarshal(bytes.TrimSpace(line), &l); err != nil {
			return err
		}
		do(&l, *at)
		*at += int64(len(line))
	}
}
