// Package look is for those who look into a spool and claim nothing.
package look

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
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
	if err := layout.Exists(dir); err != nil {
		return nil, err
	}
	locked := disk.Locks()
	var all []Entry
	for _, sub := range layout.Folders {
		names, err := layout.List(dir, sub)
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

// Is reports whether one of the names is that of the entry: its path below the
// spool, its file, or its segment.
func (e *Entry) Is(names []string) bool {
	base := filepath.Base(e.File)
	return slices.Contains(names, e.File) || slices.Contains(names, base) || slices.Contains(names, segment.ParseClaim(base).File)
}

func entry(dir, sub, name string, info fs.FileInfo, locked map[uint64]int) Entry {
	e := Entry{File: filepath.Join(sub, name), Bytes: info.Size(), Sealed: info.ModTime()}
	text, at, _ := strings.Cut(name, "@")
	lost := sub == layout.Bad && strings.Contains(name, segment.LostSuffix)
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
	case layout.New:
		e.State = New
	case layout.Cur:
		e.Source = segment.ParseClaim(name).Owner
		e.State = choose(held(info), Claimed, Orphaned)
	case layout.Bad:
		e.State = choose(lost, Lost, Bad)
	default:
		if c, ok := segment.ParseAt(at); ok {
			e.State, e.Source, e.Number = Waiting, c.Source, c.Number
			break
		}
		if c, ok := segment.ParseWindow(name); ok {
			e.Source = c.Source
			lock, err := os.Stat(filepath.Join(dir, layout.Tmp, "."+c.Source+".lock"))
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
		_, err := segment.Read(filepath.Join(dir, e.File), segment.Whole(filepath.Base(e.File)))
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
