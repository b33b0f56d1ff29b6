package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormats opens cursors of other formats, whose keys may be others, with and
// without a checksum. They are refused, and stay as they are.
func TestFormats(t *testing.T) {
	for _, number := range []int{0, 2, 1 << 31} {
		for _, keys := range []string{`"state":{}`, `"names":[1]`} {
			for _, sum := range []bool{true, false} {
				path := filepath.Join(t.TempDir(), "cursor")
				doc := fmt.Appendf(nil, "{\"format\":%d,%s}\n", number, keys)
				if sum {
					doc = fmt.Appendf(doc, "%s%08x\n", sumPrefix, checksum(doc))
				}
				put(t, path, doc)
				c, err := OpenCursorContext(t.Context(), path, 0)
				if err == nil {
					c.Close()
				}
				want := fmt.Sprintf("%s: has format %d, and this version knows format 1 only: use the version that wrote it, or move it away to begin without it", path, number)
				if err == nil || err.Error() != want {
					t.Errorf("%s: got  %v\nwant %s", doc, err, want)
				}
				if after, _ := os.ReadFile(path); string(after) != string(doc) {
					t.Errorf("%s was changed: %s", doc, after)
				}
			}
		}
	}
}

// TestCursorWithoutFormat has files that are no cursors.
func TestCursorWithoutFormat(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                 "it has no format number",
		`{"version":1,"state":{}}`:           "it has no format number",
		`{"format":1}`:                       "it has no state",
		`{"format":"1","state":{}}`:          "cannot unmarshal",
		`{"format":-1,"state":{}}`:           "cannot unmarshal",
		`{"format":1,"state":{},"names":{}}`: `unknown field "names"`,
		`[]`:                                 "cannot unmarshal",
		``:                                   "EOF",
	} {
		path := filepath.Join(t.TempDir(), "cursor")
		put(t, path, []byte(text))
		c, err := OpenCursorContext(t.Context(), path, 0)
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), path+": damaged at byte 0") && !strings.Contains(text, "names") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
