package reports

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Sweep removes contents that no line names, and says how many, and of how many bytes.
// With a line that cannot be read nothing is removed, since nobody knows what it names.
func Sweep(dir string) (n int, bytes int64, err error) {
	named := map[string]bool{}
	var bad error
	err = Each(dir, Wanted{}, func(err error) { bad = err }, func(a *Archived) error {
		named[a.SHA256] = true
		return nil
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return 0, 0, err
	}
	err = filepath.WalkDir(filepath.Join(dir, "content"), func(path string, d fs.DirEntry, err error) error {
		sum, ok := strings.CutSuffix(d.Name(), ".gz")
		if err != nil || d.IsDir() || !ok || named[sum] {
			return err
		}
		info, err := d.Info()
		if err == nil {
			err = os.Remove(path)
		}
		if err == nil {
			n, bytes = n+1, bytes+info.Size()
		}
		return err
	})
	return n, bytes, err
}
