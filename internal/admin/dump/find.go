package dump

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/stage"
)

type file string

// find returns the path of a dump that is named by it, or by its command.
func (f file) find(env *stage.Env) (string, error) {
	path, state := string(f), env.StateDir
	candidates := []string{path}
	if !strings.Contains(path, "/") {
		candidates = append(candidates, filepath.Join(state, path), filepath.Join(state, path+".dump"))
	}
	for _, c := range candidates {
		info, err := os.Stat(c)
		switch {
		case err == nil && !info.IsDir():
			return c, nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", stage.Fatal(err)
		}
	}
	return "", fmt.Errorf("%s: there is no such dump, and no %s.dump in %s", path, path, state)
}

// all returns the paths of the dumps in the state directory. One that is not
// there has none; one that cannot be read is no empty one.
func all(env *stage.Env) (paths []string, err error) {
	state := env.StateDir
	names, err := os.ReadDir(state)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, stage.Fatal(err)
	}
	for _, name := range names {
		if !name.IsDir() && strings.HasSuffix(name.Name(), ".dump") {
			paths = append(paths, filepath.Join(state, name.Name()))
		}
	}
	return paths, nil
}
