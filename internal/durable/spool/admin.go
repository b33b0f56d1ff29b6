package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// What an Entry may be.
const (
	New      = "new"      // for anybody to take
	Claimed  = "claimed"  // a consumer is at work on it
	Orphaned = "orphaned" // its consumer is gone; the next one of that name takes it
	Waiting  = "waiting"  // for the Commit of its source
	Open     = "open"     // being written
	Left     = "left"     // by a writer that is gone; the next one deals with it
	Bad      = "bad"      // set aside
	Lost     = "lost"     // lines that salvaging could not keep
)

// States has all of them, in the order in which events pass.
var States = [...]string{Open, Left, Waiting, New, Claimed, Orphaned, Bad, Lost}

// An Entry is a file in a spool.
type Entry struct {
	State  string    `json:"state"`
	File   string    `json:"file"`   // below the spool
	Events int       `json:"events"` // that its name tells of
	Bytes  int64     `json:"bytes"`
	Sealed time.Time `json:"-"`                // or the last write
	Source string    `json:"source,omitempty"` // escaped, of what waits, or the consumer of what is claimed
	Number uint64    `json:"checkpoint,omitempty"`
}

// List returns what is in the spool.
func List(dir string) ([]Entry, error) {
	if err := exists(dir); err != nil {
		return nil, err
	}
	locked := disk.Locks()
	var all []Entry
	for _, sub := range dirs {
		names, err := list(dir, sub)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			info, err := os.Lstat(filepath.Join(dir, sub, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return nil, err
			}
			all = append(all, entry(dir, sub, name, info, locked))
		}
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(filepath.Base(a.File), filepath.Base(b.File)) })
	return all, nil
}

// is reports whether one of the names is that of the entry: its path below the
// spool, its file, or its segment.
func (e *Entry) is(names []string) bool {
	base := filepath.Base(e.File)
	return slices.Contains(names, e.File) || slices.Contains(names, base) || slices.Contains(names, segment.ParseClaim(base).File)
}

func entry(dir, sub, name string, info fs.FileInfo, locked map[uint64]int) Entry {
	e := Entry{File: filepath.Join(sub, name), Bytes: info.Size(), Sealed: info.ModTime()}
	text, at, _ := strings.Cut(name, "@")
	lost := sub == badDir && strings.Contains(name, segment.LostSuffix)
	if n, ok := segment.ParseName(segment.Whole(text)); ok {
		if !lost {
			e.Events = n.Count
		}
		if n.Seq < 1<<63 {
			e.Sealed = time.Unix(0, int64(n.Seq)).UTC()
		}
	}
	held := func(info fs.FileInfo) bool {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			_, ok = locked[st.Ino] // the process may be in another namespace, and have no number here
			return ok
		}
		return false
	}
	choose := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	switch sub {
	case newDir:
		e.State = New
	case curDir:
		e.Source = segment.ParseClaim(name).Owner
		e.State = choose(held(info), Claimed, Orphaned)
	case badDir:
		e.State = choose(lost, Lost, Bad)
	default:
		if c, ok := segment.ParseAt(at); ok {
			e.State, e.Source, e.Number = Waiting, c.Source, c.Number
			break
		}
		if c, ok := segment.ParseWindow(name); ok {
			e.Source = c.Source
			lock, err := os.Stat(filepath.Join(dir, tmpDir, "."+c.Source+".lock"))
			e.State = choose(err == nil && held(lock), Open, Left)
			break
		}
		e.State = choose(held(info), Open, Left)
	}
	return e
}

// Verify checks every segment and calls bad with what is wrong. What is in bad/
// is wrong even if it is whole.
func Verify(dir string, bad func(Entry, *segment.Damage)) (segments, events int, err error) {
	all, err := List(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, e := range all {
		if e.State == Open || e.State == Left || e.State == Lost {
			continue
		}
		_, err := readSegment(filepath.Join(dir, e.File), segment.Whole(filepath.Base(e.File)))
		var d *segment.Damage
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // consumed, or moved: then its new place had its turn before or has it next time
		case errors.As(err, &d):
			bad(e, d)
		case err != nil:
			return segments, events, err
		case e.State == Bad:
			bad(e, &segment.Damage{Offset: 0, What: "set aside, though it is whole; spool requeue puts it back"})
		}
		segments, events = segments+1, events+e.Events
	}
	return segments, events, nil
}

// Requeue puts segments back into new/: the named ones or, if there are no
// names, those in bad/ that are whole and those in cur/ that nobody has. It
// calls did for each, with an error if it stays where it is. With salvage, the
// valid lines of a damaged segment become a new one.
func Requeue(ctx context.Context, dir string, names []string, salvage bool, opt Options, did func(file, what string, err error)) error {
	all, err := List(dir)
	if err != nil {
		return err
	}
	lock, err := disk.LockPath(ctx, filepath.Join(dir, badDir, ".requeue"), disk.LockWait)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	s, err := open(dir, opt)
	if err != nil {
		return err
	}
	defer s.size.close()
	defer s.size.doubt()
	for _, e := range all {
		chosen := e.is(names)
		if !chosen && (len(names) > 0 || e.State != Bad && e.State != Orphaned) {
			continue
		}
		what, err := s.requeue(ctx, e, salvage)
		if errors.Is(err, errTaken) && !chosen {
			continue
		}
		did(e.File, what, err)
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(e Entry) bool { return e.is([]string{name}) }) {
			did(name, "", errors.New("there is no such segment"))
		}
	}
	return nil
}

var errTaken = errors.New("a consumer has it")

func (s *spool) requeue(ctx context.Context, e Entry, salvage bool) (string, error) {
	path, name := filepath.Join(s.dir, e.File), filepath.Base(e.File)
	switch e.State {
	case Bad:
		return s.requeueBad(path, name, salvage)
	case Claimed, Orphaned:
		f, err := claim(path)
		if err != nil {
			return "", err
		}
		if f == nil {
			return "", errTaken
		}
		defer f.Close()
		return s.put(path, segment.ParseClaim(name).File)
	case Waiting:
		lock, err := disk.LockPath(ctx, s.lockOf(e.Source), 0)
		if err != nil {
			return "", err
		}
		defer lock.Unlock()
		return s.put(path, segment.Whole(name))
	}
	return "", fmt.Errorf("it is %s, which cannot be requeued", e.State)
}

// put moves a file into new/, if its name is free there.
func (s *spool) put(path, name string) (string, error) {
	to := filepath.Join(s.dir, newDir, name)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return "", cmp.Or(err, fmt.Errorf("%s is there already", to))
	}
	return filepath.Join(newDir, name), disk.Rename(path, to)
}

func (s *spool) requeueBad(path, name string, salvage bool) (string, error) {
	_, err := readSegment(path, segment.Whole(name))
	var d *segment.Damage
	if err == nil {
		return s.put(path, segment.Whole(name))
	}
	if !errors.As(err, &d) || !salvage {
		return "", err
	}
	return s.salvage(path, name)
}

// salvage makes a new segment of the valid lines. The lines that are lost are
// kept first; then the file is replaced by what is valid, which then gets its
// new name: whatever is interrupted can be done again.
func (s *spool) salvage(path, name string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSegment {
		return "", errors.New("this is no file that a segment was written to")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	valid, lost, torn, kept, gone := segment.Sift(data)
	if len(torn) > 0 {
		lost, gone = append(append(lost, torn...), '\n'), gone+1
	}
	var keep string
	if gone > 0 || kept == 0 {
		keep = name + segment.LostSuffix
		for i := 1; ; i++ {
			if _, err := os.Lstat(filepath.Join(s.dir, badDir, keep)); errors.Is(err, fs.ErrNotExist) {
				break
			} else if err != nil {
				return "", err
			}
			keep = name + segment.LostSuffix + "." + strconv.Itoa(i)
		}
	}
	old, known := segment.ParseName(segment.Whole(name))
	of := ""
	if known {
		of = fmt.Sprintf(" of %d", old.Count)
	}
	if kept == 0 {
		return fmt.Sprintf("no event%s could be salvaged; the file is now %s", of, filepath.Join(badDir, keep)),
			disk.Rename(path, filepath.Join(s.dir, badDir, keep))
	}
	if gone > 0 {
		if err := disk.WriteFileAtomic(filepath.Join(s.dir, badDir, keep), lost, 0o600); err != nil {
			return "", err
		}
	}
	if err := disk.WriteFileAtomic(path, valid, 0o600); err != nil {
		return "", err
	}
	to := segment.Name{Seq: old.Seq, Count: kept, CRC: segment.Checksum(valid), Nonce: old.Nonce}
	if !known {
		to.Seq, to.Nonce = s.seq.next(), segment.NewNonce()
	}
	what, err := s.put(path, to.String())
	what = fmt.Sprintf("%s: %d events%s salvaged", what, kept, of)
	if gone > 0 {
		what += fmt.Sprintf(", %d damaged lines are in %s", gone, filepath.Join(badDir, keep))
	}
	if known && kept+gone < old.Count {
		what += fmt.Sprintf(", %d are gone", old.Count-kept-gone)
	}
	return what, err
}
