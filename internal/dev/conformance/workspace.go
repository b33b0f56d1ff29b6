package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// workspace is the directory of a chain: what its vectors have and leave there.
type workspace string

func (w workspace) path(name string) string { return filepath.Join(string(w), name) }
func (w workspace) tmp() string             { return w.path("tmp") }
func (w workspace) state() string           { return w.path("state") }
func (w workspace) home() string            { return w.path("home") }

// prepare makes the files that are there before the run.
func (w workspace) prepare(v *vector.Vector) error {
	for _, dir := range []string{w.tmp(), w.state(), w.home()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	for name, source := range v.StateFiles {
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(w.state(), name), data); err != nil {
			return err
		}
	}
	for name, content := range v.FilesBefore {
		if content != nil {
			if err := writeFile(name, content.Data()); err != nil {
				return err
			}
		}
	}
	return w.scratch(v)
}

var scratchName = regexp.MustCompile(`@tmp/(dir|file)\d+\b`)

// scratch makes what the tests of the reference had made: the folders and the
// empty files that they call dir1, file1 and so on.
func (w workspace) scratch(v *vector.Vector) error {
	for _, m := range scratchName.FindAllSubmatch(bytes.ReplaceAll(v.Line(), []byte(w.tmp()+"/"), []byte("@tmp/")), -1) {
		name := filepath.Join(w.tmp(), strings.TrimPrefix(string(m[0]), "@tmp/"))
		if _, err := os.Stat(name); err == nil {
			continue
		}
		var err error
		if string(m[1]) == "dir" {
			err = os.MkdirAll(name, 0o700)
		} else {
			err = writeFile(name, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}
