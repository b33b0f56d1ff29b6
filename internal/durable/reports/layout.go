// Package reports is an archive of reports as they were fetched, so that a parser can be
// tried on what a feed has sent in the past.
//
// An archive is a directory. For each month it has a file of lines, one for each report
// that came in it, as its time.observation says. What a report has in raw is in a file
// named by its hash, compressed: a list that has not changed since yesterday is there
// once. What is short is in the line.
//
//	2026-11.ndjson       {"sha256": "…", "bytes": 1234, "report": {"feed.name": …}}
//	content/ab/ab….gz    the content whose SHA-256 begins with ab
//	tmp/                 what is being written
//
// Several processes may add to one archive. Nothing is ever changed in it.
package reports

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
)

// inline is how much content is kept in the line, in bytes: a file has a block anyway.
const inline = 4 << 10

// Default is the name of the archive in the state directory, where none is given.
const Default = "archive"

// ending is that of the names of the months.
const ending = ".ndjson"

// Entry is one report.
type Entry struct {
	SHA256 string          `json:"sha256"` // of the content, in hexadecimal digits
	Bytes  int64           `json:"bytes"`  // how long it is
	Report json.RawMessage `json:"report"` // the message, with raw if that is short
}

// parse reads a line. A hash becomes the name of a file, and is checked.
func parse(line []byte) (*Entry, error) {
	e := &Entry{}
	if err := json.Unmarshal(line, e); err != nil {
		return nil, err
	}
	if sum, err := hex.DecodeString(e.SHA256); err != nil || len(sum) != 32 || e.SHA256 != strings.ToLower(e.SHA256) || len(e.Report) == 0 {
		return nil, errors.New("it is no line of an archive of reports")
	}
	return e, nil
}

// content is where the content of a hash is.
func content(dir, sum string) string { return filepath.Join(dir, "content", sum[:2], sum+".gz") }

// damaged says that a file is not what it was.
func damaged(path string, what any) error {
	return fmt.Errorf("%s: damaged: %v", path, what)
}
