// Package layout is the directory of a spool: its folders, its format and id, the order
// in which segments are sealed, and how large it is.
package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

const (
	Tmp = "tmp"
	New = "new"
	Cur = "cur"
	Bad = "bad"
)

// Folders are in the order in which Create makes them: where new/ is, the rest is.
var Folders = [...]string{Tmp, Cur, Bad, New}

// Create makes the directories of a spool and its id, durably, where they are
// missing. What it makes is for its owner alone, since events tell much; those that
// are there already keep their permissions.
func Create(dir string) error {
	for _, d := range Folders {
		if d == New {
			if _, err := makeID(dir); err != nil {
				return err
			}
		}
		if err := disk.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Exists says whether there is a spool, of a format that is known.
func Exists(dir string) error {
	info, err := os.Stat(filepath.Join(dir, New))
	if err == nil && info.IsDir() {
		return known(dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%s: no spool is there; output-spool makes one", dir)
}

// List returns the names in one of the directories, sorted, without hidden ones.
func List(dir, sub string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sub))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Measure returns how many bytes can be consumed, and how many there are with
// those that are not published.
func Measure(dir string) (backlog, total int64, err error) {
	for _, sub := range [...]string{Tmp, New, Cur} {
		names, err := List(dir, sub)
		if err != nil {
			return 0, 0, err
		}
		for _, name := range names {
			info, err := os.Lstat(filepath.Join(dir, sub, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // it has moved, or was consumed
			} else if err != nil {
				return 0, 0, err
			}
			total += info.Size()
			if sub != Tmp {
				backlog += info.Size()
			}
		}
	}
	return backlog, total, nil
}

// Claim opens and locks the file at path. It returns nil if the file is gone or
// somebody else has it.
func Claim(path string) (*disk.File, error) {
	f, err := disk.OpenExisting(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	ok, err := f.TryLock()
	if err == nil && ok {
		// Whoever had the lock before may have moved or replaced the file.
		ok, err = Names(path, f)
	}
	if err != nil || !ok {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Names reports whether path is still a name of f.
func Names(path string, f *disk.File) (bool, error) {
	there, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(here, there), err
}

// ReadAll reads a file as a whole, into buf if that is large enough.
func ReadAll(f *disk.File, buf []byte) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > segment.Max {
		return nil, &segment.Damage{Offset: segment.Max, What: fmt.Sprintf("%d bytes are more than any segment has", size)}
	}
	data := slices.Grow(buf[:0], int(size))[:size]
	n, err := f.ReadAt(data, 0)
	if int64(n) == size {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: at offset %d: %w", f.Name(), n, err)
	}
	return data, nil
}

// Sequence gives out numbers that grow with the clock, or without it.
type Sequence struct {
	mu   sync.Mutex
	last uint64
	now  func() time.Time
}

func (s *Sequence) Next() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	if now := s.now().UnixNano(); now > 0 {
		s.last = max(s.last, uint64(now))
	}
	return s.last
}

// NewSequence begins behind what is in the spool.
func NewSequence(dir string, now func() time.Time) (*Sequence, error) {
	s := &Sequence{now: now}
	for _, sub := range [...]string{Tmp, New, Cur} {
		names, err := List(dir, sub)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, _, _ := strings.Cut(name, "@")
			// A number from the far future was never given out here.
			if n, ok := segment.ParseName(text); ok && n.Seq < 1<<63 {
				s.last = max(s.last, n.Seq)
			}
		}
	}
	return s, nil
}

// ID returns the random id of the spool in dir. It stays the same when the spool
// is moved, and is the same for every path that leads to it. A spool without an
// id gets one, durably.
func ID(dir string) (string, error) {
	if err := Exists(dir); err != nil {
		return "", err
	}
	return makeID(dir)
}
