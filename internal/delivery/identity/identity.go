// Package identity says which source a run is: its name, which is made of what it
// collects from or given, and the journal of what it knows from run to run.
package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Identity is a name that is taken, and what is known of it.
type Identity struct {
	Name    string
	Journal *Journal
	Keeper  stage.Keeper // if the origin keeps what is acknowledged, or nil
	base    string       // the name but for the number of a consumer
	dir     string
}

// Options say what a source is known by.
type Options struct {
	Command   any      // a stage.Collector or a stage.Receiver
	Name      string   // of the command
	Args      []string // its words on the command line
	Source    string   // --source
	IfRunning string   // --if-running: wait, skip or fail
	StateDir  string
}

// ErrRunning says that another run of the source is at work, and that this one
// is not needed.
var ErrRunning = errors.New("another run of this source is at work")

// suffix of the file of a source.
const suffix = ".source"

// isName says whether a text can be the name of a source, and of its files.
func isName(text string) bool {
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("._-", rune(c)) {
			return false
		}
	}
	return text != "" && len(text) <= 80 && text[0] != '.'
}

// base is the name of the source, but for the number of a consumer.
func (o *Options) base() (string, error) {
	if o.Source != "" {
		if !isName(o.Source) {
			return "", stage.Usage(fmt.Errorf("--source %s: letters, digits, dots, dashes and underscores are expected, 80 at most", o.Source))
		}
		return o.Name + "-" + o.Source, nil
	}
	dir, err := filepath.Abs(o.StateDir)
	if err != nil {
		return "", err
	}
	origin := strings.Join(o.Args, "\x00")
	if n, ok := o.Command.(stage.Identified); ok {
		origin = n.Identity()
	}
	sum := sha256.Sum256([]byte(origin + "\x00" + dir))
	return fmt.Sprintf("%s-%x", o.Name, sum[:6]), nil
}

// Wait is how long another run is waited for.
func (o *Options) Wait() time.Duration {
	if o.IfRunning == "" || o.IfRunning == "wait" {
		return disk.LockWait
	}
	return 0
}

// Find finds the name of the source and how far it is acknowledged. Several
// runs may share the origin of a Keeper: each takes a name of its own, those
// first that a dead run has left.
func Find(ctx context.Context, o *Options) (*Identity, error) {
	base, err := o.base()
	if err != nil {
		return nil, err
	}
	i := &Identity{dir: o.StateDir, Name: base, base: base}
	if err := disk.MkdirAll(i.dir, 0o700); err != nil {
		return nil, err
	}
	i.Keeper, _ = o.Command.(stage.Keeper)
	if i.Keeper == nil {
		err := i.open(ctx, base, o.Wait())
		switch {
		case IsLocked(err) && o.IfRunning == "skip":
			return nil, fmt.Errorf("%w: %w", ErrRunning, err)
		case err != nil:
			return nil, err
		}
		return i, nil
	}
	for n := 1; ; n++ {
		if err := i.open(ctx, numbered(base, n), 0); !IsLocked(err) {
			return i, err
		}
	}
}

func numbered(base string, n int) string {
	if n == 1 {
		return base
	}
	return fmt.Sprintf("%s-%d", base, n)
}

func (i *Identity) path(name string) string { return filepath.Join(i.dir, name+suffix) }

// open takes a name, and what is known of it.
func (i *Identity) open(ctx context.Context, name string, wait time.Duration) error {
	j, err := openJournal(ctx, i.path(name), wait, i.Keeper != nil)
	if err != nil {
		return err
	}
	if i.Keeper != nil {
		acked, left, err := i.Keeper.Acknowledged(ctx, name)
		if err != nil {
			return errors.Join(err, j.Close())
		}
		j.Forget(acked)
		j.Ended = j.Ended && !left
	}
	i.Name, i.Journal = name, j
	return nil
}

// Orphan takes the name of a run that has died and left windows that nobody has
// acknowledged, if there is one beside those to be passed over.
func (i *Identity) Orphan(ctx context.Context, passOver map[string]bool) (*Identity, error) {
	if i.Keeper == nil {
		return nil, nil
	}
	for n := 1; ; n++ {
		name := numbered(i.base, n)
		if _, err := os.Stat(i.path(name)); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if name == i.Name || passOver[name] {
			continue
		}
		other := &Identity{dir: i.dir, Keeper: i.Keeper}
		if err := other.open(ctx, name, 0); IsLocked(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		if !other.Journal.Ended {
			return other, nil
		}
		if err := other.Journal.Close(); err != nil {
			return nil, err
		}
	}
}
