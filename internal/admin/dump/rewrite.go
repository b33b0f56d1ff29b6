package dump

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// remove rewrites a dump without some of its entries, under the lock that those
// who add entries take, too.
func remove(f *os.File, path string, gone func(*entry) bool) error {
	var files []string
	err := rewrite(f, path, func(e *entry) (*dumpfile.Entry, error) {
		if !gone(e) {
			return &e.Entry, nil
		}
		if e.Kept == "" {
			return nil, nil
		}
		name, err := kept(path, e)
		if err != nil {
			return nil, e.error(err)
		}
		files = append(files, name)
		return nil, nil
	}, func() error { return nil })
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := disk.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// rewrite writes a dump anew, with what change makes of each entry: the same
// pointer leaves it as it is, nil leaves it out. At its end check may refuse.
func rewrite(f *os.File, path string, change func(*entry) (*dumpfile.Entry, error), check func() error) error {
	left := 0
	err := disk.CreateAtomic(path, 0o600, func(w io.Writer) error {
		if err := readLines(whole(f), path, nil, func(entries []entry, line []byte) error {
			var stay []dumpfile.Entry
			same := true
			for i := range entries {
				e := &entries[i]
				now, err := change(e)
				if err != nil {
					return err
				}
				same = same && now == &e.Entry
				if now != nil {
					stay = append(stay, *now)
				}
			}
			left += len(stay)
			if !same {
				var err error
				if line, err = dumpfile.AppendAll(nil, stay); err != nil {
					return err
				}
			}
			_, err := w.Write(line)
			return err
		}); err != nil {
			return err
		}
		if err := check(); err != nil || left > 0 {
			return err
		}
		return errNothingLeft
	})
	if err == errNothingLeft {
		// The file itself goes, whose lock is held. An empty one in its place
		// would be locked by nobody, and have new entries by the time it goes.
		err = disk.Remove(path)
	}
	return err
}

var errNothingLeft = errors.New("the dump has no entry any longer")

// lock opens and locks a dump. Others may replace it while it waits.
func lock(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: lock: %w", path, err)
		}
		a, err1 := f.Stat()
		b, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(a, b) {
			return f, nil
		}
		f.Close()
	}
}

// claim takes a dump in hand.
func claim(path string) (*dumpfile.Claim, error) {
	c, err := dumpfile.TakeClaim(path)
	var locked *disk.LockedError
	if errors.As(err, &locked) {
		err = fmt.Errorf("%s is replayed or edited by %s already; wait until that has ended", path, cmp.Or(locked.Holder, "another process"))
	}
	return c, stage.Fatal(err)
}

type deletion struct {
	All     bool   `help:"Delete all entries."`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"entry" help:"Ids of entries, or numbers."`
}

// Run deletes entries.
func (d *deletion) Run(ctx context.Context, env *stage.Env, _ io.Writer) error {
	if d.All != (len(d.Entries) == 0) {
		return errors.New("delete: name entries, or --all")
	}
	path, err := d.File.find(env)
	if err != nil {
		return err
	}
	f, err := lock(path)
	if err != nil {
		return err
	}
	defer f.Close()
	gone, err := dumpfile.Gone(path)
	if err != nil {
		return err
	}
	chosen, err := choose(whole(f), path, gone, d.Entries)
	if err != nil {
		return err
	}
	return remove(f, path, func(e *entry) bool { return gone[e.ID] || chosen.has(e.ID) })
}
