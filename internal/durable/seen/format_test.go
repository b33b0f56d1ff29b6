package seen

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// TestFormats opens files of other formats. They are refused, and stay as they are.
func TestFormats(t *testing.T) {
	for _, number := range []uint32{0, 1, 2, 1 << 31} {
		path := filepath.Join(t.TempDir(), "seen")
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
		s, err := OpenContext(t.Context(), path, 0, 0, 0)
		if err == nil {
			s.Close()
		}
		want := fmt.Sprintf("%s: has format %d, and this version knows format 1 only: use the version that wrote it, or move it away to begin without it", path, number)
		if known := number == fileFormat; known && err != nil || !known && (err == nil || err.Error() != want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if after, _ := os.ReadFile(path); string(after) != string(b) {
			t.Errorf("format %d: it was changed", number)
		}
	}
}
