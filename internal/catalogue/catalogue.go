// Package catalogue has the feeds that there are, as data: those that are built in,
// and those that a user has written in the same form, which intelpipe-feeds(5)
// describes.
package catalogue

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/stage"
)

//go:embed feeds/*.json
var builtin embed.FS

// Catalogue is a set of feeds.
type Catalogue struct {
	Feeds  []*Feed // by ID
	Broken []error // files and feeds that cannot be used, each with its place
}

// maxFile bounds a file of feeds.
const maxFile = 4 << 20

// Load reads the feeds that are built in, and those in the files *.json of directories,
// which win over the former; a directory that is not there has none. A mistake in a
// file costs the feeds of this file.
func Load(dirs []string) (*Catalogue, error) {
	c := &Catalogue{}
	names, err := fs.Glob(builtin, "feeds/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := builtin.ReadFile(name)
		if err != nil {
			return nil, err
		}
		feeds, err := read(&document{name, string(text)}, nil)
		if err != nil {
			return nil, err // which a test excludes
		}
		for _, f := range feeds {
			f.Builtin, f.Path = true, ""
		}
		c.Feeds = append(c.Feeds, feeds...)
	}
	known := slices.Clone(c.Feeds)
	own := map[string]*Feed{}
	for _, dir := range dirs {
		if err := c.loadDir(dir, known, own); err != nil {
			return nil, err
		}
	}
	c.Feeds = slices.DeleteFunc(c.Feeds, func(f *Feed) bool { return f.Builtin && own[f.ID] != nil })
	slices.SortFunc(c.Feeds, func(a, b *Feed) int { return strings.Compare(a.ID, b.ID) })
	return c, nil
}

// loadDir adds the feeds of a directory.
func (c *Catalogue) loadDir(dir string, known []*Feed, own map[string]*Feed) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() || path.Ext(entry.Name()) != ".json" || entry.Name()[0] == '.' {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		feeds, err := readFile(name, known)
		for _, f := range feeds {
			if other := own[f.ID]; other != nil && err == nil {
				err = fmt.Errorf("%s: the feed %s is in %s as well", f.Place(), f.ID, other.Path)
			}
		}
		if err != nil {
			c.Broken = append(c.Broken, err)
			continue
		}
		for _, f := range feeds {
			own[f.ID] = f
		}
		c.Feeds = append(c.Feeds, feeds...)
	}
	return nil
}

func readFile(name string, known []*Feed) ([]*Feed, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: a regular file is expected", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: larger than 4 MiB", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return read(&document{name, string(text)}, known)
}

// Check looks up commands and flags of the feeds that a user has written. One with a
// mistake is taken out.
func (c *Catalogue) Check(commands stage.Commands) {
	c.Feeds = slices.DeleteFunc(c.Feeds, func(f *Feed) bool {
		if f.Builtin {
			return false
		}
		err := f.Check(commands)
		if err != nil {
			c.Broken = append(c.Broken, err)
		}
		return err != nil
	})
}

// Find returns the feeds of these names, in this order, each once.
func (c *Catalogue) Find(ids []string) ([]*Feed, error) {
	var found []*Feed
	for _, id := range ids {
		f := c.find(id)
		if f == nil {
			return nil, unknown(c.Feeds, id)
		}
		if !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	return found, nil
}

func (c *Catalogue) find(id string) *Feed { return search(c.Feeds, id) }

// Matching returns the feeds that have a text in their name, provider or id, in lower
// or upper case; all for "".
func (c *Catalogue) Matching(text string) []*Feed {
	text = strings.ToLower(text)
	var found []*Feed
	for _, f := range c.Feeds {
		if strings.Contains(strings.ToLower(f.ID+"\n"+f.Name+"\n"+f.Provider), text) {
			found = append(found, f)
		}
	}
	return found
}
