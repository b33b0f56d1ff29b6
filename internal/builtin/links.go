package builtin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/sibling"
)

// installLinks makes a symbolic link for each command to the smallest binary here
// that has it: this one, or the other one if that lies beside it.
func installLinks(specs []flags.Command, dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	small, full := self, sibling.Beside(sibling.Name)
	if slices.ContainsFunc(specs, func(s flags.Command) bool { return page.Of(s.Name).Full }) {
		small, full = sibling.Beside("intelpipe"), self
	}
	for _, name := range known(specs) {
		target := small
		if target == "" || page.Of(name).Full {
			target = full
		}
		if target == "" {
			continue // nobody here has it
		}
		if flags.Find(specs, name) == nil && target == self {
			continue
		}
		if err := link(target, dir, name); err != nil {
			return err
		}
	}
	return nil
}

// known are the names of all commands, here and in the other binary.
func known(specs []flags.Command) []string {
	all := slices.Clone(page.Names[:])
	for _, s := range specs {
		all = append(all, s.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// link makes one link, or changes it.
func link(target, dir, name string) error {
	if abs, err := filepath.Abs(dir); err == nil && filepath.Dir(target) == abs {
		target = filepath.Base(target)
	}
	path := filepath.Join(dir, name)
	err := os.Symlink(target, path)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	switch old, err := os.Readlink(path); {
	case err != nil:
		return fmt.Errorf("%s is there and no link", path)
	case old == target:
		return nil
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}
