// Package golden reads the files in which testdata/generate.py has noted what Python
// does. It is for tests.
package golden

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Read decodes each line of testdata/NAME, which is one JSON document.
func Read[T any](t testing.TB, name string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []T
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v: %.100s", name, err, lines.Text())
		}
		all = append(all, v)
	}
	if lines.Err() != nil || len(all) == 0 {
		t.Fatalf("%s: %d lines, error %v", name, len(all), lines.Err())
	}
	return all
}
