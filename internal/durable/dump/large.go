package dump

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
)

// inline is how long a line may be to stand in an entry that Large adds.
const inline = 64 << 10

// Large adds a message that write writes as one line, without a newline, unless
// the dump has it already. If it is longer than 64 KiB it gets a file of its own.
// It is written to its end in any case; what there is no room for is cut off or,
// if all of it is asked for, a *FullError.
func (d *Writer) Large(write func(io.Writer) error, place event.Place, reason error, all bool) error {
	if err := d.Flush(); err != nil {
		return err
	}
	k := &kept{dump: d}
	e := d.entry(place, reason)
	err := write(k)
	if err == nil {
		err = d.takeLarge(&e, k, all)
	}
	if k.file != nil {
		k.file.Close()
		d.used = usage{}
		if err != nil || e.Kept == "" {
			os.Remove(k.file.Name()) // no entry names it
		}
	}
	return err
}

func (d *Writer) takeLarge(e *Entry, k *kept, all bool) error {
	if d.controlled() {
		if e.ID = d.identify(k.content(), e.Again); d.has(e.ID) {
			return nil
		}
	}
	switch {
	case k.cut && all:
		return &FullError{d.path, d.source, d.room}
	case k.file == nil && all:
		if err := d.Full(); err != nil {
			return err
		}
	}
	if k.file == nil {
		e.SetText(k.text)
		return d.write(*e)
	}
	e.Kept, e.Cut = filepath.Base(k.file.Name()), k.cut
	var err error
	if e.Bytes, err = k.file.Size(); err != nil {
		return err
	}
	if err := cmp.Or(k.file.Sync(), disk.SyncDir(filepath.Dir(d.path))); err != nil {
		return err
	}
	return d.write(*e)
}

// kept is where a large line goes: to a file beside the dump, once it has turned
// out to be larger than an entry should be.
type kept struct {
	dump *Writer
	text []byte // while there is no file
	file *disk.File
	room int64     // for the file, or more
	seen bool      // it is what there is
	cut  bool      // there was none for all of it
	hash hash.Hash // of all that goes to the file, but for time.observation
}

func (k *kept) Write(p []byte) (int, error) {
	switch {
	case k.file != nil:
		k.hash.Write(p)
		return len(p), k.store(p)
	case len(k.text)+len(p) <= inline:
		k.text = append(k.text, p...)
		return len(p), nil
	}
	if err := k.dump.look(k.dump.room); err != nil {
		return 0, err
	}
	k.room = k.dump.left()
	var err error
	if k.file, err = k.dump.createBeside(); err != nil {
		return 0, err
	}
	text := append(k.text, p...)
	k.text = nil
	k.hashHead(text)
	return len(p), k.store(text)
}

// hashHead begins the hash. In a report that is longer than the inline part
// time.observation stands before the content.
func (k *kept) hashHead(text []byte) {
	k.hash = sha256.New()
	head := event.New(event.Report, nil)
	at := head.DecodeHead(text[:inline])
	if at > 0 {
		head.Remove(observation)
		k.hash.Write(head.Append(nil))
	}
	k.hash.Write(text[at:])
}

func (k *kept) content() content {
	if k.file == nil {
		return contentOf(k.text)
	}
	return content(k.hash.Sum(nil))
}

// store writes as much as there is room for. What others have in the dump is
// told from what this source has only where it matters.
func (k *kept) store(p []byte) error {
	if k.cut {
		return nil
	}
	if k.room < int64(len(p)) && !k.seen {
		k.dump.used = usage{}
		if err := k.dump.look(0); err != nil {
			return err
		}
		k.room, k.seen = k.dump.left(), true // the file itself is among what is used
	}
	fits := min(int64(len(p)), k.room)
	k.room -= fits
	k.cut = fits < int64(len(p))
	_, err := k.file.Write(p[:fits])
	return err
}

// createBeside creates a file for one large line.
func (d *Writer) createBeside() (*disk.File, error) {
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
