// Package sealed has the lines of journals: a text behind its checksum. A flipped bit in a
// length or a name must not be taken for what was written.
package sealed

import (
	"bytes"
	"fmt"
	"hash/crc32"
)

// Line is a text without a newline as a line, with its checksum in front.
func Line(text []byte) []byte { return fmt.Appendf(nil, "%08x %s\n", checksum(text), text) }

// Text returns the text of a line that is given without its newline, and reports whether it
// is what was written.
func Text(line []byte) (text []byte, ok bool) {
	sum, text, _ := bytes.Cut(line, []byte{' '})
	return text, string(sum) == fmt.Sprintf("%08x", checksum(text))
}

func checksum(text []byte) uint32 {
	return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli))
}
