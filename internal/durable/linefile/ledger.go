package linefile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/sealed"
	"github.com/intelpipe/intelpipe/internal/json"
)

const (
	Suffix      = ".checkpoints"
	format      = 1
	ledgerLimit = 1 << 20 // it is written anew when it is longer
)

// A ledger knows how long files were at the checkpoints that may still be
// unacknowledged. It is a journal, one record a line, behind its checksum:
//
//	begin       lines are going to be added to these files, which are so long
//	checkpoint  these files were written since the checkpoint before, and are so long
//	commit      everything up to this checkpoint stays
//	end         nothing was added after the last checkpoint
//
// What stands behind a file's last known length was written by a run that
// crashed, if that run did not end in order. No checkpoint covers it, so that
// its source sends it again, and it can be cut off whoever that was.
//
// What a checkpoint covers and no Commit is for its source to settle when that is
// back. It is cut off if it is the end of the file. If others have written behind
// it, it stays, and the same lines are left out when they come again, each as often
// as it is there.
type ledger struct {
	path    string
	f       *disk.File
	lock    *disk.Lock
	size    int64 // of the journal
	files   *files
	warn    func(string, ...any)
	entries map[key]*entry
	there   map[string]*there // by source, once its first Commit has come in this run
	source  string            // whose lines are coming
}

type key struct {
	name  string
	inode uint64
}

// entry is what is known of one file.
type entry struct {
	length int64                    // at its last checkpoint, or when somebody began to write
	spans  checkpoint.Pending[span] // what checkpoints cover and no Commit
	open   bool                     // a run was writing, and has not said that it ended
	begun  bool                     // by this run
}

type record struct {
	Format     int    `json:"format,omitempty"` // of the journal, in its first record
	Begin      []size `json:"begin,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`
	Files      []size `json:"files,omitempty"`
	Commit     string `json:"commit,omitempty"`
	End        bool   `json:"end,omitempty"`
}

// openLedger reads what the runs before have left.
func openLedger(ctx context.Context, path string, files *files, warn func(string, ...any)) (*ledger, error) {
	lock, err := disk.LockPath(ctx, path, files.wait)
	if err != nil {
		return nil, err
	}
	l := &ledger{path: path, lock: lock, files: files, warn: warn, entries: map[key]*entry{}, there: map[string]*there{}}
	if err := l.open(); err != nil {
		l.lock.Unlock()
		return nil, err
	}
	return l, nil
}

func (l *ledger) open() error {
	if err := l.read(); err != nil {
		return err
	}
	if err := disk.RemoveTemps(l.path); err != nil {
		return err
	}
	return l.reopen()
}

func (l *ledger) reopen() error {
	f, err := disk.OpenAppend(l.path, 0o600)
	if err != nil {
		return err
	}
	if l.f != nil {
		l.f.Close()
	}
	l.f = f
	l.size, err = f.Size()
	return err
}

// encode makes a line of a record. A flipped bit in a length or a name must not
// cut off what is acknowledged.
func encode(r *record) ([]byte, error) {
	text, err := json.Marshal(r)
	return sealed.Line(text), err
}

func decode(line []byte) (r record, ok bool) {
	text, ok := sealed.Text(line)
	ok = ok && json.Unmarshal(text, &r) == nil
	return r, ok
}

// read plays the journal, in which each Commit means what it meant then. What is
// left at its end is of runs before. Its last line may be torn.
func (l *ledger) read() error {
	defer func() {
		for _, e := range l.entries {
			e.spans.Discard()
		}
	}()
	text, err := os.ReadFile(l.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for n := 1; ; n++ {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		if !ended {
			return nil
		}
		text = rest
		r, ok := decode(line)
		if !ok {
			return fmt.Errorf("%s:%d: damaged; if the file beside it is as it should be, delete this one", l.path, n)
		}
		if n == 1 && r.Format != format {
			return fmt.Errorf("%s: this is format %d and not %d, of another version; let that one finish, or, if the file beside it is as it should be, delete this one", l.path, r.Format, format)
		}
		if err := l.play(&r); err != nil {
			return fmt.Errorf("%s:%d: %w", l.path, n, err)
		}
	}
}

func (l *ledger) play(r *record) error {
	for _, s := range r.Begin {
		l.entry(s).open = true
	}
	switch {
	case r.Checkpoint != "":
		at, err := checkpoint.Parse(r.Checkpoint)
		if err != nil {
			return err
		}
		l.mark(at, r.Files)
	case r.Commit != "":
		at, err := checkpoint.Parse(r.Commit)
		if err != nil {
			return err
		}
		l.forget(at)
	case r.End:
		for _, e := range l.entries {
			e.open = false
		}
	}
	return nil
}

// entry returns the entry of a file that lines are going to be added to. If its
// length is not the one that is known, others have changed it, and what they
// did stays.
func (l *ledger) entry(s size) *entry {
	k := key{s.Name, s.Inode}
	e := l.entries[k]
	if e == nil {
		e = &entry{length: s.Size}
		l.entries[k] = e
	}
	if s.Size < e.length {
		e.spans.DeleteFunc(func(p *checkpoint.Prepared[span]) bool { return p.Value.to > s.Size })
	}
	e.length = s.Size
	return e
}

func (l *ledger) mark(at checkpoint.ID, sizes []size) {
	for _, s := range sizes {
		k := key{s.Name, s.Inode}
		e := l.entries[k]
		if e == nil {
			e = &entry{length: s.Size}
			l.entries[k] = e
		}
		e.spans.Prepare(at, span{e.length, s.Size})
		e.length = s.Size
	}
}

// sorted are the spans as they lie in the file.
func (e *entry) sorted() (all []checkpoint.Prepared[span]) {
	for _, p := range e.spans.All() {
		all = append(all, *p)
	}
	slices.SortFunc(all, order)
	return all
}

func order(a, b checkpoint.Prepared[span]) int { return cmp.Compare(a.Value.from, b.Value.from) }

// forget drops the spans that stay in their files.
func (l *ledger) forget(at checkpoint.ID) {
	for _, e := range l.entries {
		e.spans.Commit(at)
	}
}

// append writes a record.
func (l *ledger) append(r *record) error {
	if l.size == 0 {
		r.Format = format
	}
	line, err := encode(r)
	if err != nil {
		return err
	}
	n, err := l.f.Write(line)
	l.size += int64(n)
	return err
}

// begin says, durably, that lines will be added to a file.
func (l *ledger) begin(s size) error {
	if e := l.entries[key{s.Name, s.Inode}]; e != nil && e.begun {
		return nil // it was closed meanwhile
	}
	e := l.entry(s)
	e.begun, e.open = true, true
	if err := l.append(&record{Begin: []size{s}}); err != nil {
		return err
	}
	return l.f.Sync()
}

// checkpoint notes, durably, how long files are.
func (l *ledger) checkpoint(text string, sizes []size) error {
	at, err := checkpoint.Parse(text)
	if err != nil {
		return err
	}
	if len(sizes) == 0 {
		return nil
	}
	l.mark(at, sizes)
	if l.size > ledgerLimit {
		return l.compact()
	}
	if err := l.append(&record{Checkpoint: text, Files: sizes}); err != nil {
		return err
	}
	return l.f.Sync()
}

// commit promotes what is acknowledged. It is not synced: if it is lost, the
// first one of the next run says it again.
func (l *ledger) commit(text string) error {
	at, err := checkpoint.Parse(text)
	if err != nil {
		return err
	}
	l.source = at.Source
	if t := l.there[at.Source]; t != nil {
		l.forget(at)
		if at.Number >= t.through {
			t.lines = nil
		}
		return l.append(&record{Commit: text})
	}
	t := &there{}
	l.there[at.Source] = t
	for k, e := range l.entries {
		if err := l.settle(k, e, at, t); err != nil {
			return err
		}
	}
	return l.compact()
}

// settle cuts a file back to what the source knows to be acknowledged. What
// cannot be cut off is noted in t.
func (l *ledger) settle(k key, e *entry, at checkpoint.ID, t *there) error {
	_, again := e.spans.Commit(at)
	slices.SortFunc(again, order)
	torn := e.open && !e.begun
	if len(again) == 0 && !torn {
		return nil
	}
	e.open = e.begun
	f, err := l.find(k)
	if err != nil {
		return err
	}
	if f == nil {
		if len(again) > 0 {
			l.warn("%s: is gone and cannot be cut back to checkpoint %d of %s; a few events may be there twice", l.files.path(k.name), at.Number, at.Source)
		}
		return nil
	}
	defer f.Close()
	end, err := f.Size()
	if err != nil {
		return err
	}
	target := end
	if torn {
		target = min(end, e.length)
	}
	for n := len(again); n > 0 && again[n-1].Value.to >= target && !e.begun; n-- {
		target = min(target, again[n-1].Value.from)
		again = again[:n-1]
	}
	if target < end {
		if err := f.Truncate(target); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		e.length = target
	}
	for _, p := range again {
		if p.Value.to > end {
			continue // somebody has cut it off
		}
		if err := t.read(f, k.name, p); err != nil {
			return err
		}
		e.spans.Prepare(p.ID, p.Value)
	}
	return nil
}

// find opens a file, under a new name if it was moved inside its directory. It
// returns nil if it is gone.
func (l *ledger) find(k key) (*disk.File, error) {
	dir := path.Dir(k.name)
	for _, name := range append([]string{k.name}, l.list(dir)...) {
		info, err := l.files.stat(name)
		if err != nil || inode(info) != k.inode || !info.Mode().IsRegular() {
			continue
		}
		return disk.OpenExisting(l.files.path(name))
	}
	return nil, nil
}

func (l *ledger) list(dir string) []string {
	entries, err := os.ReadDir(l.files.path(dir))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, path.Join(dir, e.Name()))
	}
	return names
}

// compact writes the journal anew with what is still needed.
func (l *ledger) compact() error {
	err := disk.CreateAtomic(l.path, 0o600, func(w io.Writer) error {
		var out []byte
		add := func(r record) {
			line, err := encode(&r)
			if err == nil {
				out = append(out, line...)
			}
		}
		add(record{Format: format})
		for k, e := range l.entries {
			if e.spans.Len() == 0 && (!e.begun || l.files.open[k.name] == nil) {
				delete(l.entries, k)
				continue
			}
			file := func(n int64) []size { return []size{{k.name, k.inode, n}} }
			for _, p := range e.sorted() {
				add(record{Begin: file(p.Value.from)})
				add(record{Checkpoint: p.ID.String(), Files: file(p.Value.to)})
			}
			add(record{Begin: file(e.length)})
		}
		if !slices.ContainsFunc(l.all(), func(e *entry) bool { return e.open }) {
			add(record{End: true})
		}
		_, err := w.Write(out)
		return err
	})
	if err != nil {
		return err
	}
	return l.reopen()
}

func (l *ledger) all() []*entry {
	all := make([]*entry, 0, len(l.entries))
	for _, e := range l.entries {
		all = append(all, e)
	}
	return all
}

// close ends the run; clean says that no file has lines behind the last
// checkpoint. If all is acknowledged there is nothing to remember.
func (l *ledger) close(clean bool) error {
	var err error
	pending := slices.ContainsFunc(l.all(), func(e *entry) bool { return e.spans.Len() > 0 })
	switch {
	case clean && !pending:
		err = disk.Remove(l.path)
	case clean:
		if err = l.append(&record{End: true}); err == nil {
			err = l.f.Sync()
		}
	}
	return errors.Join(err, l.f.Close(), l.lock.Unlock())
}

// forget removes a ledger before lines are added without it, and reports
// whether it knew of something unacknowledged.
func forget(path string) (pending bool, err error) {
	l := &ledger{path: path, entries: map[key]*entry{}}
	if err := l.read(); err != nil {
		return false, err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	for _, e := range l.entries {
		pending = pending || e.open || e.spans.Len() > 0
	}
	return pending, disk.Remove(path)
}
