package compare

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

var anyName = regexp.MustCompile(`<any-name-\d+>`)

// Files compares the files after the run; tmp is left out of the names that it shows.
// A name that the command was free to choose stands for one of the files that nobody
// else has named.
func Files(v *vector.Vector, tmp string) []Diff {
	var diffs []Diff
	named := map[string]bool{}
	for name := range v.FilesAfter {
		named[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(v.FilesAfter)) {
		want := v.FilesAfter[name]
		short := strings.TrimPrefix(name, tmp+"/")
		volatile := slices.Contains(v.Volatile, name)
		candidates := []string{name}
		if anyName.MatchString(name) {
			candidates = nil
			found, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "*"))
			for _, c := range found {
				if info, err := os.Stat(c); !named[c] && err == nil && info.Mode().IsRegular() {
					candidates = append(candidates, c)
				}
			}
			volatile = volatile || len(v.Volatile) > 0 // other files tell its name
		}
		equal, shown := "", ""
		for _, c := range candidates {
			data, err := os.ReadFile(c)
			if want == nil {
				if err == nil {
					shown = string(data)
				} else {
					equal = c
				}
				continue
			}
			if err != nil {
				continue
			}
			shown = string(data)
			if SameText(string(want.Data()), shown, "") || volatile && shape(string(want.Data())) == shape(shown) {
				equal = c
				break
			}
		}
		if equal == "" {
			diffs = append(diffs, Diff{"files", short, string(want.Data()), shown})
			continue
		}
		named[equal] = true
	}
	return diffs
}
