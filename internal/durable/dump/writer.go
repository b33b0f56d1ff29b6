package dump

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// A Writer adds the messages of one command that failed to its dump. The file
// is opened, and its directory made, when the first one does. Several
// processes may write to one dump.
//
// In a stream with control lines the writer has to be told of them. Then it
// knows which messages a run before has put into the dump already, and does not
// write them again.
type Writer struct {
	path    string
	command string
	room    int64 // of each source
	now     func() time.Time
	file    *disk.File
	dirty   bool    // written since the last sync
	direct  int     // entries that were written one by one since the last Flush
	pending []Entry // not written yet
	bytes   int     // of their messages
	used    usage

	source      string // whose stream it is; none in a bare pipe
	own         []byte // what lines of the source have in common
	nonce       string // of this attempt of the source
	window      uint64 // the number of the messages that come now
	occurrences map[equal]int
	known       map[ID]uint64 // entries of open windows that were in the dump before, and their windows
}

// NewWriter makes a writer for the dump at path. It is full for a source when
// that has room bytes in it, with the files beside it that have what is too
// large for an entry. All bare pipes together are one source. now is asked when
// a message has failed.
func NewWriter(path, command string, room int64, now func() time.Time) *Writer {
	return &Writer{path: path, command: command, room: room, now: now}
}

// Checkpointed says that the Checkpoint at has come, and that all before it is
// synced: messages that fail from now on are of the next window.
func (d *Writer) Checkpointed(at checkpoint.ID) {
	if at.Source != d.source {
		return // the stream was not opened by a Commit
	}
	d.window = at.Number + 1
	clear(d.occurrences)
}

// Committed says that a Commit has come. The first one of an attempt opens the
// stream: what the dump has of later windows will come once more.
func (d *Writer) Committed(at checkpoint.ID) error {
	if at.Source == d.source && at.Nonce == d.nonce {
		maps.DeleteFunc(d.known, func(_ ID, window uint64) bool { return window <= at.Number })
		return nil
	}
	if err := d.Flush(); err != nil {
		return err
	}
	name, err := json.Marshal(at.Source)
	if err != nil {
		return err
	}
	d.source, d.nonce, d.window = at.Source, at.Nonce, at.Number+1
	d.own = append([]byte(sourceKey), name...)
	d.used = usage{}
	d.occurrences, d.known = map[equal]int{}, map[ID]uint64{}
	return d.learn(at.Number)
}

// controlled says that the stream has control lines, so that its source sends
// again what has no room.
func (d *Writer) controlled() bool { return d.source != "" }

// forever is the window of entries that no Commit makes this writer forget.
const forever = 1<<64 - 1

// learn finds the entries of the source that may come again. Those of a replay
// can do so in any window.
func (d *Writer) learn(acknowledged uint64) error {
	err := d.each(func(line []byte) error {
		if !d.owns(line) {
			return nil
		}
		entries, err := parse(line)
		for _, e := range entries {
			switch {
			case e.Again != 0:
				d.known[e.ID] = forever
			case e.Window > acknowledged:
				d.known[e.ID] = e.Window
			}
		}
		return otherFormat(entries, err)
	})
	if err == nil && len(d.known) > 0 { // whoever wrote them may not have lived to sync them
		err = d.open()
		d.dirty = err == nil
	}
	return err
}

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
