package delivery

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

// identity says which source this is: its name, and the files that keep what is
// known of it. The name is made of what it collects from, or given.
type identity struct {
	dir     string
	name    string
	journal *journal
	keeper  stage.Keeper // if the origin keeps what is acknowledged
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

// baseName is the name of the source, but for the number of a consumer.
func baseName(command string, o Options) (string, error) {
	if o.Source != "" {
		if !isName(o.Source) {
			return "", stage.Usage(fmt.Errorf("--source %s: letters, digits, dots, dashes and underscores are expected, 80 at most", o.Source))
		}
		return command + "-" + o.Source, nil
	}
	dir, err := filepath.Abs(o.Env.StateDir)
	if err != nil {
		return "", err
	}
	origin := strings.Join(o.Args, "\x00")
	if n, ok := o.Command.(stage.Identified); ok {
		origin = n.Identity()
	}
	sum := sha256.Sum256([]byte(origin + "\x00" + dir))
	return fmt.Sprintf("%s-%x", command, sum[:6]), nil
}

// wait is how long another run is waited for.
func (o *Options) wait() time.Duration {
	if o.IfRunning == "" || o.IfRunning == "wait" {
		return disk.LockWait
	}
	return 0
}

// identify finds the name of the source and how far it is acknowledged. Several
// runs may share the origin of a Keeper: each takes a name of its own, those
// first that a dead run has left.
func identify(ctx context.Context, o *Options) (*identity, error) {
	base, err := baseName(o.Name, *o)
	if err != nil {
		return nil, err
	}
	i := &identity{dir: o.Env.StateDir, name: base}
	if err := disk.MkdirAll(i.dir, 0o700); err != nil {
		return nil, err
	}
	i.keeper, _ = o.Command.(stage.Keeper)
	if i.keeper == nil {
		err := i.open(ctx, base, o.wait())
		switch {
		case isLocked(err) && o.IfRunning == "skip":
			return nil, fmt.Errorf("%w: %w", ErrRunning, err)
		case err != nil:
			return nil, err
		}
		return i, nil
	}
	for n := 1; ; n++ {
		if err := i.open(ctx, numbered(base, n), 0); !isLocked(err) {
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

func (i *identity) path(name string) string { return filepath.Join(i.dir, name+suffix) }

// open takes a name, and what is known of it.
func (i *identity) open(ctx context.Context, name string, wait time.Duration) error {
	j, err := openJournal(ctx, i.path(name), wait, i.keeper != nil)
	if err != nil {
		return err
	}
	if i.keeper != nil {
		acked, left, err := i.keeper.Acknowledged(ctx, name)
		if err != nil {
			return errors.Join(err, j.close())
		}
		j.forget(acked)
		j.ended = j.ended && !left
	}
	i.name, i.journal = name, j
	return nil
}

// orphan takes the name of a run that has died and left windows that nobody has
// acknowledged, if there is one beside those to be passed over.
func (i *identity) orphan(ctx context.Context, base string, passOver map[string]bool) (*identity, error) {
	if i.keeper == nil {
		return nil, nil
	}
	for n := 1; ; n++ {
		name := numbered(base, n)
		if _, err := os.Stat(i.path(name)); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if name == i.name || passOver[name] {
			continue
		}
		other := &identity{dir: i.dir, keeper: i.keeper}
		if err := other.open(ctx, name, 0); isLocked(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		if !other.journal.ended {
			return other, nil
		}
		if err := other.journal.close(); err != nil {
			return nil, err
		}
	}
}
