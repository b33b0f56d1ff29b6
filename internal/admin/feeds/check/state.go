package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/json"
)

// format is the number of the form of a state file.
const format = 1

type stored struct {
	Format int `json:"format"`
	Measure
}

func stateFile(dir, feed string) string { return filepath.Join(dir, "feeds", feed+".json") }

// Load reads the last good measure of a feed, nil if there is none.
func Load(dir, feed string) (*Measure, error) {
	path := stateFile(dir, feed)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var s stored
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%w; remove it to begin anew", json.InFile(path, err))
	}
	if s.Format != format {
		return nil, fmt.Errorf("%s: it is of format %d, and this version knows %d; remove it to begin anew", path, s.Format, format)
	}
	return &s.Measure, nil
}

// Save keeps a measure.
func Save(dir, feed string, m *Measure) error {
	text, err := json.Marshal(stored{format, *m})
	if err != nil {
		return err
	}
	path := stateFile(dir, feed)
	if err := disk.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return disk.WriteFileAtomic(path, append(text, '\n'), 0o600)
}

// Good says whether what was seen is what to compare with the next time.
func (v Verdict) Good() bool { return v.Word == "ok" || v.Word == "slow" || v.Word == "stale" }
