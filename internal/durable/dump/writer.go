package dump

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
)

// A Writer adds the messages of one command that failed to its dump. The file
// is opened, and its directory made, when the first one does. Several
// processes may write to one dump.
type Writer struct {
	path    string
	command string
	room    int64
	now     func() time.Time
	file    *disk.File
	dirty   bool    // written since the last sync
	direct  int     // entries that were written one by one since the last Flush
	pending []Entry // not written yet
	bytes   int     // of their messages
	known   bool    // total is known
	total   int64   // how much there is, as far as this writer knows
	large   int64   // of that in files beside the dump
}

// NewWriter makes a writer for the dump at path, which is full when it has room
// bytes, with the files beside it that have what is too large for an entry. now
// is asked when a message has failed.
func NewWriter(path, command string, room int64, now func() time.Time) *Writer {
	return &Writer{path: path, command: command, room: room, now: now}
}

// A FullError says that a dump takes no more.
type FullError struct {
	Path string
	Room int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the dump %s has %d bytes or more (--dump-bytes): make room with dump replay or dump delete", e.Path, e.Room)
}

// Full returns a *FullError if there is no room left. A writer that cannot be
// given its message again asks before it takes the next one: the last entry
// may go beyond the room.
func (d *Writer) Full() error {
	if !d.known {
		info, err := os.Stat(d.path)
		if err == nil && info.Mode().IsRegular() {
			d.large, err = d.used()
			d.total = d.large + info.Size()
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the dump: %w", err)
		}
		d.known = true
	}
	// What is pending takes less, where it becomes a burst.
	if d.total+int64(d.bytes+len(d.pending)*mostOverhead) >= d.room {
		if err := d.flush(); err != nil {
			return err
		}
	}
	if d.total >= d.room {
		return &FullError{d.path, d.room}
	}
	return nil
}

// mostOverhead is what an entry has besides its message, if names and reasons
// are of a usual length.
const mostOverhead = 500

// Add adds a message. The first entries are in the file at once, so that a disk
// that takes none is known before anything else is done; when there are many in
// a row, the others are there after the next Flush. They are durable after the
// next Sync.
func (d *Writer) Add(message []byte, place event.Place, reason error) error {
	e := d.entry(place, reason)
	e.SetText(message)
	if n := len(d.pending); n > 0 && place.Again == nil && e.Time[:secondsLen] == d.pending[n-1].Time[:secondsLen] {
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

// secondsLen is how much of a time tells the second.
const secondsLen = len("2006-01-02T15:04:05")

func (d *Writer) entry(place event.Place, reason error) Entry {
	e := Entry{
		Time: d.now().UTC().Format(timeLayout), Command: d.command, Reason: reason.Error(),
		File: place.File, Line: place.Line, Column: place.Column,
	}
	if place.Again != nil {
		e.Time = place.Again.Time
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
		d.file = nil
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
	d.total = d.large + size + int64(len(lines))
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
	d.file = f
	return nil
}

// same reports whether f is still the file that path names.
func same(f *disk.File, path string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// inline is how long a line may be to stand in an entry that Large adds.
const inline = 64 << 10

// Large adds a message that write writes as one line, without a newline. If it
// is longer than 64 KiB it gets a file of its own. It is written to its end in
// any case; what there is no room for is cut off or, if all of it is asked for,
// a *FullError.
func (d *Writer) Large(write func(io.Writer) error, place event.Place, reason error, all bool) error {
	if err := d.Flush(); err != nil {
		return err
	}
	if err := d.Full(); err != nil && (all || !errors.As(err, new(*FullError))) {
		return err
	}
	k := &kept{dump: d, room: max(d.room-d.total, 0)}
	e := d.entry(place, reason)
	err := write(k)
	switch {
	case err == nil && k.cut && all:
		err = &FullError{d.path, d.room}
	case err == nil && k.file == nil:
		e.SetText(k.text)
	case err == nil:
		e.Kept, e.Cut = filepath.Base(k.file.Name()), k.cut
		e.Bytes, err = k.file.Size()
		err = cmp.Or(err, k.file.Sync(), disk.SyncDir(filepath.Dir(d.path)))
	}
	d.large += e.Bytes
	if err == nil {
		err = d.write(e)
	}
	if k.file != nil {
		k.file.Close()
		if err != nil {
			os.Remove(k.file.Name()) // no entry names it
			d.large -= e.Bytes
		}
	}
	return err
}

// kept is where a large line goes: to a file beside the dump, once it has turned
// out to be larger than an entry should be.
type kept struct {
	dump *Writer
	text []byte
	file *disk.File
	room int64 // for the file
	cut  bool
}

func (k *kept) Write(p []byte) (int, error) {
	if k.file == nil && len(k.text)+len(p) <= inline {
		k.text = append(k.text, p...)
		return len(p), nil
	}
	if k.file == nil {
		var err error
		if k.file, err = k.dump.beside(); err != nil {
			return 0, err
		}
		text := k.text
		k.text = nil
		if _, err := k.Write(text); err != nil {
			return 0, err
		}
	}
	fits := min(int64(len(p)), k.room)
	k.room -= fits
	k.cut = k.cut || fits < int64(len(p))
	_, err := k.file.Write(p[:fits])
	return len(p), err
}

// beside creates a file for one large line.
func (d *Writer) beside() (*disk.File, error) {
	if err := d.open(); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		f, err := disk.Create(d.path+"."+strconv.Itoa(n), 0o600)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}

// Scratch creates a file without a name for what may have to go into the dump.
func (d *Writer) Scratch() (*os.File, error) {
	dir := filepath.Dir(d.path)
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, ".report-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// used is how much the files beside the dump hold.
func (d *Writer) used() (int64, error) {
	names, err := os.ReadDir(filepath.Dir(d.path))
	if err != nil {
		return 0, err
	}
	var sum int64
	prefix := filepath.Base(d.path) + "."
	for _, name := range names {
		number, ok := strings.CutPrefix(name.Name(), prefix)
		if _, err := strconv.Atoi(number); !ok || err != nil {
			continue
		}
		if info, err := name.Info(); err == nil {
			sum += info.Size()
		}
	}
	return sum, nil
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
