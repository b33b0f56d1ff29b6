package dump

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// whole reads a dump from its beginning.
func whole(f *os.File) io.Reader { return io.NewSectionReader(f, 0, 1<<62) }

// entry is one of a dump.
type entry struct {
	dumpfile.Entry
	dump   string // its path
	number int    // from 1
}

func (e *entry) error(err error) error { return fmt.Errorf("%s: entry %v: %w", e.dump, e.ID, err) }

// open opens a dump, and says how long it is now, at the end of an entry. What
// is replayed may come back as new entries, which must not be replayed as well.
func open(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, stage.Fatal(err)
	}
	size, err := sizeOf(f)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

func sizeOf(f *os.File) (int64, error) {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != nil {
		return 0, fmt.Errorf("%s: lock: %w", f.Name(), err)
	}
	defer unix.Flock(int(f.Fd()), unix.LOCK_UN)
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// read calls do with each entry that is not gone.
func read(f io.Reader, path string, gone idSet, do func(*entry) error) error {
	return readLines(f, path, gone, func(entries []entry, _ []byte) error {
		for i := range entries {
			if err := do(&entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// readLines calls do with the entries of each line that are not gone, and the
// line as it stands.
func readLines(f io.Reader, path string, gone idSet, do func(entries []entry, line []byte) error) error {
	var stopped error
	number := 0
	err := dumpfile.Read(f, func(found []dumpfile.Entry, line []byte) bool {
		entries := make([]entry, 0, len(found))
		for _, e := range found {
			if !gone[e.ID] {
				number++
				entries = append(entries, entry{Entry: e, dump: path, number: number})
			}
		}
		stopped = do(entries, line)
		return stopped == nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return stopped
}

// idSet are those of the entries that are chosen; nil are all.
type idSet map[dumpfile.ID]bool

func (s idSet) has(id dumpfile.ID) bool { return s == nil || s[id] }

// kept is the path of the file that has a line too large for the dump. It lies
// beside the dump, whatever an entry says.
func kept(path string, e *entry) (string, error) {
	if filepath.Base(e.Kept) != e.Kept || !strings.HasPrefix(e.Kept, filepath.Base(path)+".") {
		return "", fmt.Errorf("%q is no file that belongs to the dump", e.Kept)
	}
	return filepath.Join(filepath.Dir(path), e.Kept), nil
}

func copyKept(w io.Writer, e *entry) error {
	f, err := openKept(e)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func openKept(e *entry) (*os.File, error) {
	name, err := kept(e.dump, e)
	if err != nil {
		return nil, err
	}
	return os.Open(name)
}
