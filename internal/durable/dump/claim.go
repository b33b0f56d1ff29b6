package dump

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/json"
)

// A Claim is what lets one process at a time replay the entries of a dump, or
// edit them. It is a file beside the dump, which is locked. A replay writes
// there which entries are acknowledged; they are gone from then on, though they
// leave the dump itself only now and then, many at once.
type Claim struct {
	// Name is the same for a replay that was killed and the one after it.
	Name string

	file  *disk.File
	found bool // it is that of a replay that was killed
	gone  map[ID]bool
}

// claimFormat is the number of the format of the file.
const claimFormat = 1

type claimLine struct {
	Format int    `json:"format,omitempty"`
	Replay string `json:"replay,omitempty"`
	Gone   []ID   `json:"gone,omitempty"`
}

// claimPath is where the claim on the dump at path lies.
func claimPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".replay")
}

// TakeClaim claims the dump at path, or returns a *disk.LockedError that says
// who has it in hand.
func TakeClaim(path string) (*Claim, error) {
	name := claimPath(path)
	for {
		f, err := disk.OpenAppend(name, 0o600)
		if err != nil {
			return nil, err
		}
		c := &Claim{file: f}
		switch err := f.WaitLock(context.Background(), 0); {
		case err != nil:
			f.Close()
			return nil, err
		case !same(f, name): // who had it has removed it
			f.Close()
			continue
		}
		if err := c.begin(); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return c, nil
	}
}

// begin reads what a replay before has left, or writes the first line.
func (c *Claim) begin() error {
	err := c.file.CutTorn()
	if err == nil {
		c.Name, c.gone, err = readClaim(c.file)
	}
	if c.found = c.Name != ""; err != nil || c.found {
		return err
	}
	return c.restart()
}

// restart makes a file of the first line alone.
func (c *Claim) restart() error {
	if c.Name == "" {
		c.Name = rand.Text()[:12]
	}
	c.gone = map[ID]bool{}
	if err := c.file.Truncate(0); err != nil {
		return err
	}
	return c.add(&claimLine{Format: claimFormat, Replay: c.Name})
}

// Gone returns the entries that are gone.
func (c *Claim) Gone() map[ID]bool { return c.gone }

// Add takes note, durably, that entries are gone.
func (c *Claim) Add(ids []ID) error {
	if err := c.add(&claimLine{Gone: ids}); err != nil {
		return err
	}
	for _, id := range ids {
		c.gone[id] = true
	}
	return nil
}

func (c *Claim) add(l *claimLine) error {
	line, err := appendLine(nil, l)
	if err != nil {
		return err
	}
	if _, err := c.file.Write(line); err != nil {
		return err
	}
	return c.file.Sync()
}

// Removed says that what is gone has left the dump.
func (c *Claim) Removed() error { return c.restart() }

// Close gives the claim back. The file goes, unless it is needed: because a
// replay that was killed has left it, or this one has to be finished by another.
func (c *Claim) Close(needed bool) error {
	var err error
	if !needed {
		err = disk.Remove(c.file.Name())
	}
	return errors.Join(err, c.file.Close())
}

// Found says that the claim is that of a replay that was killed.
func (c *Claim) Found() bool { return c.found }

// Gone returns the entries of the dump at path that are gone, though the file
// still has them.
func Gone(path string) (map[ID]bool, error) {
	f, err := os.Open(claimPath(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	_, gone, err := readClaim(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return gone, nil
}

var errClaim = errors.New("another version of intelpipe has begun a replay; finish it with that version, or remove the file, and what has arrived already is sent again")

// readClaim reads a claim up to a line without an end.
func readClaim(f io.Reader) (name string, gone map[ID]bool, err error) {
	gone = map[ID]bool{}
	in := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return name, gone, nil
		} else if err != nil {
			return "", nil, err
		}
		var l claimLine
		if err := json.Unmarshal(bytes.TrimSpace(line), &l); err != nil {
			return "", nil, fmt.Errorf("line %d: %w", n, err)
		}
		if n == 1 {
			if name = l.Replay; l.Format != claimFormat || name == "" {
				return "", nil, errClaim
			}
		}
		for _, id := range l.Gone {
			gone[id] = true
		}
	}
}
