package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormats opens files of other formats. They are refused in the same words, and
// stay as they are.
func TestFormats(t *testing.T) {
	seen := func(t *testing.T, path string, number uint32) {
		if err := mustOpen(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint32(b[16:], number)
		binary.LittleEndian.PutUint32(b[1020:], crc32.Checksum(b[:1020], castagnoli()))
		put(t, path, b)
	}
	cursor := func(more string, sum bool) func(*testing.T, string, uint32) {
		return func(t *testing.T, path string, number uint32) {
			doc := fmt.Appendf(nil, `{"format":%d%s}`+"\n", number, more)
			if sum {
				doc = fmt.Appendf(doc, "%s%08x\n", sumPrefix, crc32.Checksum(doc, castagnoli()))
			}
			put(t, path, doc)
		}
	}
	openSeen := func(t *testing.T, path string) error {
		s, err := OpenContext(t.Context(), path, 0, 0, 0)
		if err == nil {
			err = s.Close()
		}
		return err
	}
	openCursor := func(t *testing.T, path string) error {
		c, err := OpenCursorContext(t.Context(), path, 0)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	for _, c := range []struct {
		name  string
		write func(t *testing.T, path string, number uint32)
		open  func(t *testing.T, path string) error
	}{
		{"seen", seen, openSeen},
		{"cursor", cursor(`,"state":{}`, true), openCursor},
		{"cursor by hand", cursor(`,"state":{}`, false), openCursor},
		{"cursor with other keys", cursor(`,"names":[1]`, true), openCursor},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, number := range []uint32{0, 2, 1 << 31} {
				path := filepath.Join(t.TempDir(), "state")
				c.write(t, path, number)
				before, _ := os.ReadFile(path)
				want := fmt.Sprintf("%s: has format %d, and this version knows format 1 only: use the version that wrote it, or move it away to begin without it", path, number)
				if err := c.open(t, path); err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				if after, _ := os.ReadFile(path); string(after) != string(before) {
					t.Errorf("it was changed: %q", after)
				}
			}
			path := filepath.Join(t.TempDir(), "state")
			if c.write(t, path, 1); c.name == "cursor with other keys" {
				return
			}
			if err := c.open(t, path); err != nil {
				t.Errorf("the known format: %v", err)
			}
		})
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
