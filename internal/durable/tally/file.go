package tally

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/format"
	"github.com/intelpipe/intelpipe/internal/durable/sealed"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// file is state in a file, or in memory alone. The file is a journal, a record a line,
// behind its checksum. It is written anew when most of it is of no use any longer.
type file struct {
	path    string // empty in memory
	f       *disk.File
	lock    *disk.Lock
	entries map[Key]Entry
	alive   func(Entry) bool // says whether an entry still counts
	full    int              // how many there may be until those are looked for that do not
	left    checkpoint.Pending[window]
	commits []string // that the journal does not have yet: it gets them with the next record
	size    int64    // of the journal
	compact int64    // the size at which it is written anew
	broken  bool     // a record may be there in part
}

// fileFormat is the number that all formats of the file have as "format".
const fileFormat = 1

// slack is how many bytes a journal may have at least before it is written anew.
const slack = 1 << 20

// Memory returns a tally that ends with the process.
func Memory(env *stage.Env, alive func(Entry) bool) *Tally {
	t, _ := open(env, &file{entries: map[Key]Entry{}, alive: alive}, alive) // in which nothing is found
	t.direct = true
	return t
}

// Open opens the tally in the file at path, or begins it. Entries that are not alive any
// longer are left out of it when it is written anew. One process at a time can have it; a
// second one waits ten seconds and then gets a *disk.LockedError.
func Open(ctx context.Context, path string, env *stage.Env, alive func(Entry) bool) (*Tally, error) {
	return openWait(ctx, path, disk.LockWait, env, alive)
}

func openWait(ctx context.Context, path string, wait time.Duration, env *stage.Env, alive func(Entry) bool) (*Tally, error) {
	lock, err := disk.LockPath(ctx, path, wait)
	if err != nil {
		return nil, err
	}
	s := &file{path: path, lock: lock, entries: map[Key]Entry{}, alive: alive}
	if err := s.open(); err != nil {
		lock.Unlock()
		return nil, err
	}
	return open(env, s, alive)
}

func (s *file) open() error {
	if err := disk.RemoveTemps(s.path); err != nil {
		return err
	}
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s.rewrite(&s.left) // says now rather than later that it cannot be written
	} else if err != nil {
		return err
	}
	good, err := s.read(text)
	if err != nil {
		return err
	}
	s.left.Discard()
	if s.f, err = disk.OpenExisting(s.path); err != nil {
		return err
	}
	s.size = int64(good)
	s.compact = max(2*s.size, slack)
	if good < len(text) {
		return s.f.Truncate(s.size)
	}
	return nil
}

// read plays the journal, and returns how much of it is good. A crash may leave a part of
// the last line, or a gap in it.
func (s *file) read(text []byte) (good int, err error) {
	for good < len(text) {
		line, _, ended := bytes.Cut(text[good:], []byte{'\n'})
		r, ok := decode(line)
		last := !ended || good+len(line)+1 == len(text)
		switch {
		case !ok && last && (!ended || bytes.IndexByte(line, 0) >= 0) && good > 0:
			return good, nil
		case !ok:
			return 0, format.Damaged(s.path, int64(good), "bad checksum")
		case !ended:
			return good, nil
		case good == 0:
			if err := format.Check(s.path, r.Format, fileFormat); err != nil {
				return 0, err
			}
		}
		if err := s.play(&r); err != nil {
			return 0, format.Damaged(s.path, int64(good), err.Error())
		}
		good += len(line) + 1
	}
	if good == 0 {
		return 0, format.Damaged(s.path, 0, "it is empty")
	}
	return good, nil
}

func (s *file) play(r *record) error {
	for _, text := range r.Commits {
		at, err := checkpoint.Parse(text)
		if err != nil {
			return err
		}
		promoted, _ := s.left.Commit(at)
		for _, p := range promoted {
			s.apply(p.Value.changes)
		}
	}
	changes, err := r.keyed()
	if err != nil {
		return err
	}
	if r.ID == "" {
		s.apply(changes)
		return nil
	}
	at, err := checkpoint.Parse(r.ID)
	if err == nil {
		s.left.Prepare(at, window{changes, r.Times})
	}
	return err
}

func (s *file) apply(changes map[Key]Entry) {
	for key, change := range changes {
		e := s.entries[key].plus(change)
		if e.Anew = false; e.Since == 0 {
			delete(s.entries, key)
		} else {
			s.entries[key] = e
		}
	}
	if len(s.entries) > s.full {
		maps.DeleteFunc(s.entries, func(_ Key, e Entry) bool { return !s.alive(e) })
		s.full = max(some, 2*len(s.entries))
	}
}

func encode(r *record, changes map[Key]Entry) ([]byte, error) {
	text, err := r.with(changes)
	return sealed.Line(text), err
}

func decode(line []byte) (r record, ok bool) {
	text, ok := sealed.Text(line)
	ok = ok && json.Unmarshal(text, &r) == nil
	return r, ok
}

func (s *file) found(yield func(checkpoint.ID, window)) error {
	for _, p := range s.left.All() {
		yield(p.ID, p.Value)
	}
	s.left.Clear()
	return nil
}

func (s *file) get(_ context.Context, key Key) (Entry, error) { return s.entries[key], nil }

func (s *file) keys(_ context.Context, yield func(Key)) error {
	for key := range s.entries {
		yield(key)
	}
	return nil
}

func (s *file) prepare(_ context.Context, id checkpoint.ID, w window, all *checkpoint.Pending[window]) error {
	if s.path == "" {
		return nil
	}
	if s.size > s.compact {
		return s.rewrite(all)
	}
	return s.append(&record{ID: id.String(), Times: w.times}, w.changes)
}

// commit is durable with the next record: one that a crash loses is made good by the
// next first one. What was discarded must not come back, though, since its number does.
func (s *file) commit(_ context.Context, at checkpoint.ID, promoted, discarded []checkpoint.Prepared[window], all *checkpoint.Pending[window]) error {
	old := len(discarded) > 0
	for _, p := range promoted {
		s.apply(p.Value.changes)
		old = old || !p.Own
	}
	switch {
	case s.path == "":
		return nil
	case old:
		return s.rewrite(all)
	}
	s.commits = append(s.commits, at.String())
	return nil
}

func (s *file) save(_ context.Context, changes map[Key]Entry) error {
	s.apply(changes)
	if s.path == "" || len(changes) == 0 {
		return nil
	}
	return s.append(&record{}, changes)
}

// append writes a record, durably.
func (s *file) append(r *record, changes map[Key]Entry) error {
	r.Commits, s.commits = s.commits, nil
	line, err := encode(r, changes)
	if err != nil {
		return err
	}
	n, err := s.f.Write(line)
	s.size += int64(n)
	if err == nil {
		err = s.f.Sync()
	}
	s.broken = err != nil
	return err
}

// portion is how many entries stand in one line of a journal that is written anew.
const portion = 1000

// rewrite writes the journal anew: the state, and what waits.
func (s *file) rewrite(all *checkpoint.Pending[window]) error {
	s.commits, s.size = nil, 0
	err := disk.CreateAtomic(s.path, 0o600, func(w io.Writer) error {
		write := func(r *record, changes map[Key]Entry) error {
			line, err := encode(r, changes)
			if err != nil {
				return err
			}
			n, err := w.Write(line)
			s.size += int64(n)
			return err
		}
		if err := write(&record{Format: fileFormat}, nil); err != nil {
			return err
		}
		part := make(map[Key]Entry, portion)
		for key, e := range s.entries {
			if !s.alive(e) {
				delete(s.entries, key)
				continue
			}
			if part[key] = e; len(part) == portion {
				if err := write(&record{}, part); err != nil {
					return err
				}
				clear(part)
			}
		}
		if err := write(&record{}, part); err != nil {
			return err
		}
		for _, p := range all.All() {
			if err := write(&record{ID: p.ID.String(), Times: p.Value.times}, p.Value.changes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.f != nil {
		s.f.Close()
	}
	s.f, err = disk.OpenExisting(s.path)
	s.compact = max(2*s.size, slack)
	return err
}

func (s *file) durable() bool { return s.path != "" }

// close writes the Commits that no record has brought, so that a stream that has ended
// well leaves nothing open.
func (s *file) close() error {
	if s.path == "" {
		return nil
	}
	var err error
	if len(s.commits) > 0 && !s.broken {
		err = s.append(&record{}, nil)
	}
	return errors.Join(err, s.f.Close(), s.lock.Unlock())
}
