package dump

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
)

// A FullError says that a dump takes no more of a source.
type FullError struct {
	Path   string
	Source string
	Room   int64
}

func (e *FullError) Error() string {
	source := e.Source
	if source == "" {
		source = "bare pipes"
	}
	return fmt.Sprintf("the dump %s has %d bytes or more (--dump-bytes) of %s: make room with dump replay or dump delete", e.Path, e.Room, source)
}

// Full returns a *FullError if there is no room left. A writer that cannot be
// given its message again asks before it takes the next one: the last entry
// may go beyond the room.
func (d *Writer) Full() error {
	if err := d.look(d.room); err != nil {
		return err
	}
	// What is pending takes less, where it becomes a burst.
	if d.used.bytes+int64(d.bytes+len(d.pending)*mostOverhead) >= d.room {
		if err := d.flush(); err != nil {
			return err
		}
		if err := d.look(d.room); err != nil {
			return err
		}
	}
	if d.used.bytes >= d.room && d.replaced() {
		d.used = usage{}
		if err := d.look(d.room); err != nil {
			return err
		}
	}
	if d.used.bytes >= d.room {
		return &FullError{d.path, d.source, d.room}
	}
	return nil
}

// mostOverhead is what an entry has besides its message, if names and reasons
// are of a usual length.
const mostOverhead = 500

// Add adds a message, unless the dump has it already. The first entries are in
// the file at once, so that a disk that takes none is known before anything else
// is done; when there are many in a row, the others are there after the next
// Flush. They are durable after the next Sync. In a stream with control lines
// there has to be room, or it returns a *FullError.
func (d *Writer) Add(message []byte, place event.Place, reason error) error {
	e := d.entry(place, reason)
	if d.controlled() {
		if e.ID = d.identify(contentOf(message), e.Again); d.has(e.ID) {
			return nil
		}
		if err := d.Full(); err != nil {
			return err
		}
	}
	e.SetText(message)
	if n := len(d.pending); n > 0 && place.Again == nil && second(e.Time) == second(d.pending[n-1].Time) {
		e.Time = d.pending[n-1].Time // so that a burst has one
	}
	if d.direct < fewEntries {
		d.direct++
		return d.write(e)
	}
	d.pending = append(d.pending, e)
	if d.bytes += len(message) + len(e.Reason); d.bytes < burstBytes {
		return nil
	}
	return d.flush()
}

// second is a time without what is behind the second.
func second(time string) string { return time[:min(len(time), len("2006-01-02T15:04:05"))] }

// has says that the dump had an entry before this attempt of the source.
func (d *Writer) has(id ID) bool {
	_, ok := d.known[id]
	return ok
}

func (d *Writer) entry(place event.Place, reason error) Entry {
	e := Entry{
		ID: RandomID(), Time: d.now().UTC().Format(timeLayout), Command: d.command, Reason: reason.Error(),
		File: place.File, Line: place.Line, Column: place.Column, Source: d.source, Window: d.window,
	}
	if place.Again != nil {
		e.Time, e.Again = place.Again.Time, ID(place.Again.Entry)
	}
	return e
}

// Flush writes what was added.
func (d *Writer) Flush() error {
	if d == nil {
		return nil
	}
	d.direct = 0
	return d.flush()
}

func (d *Writer) flush() error {
	if len(d.pending) == 0 {
		return nil
	}
	entries := d.pending
	d.pending, d.bytes = d.pending[:0], 0
	return d.write(entries...)
}

// write appends entries. The file may have been replaced meanwhile by somebody
// who deleted entries from it.
func (d *Writer) write(entries ...Entry) error {
	lines, err := AppendAll(nil, entries)
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	for {
		if err := d.open(); err != nil {
			return err
		}
		if err := d.file.Lock(); err != nil {
			return err
		}
		if same(d.file, d.path) {
			break
		}
		d.file.Close() // releases the lock too
		d.file, d.used = nil, usage{}
		d.dirty = false // who has made the other file has synced it
	}
	defer d.file.Unlock()
	if err := d.file.CutTorn(); err != nil { // of somebody whose disk was full
		return err
	}
	size, err := d.file.Size()
	if err != nil {
		return err
	}
	if _, err := d.file.Write(lines); err != nil {
		d.file.Truncate(size) // no torn entry
		return err
	}
	d.dirty = true
	d.used.wrote(size, int64(len(lines)))
	return nil
}

func (d *Writer) open() error {
	if d.file != nil {
		return nil
	}
	if err := disk.MkdirAll(filepath.Dir(d.path), 0o700); err != nil {
		return fmt.Errorf("the dump: %w", err)
	}
	f, err := disk.OpenAppend(d.path, 0o600)
	if err != nil {
		return fmt.Errorf("the dump: %w", err)
	}
	if err := checkFormat(f); err != nil {
		f.Close()
		return fmt.Errorf("the dump %s: %w", d.path, err)
	}
	d.file = f
	return nil
}

// checkFormat looks at the first line of a dump that others may have written.
func checkFormat(f *disk.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	line, err := bufio.NewReader(io.NewSectionReader(f, 0, info.Size())).ReadBytes('\n')
	if errors.Is(err, io.EOF) { // it is empty, or torn
		return nil
	} else if err != nil {
		return err
	}
	return otherFormat(parse(line))
}

// otherFormat is the error of a line that another version has written. One that
// is damaged in another way stops nobody from adding more.
func otherFormat(_ []Entry, err error) error {
	if errors.Is(err, errFormat) {
		return err
	}
	return nil
}

// same reports whether f is still the file that path names.
func same(f *disk.File, path string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// Sync makes durable what was added.
func (d *Writer) Sync() error {
	if err := d.Flush(); err != nil || !d.dirty {
		return err
	}
	d.dirty = false
	return d.file.Sync()
}

// Close writes what is left and gives the file back.
func (d *Writer) Close() error {
	err := d.Flush()
	if d == nil || d.file == nil {
		return err
	}
	return errors.Join(err, d.file.Close())
}

// identify returns the id of a message of a source that has failed. If it is sent
// again, after a crash, it has the same one. A message that a replay sends is known by
// the entry that it comes from, so that it does not matter in which window it is.
func (d *Writer) identify(c content, again ID) ID {
	same := equal{c, again}
	d.occurrences[same]++
	h := sha256.New()
	if again != 0 {
		fmt.Fprintf(h, "%s\x00again\x00%v\x00", d.command, again)
	} else {
		fmt.Fprintf(h, "%s\x00%s\x00%d\x00", d.command, d.source, d.window)
	}
	fmt.Fprintf(h, "%x\x00%d", c, d.occurrences[same])
	return NewID(binary.BigEndian.Uint64(h.Sum(nil)))
}
