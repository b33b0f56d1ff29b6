package tool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// installLinks makes a symbolic link to this program for each command.
func installLinks(specs []Spec, dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	target := self
	if abs, err := filepath.Abs(dir); err == nil && filepath.Dir(self) == abs {
		target = filepath.Base(self)
	}
	for _, s := range specs {
		link := filepath.Join(dir, s.Name)
		if err := os.Symlink(target, link); err != nil {
			if !errors.Is(err, os.ErrExist) {
				return err
			}
			if old, err := os.Readlink(link); err != nil {
				return fmt.Errorf("%s is there and no link", link)
			} else if old == target {
				continue
			}
			if err := os.Remove(link); err != nil {
				return err
			}
			if err := os.Symlink(target, link); err != nil {
				return err
			}
		}
	}
	return nil
}
