package tool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	dumpfile "github.com/intelpipe/intelpipe/internal/dump"
	"github.com/intelpipe/intelpipe/internal/event"
)

// dump keeps the messages of one stage that failed. The file is opened, and
// its directory made, when the first one does.
type dump struct {
	path    string
	command string
	room    int64 // for large lines
	file    *os.File
	dirty   bool // written since the last sync
}

func newDump(path, command string, room int64) *dump {
	return &dump{path: path, command: command, room: room}
}

// add writes an entry for a message: the line of input it was parsed from,
// else the message as it was received.
func (d *dump) add(m *event.Message, place event.Place, reason error) error {
	e := d.entry(place, reason)
	e.SetText(text4dump(m))
	return d.write(&e)
}

func (d *dump) entry(place event.Place, reason error) dumpfile.Entry {
	return dumpfile.Entry{
		Time: dumpfile.Now(), Command: d.command, Reason: reason.Error(),
		File: place.File, Line: place.Line, Column: place.Column,
	}
}

// text4dump is a report of the one piece of input, for an event that a parser
// made, so that it can be parsed again.
func text4dump(m *event.Message) []byte {
	raw, report := m.Origin()
	if report == nil {
		if m.Len() == 0 {
			return m.Line() // it could not be decoded
		}
		return m.Append(nil)
	}
	line := event.New(event.Report, m.Dictionary)
	for key, text := range report.All() {
		if key != "raw" {
			line.SetText(key, text)
		}
	}
	line.SetRaw(raw)
	line.Finish()
	return line.Append(nil)
}

// write appends one entry. The file may have been replaced meanwhile by
// somebody who deleted entries from it.
func (d *dump) write(e *dumpfile.Entry) error {
	line, err := e.Append(nil)
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	for {
		if err := d.open(); err != nil {
			return err
		}
		if err := unix.Flock(int(d.file.Fd()), unix.LOCK_EX); err != nil {
			return fmt.Errorf("%s: lock: %w", d.path, err)
		}
		if same(d.file, d.path) {
			break
		}
		d.file.Close() // releases the lock too
		d.file = nil
	}
	defer unix.Flock(int(d.file.Fd()), unix.LOCK_UN)
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	if _, err := d.file.Write(line); err != nil {
		d.file.Truncate(info.Size()) // no torn entry
		return err
	}
	d.dirty = true
	return nil
}

func (d *dump) open() error {
	if d.file != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(d.path), 0o700); err != nil {
		return fmt.Errorf("the dump: %w", err)
	}
	f, err := os.OpenFile(d.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the dump: %w", err)
	}
	d.file = f
	return nil
}

// same reports whether f is still the file that path names.
func same(f *os.File, path string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// large keeps a line that is too large for an entry in a file of its own, as
// far as there is room, and reads it to its end in any case.
func (d *dump) large(line io.Reader, place event.Place, reason error) error {
	if err := d.open(); err != nil {
		return err
	}
	e := d.entry(place, reason)
	f, err := d.keep()
	if err != nil {
		return err
	}
	defer f.Close()
	used, err := d.used()
	if err != nil {
		return err
	}
	e.Kept = filepath.Base(f.Name())
	if e.Bytes, err = io.Copy(f, io.LimitReader(line, max(d.room-used, 0))); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	lost, err := io.Copy(io.Discard, line)
	if err != nil {
		return err
	}
	e.Cut = lost > 0
	if err := f.Sync(); err != nil {
		return err
	}
	return d.write(&e)
}

// keep creates the file for one large line.
func (d *dump) keep() (*os.File, error) {
	for n := 1; ; n++ {
		f, err := os.OpenFile(d.path+"."+strconv.Itoa(n), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}

// used is how much the files beside the dump hold.
func (d *dump) used() (int64, error) {
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

func (d *dump) sync() error {
	if !d.dirty {
		return nil
	}
	d.dirty = false
	return d.file.Sync()
}

func (d *dump) close() error {
	if d == nil || d.file == nil {
		return nil
	}
	return d.file.Close()
}

// failLarge puts a line into the dump that is longer than a record may be.
func (n *node) failLarge(line io.Reader, place event.Place, reason error) error {
	n.run.failed.Add(1)
	n.run.report(n.spec.Name, fmt.Errorf("%s: %w", place, reason))
	return n.dump.large(line, place, reason)
}
