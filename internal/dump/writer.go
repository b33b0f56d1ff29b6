package dump

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/intelpipe/intelpipe/internal/disk"
	"github.com/intelpipe/intelpipe/internal/event"
)

// A Writer adds the messages of one command that failed to its dump. The file
// is opened, and its directory made, when the first one does. Several
// processes may write to one dump.
type Writer struct {
	path    string
	command string
	room    int64
	file    *disk.File
	dirty   bool // written since the last sync
}

// NewWriter makes a writer for the dump at path. Lines that are too large for an
// entry are kept in files beside it, which have no more than room bytes together.
func NewWriter(path, command string, room int64) *Writer {
	return &Writer{path: path, command: command, room: room}
}

// Add adds a message. The entry is durable after the next Sync.
func (d *Writer) Add(message []byte, place event.Place, reason error) error {
	e := d.entry(place, reason)
	e.SetText(message)
	return d.write(&e)
}

func (d *Writer) entry(place event.Place, reason error) Entry {
	return Entry{
		Time: Now(), Command: d.command, Reason: reason.Error(),
		File: place.File, Line: place.Line, Column: place.Column,
	}
}

// write appends one entry. The file may have been replaced meanwhile by
// somebody who deleted entries from it.
func (d *Writer) write(e *Entry) error {
	line, err := e.Append(nil)
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
	if _, err := d.file.Write(line); err != nil {
		d.file.Truncate(size) // no torn entry
		return err
	}
	d.dirty = true
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
// is longer than 64 KiB it gets a file of its own, as far as there is room. It
// is written to its end in any case.
func (d *Writer) Large(write func(io.Writer) error, place event.Place, reason error) error {
	used, err := d.used()
	if err != nil {
		return err
	}
	k := &kept{dump: d, room: max(d.room-used, 0)}
	e := d.entry(place, reason)
	err = write(k)
	switch {
	case err == nil && k.file == nil:
		e.SetText(k.text)
	case err == nil:
		e.Kept, e.Cut = filepath.Base(k.file.Name()), k.cut
		e.Bytes, err = k.file.Size()
		err = cmp.Or(err, k.file.Sync(), disk.SyncDir(filepath.Dir(d.path)))
	}
	if err == nil {
		err = d.write(&e)
	}
	if k.file != nil {
		k.file.Close()
		if err != nil {
			os.Remove(k.file.Name()) // no entry names it
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
	files, err := filepath.Glob(d.path + ".[0-9]*")
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			sum += info.Size()
		}
	}
	return sum, nil
}

// Sync makes durable what was added.
func (d *Writer) Sync() error {
	if !d.dirty {
		return nil
	}
	d.dirty = false
	return d.file.Sync()
}

// Close gives the file back.
func (d *Writer) Close() error {
	if d == nil || d.file == nil {
		return nil
	}
	return d.file.Close()
}
