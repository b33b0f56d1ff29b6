package archive

import (
	"bytes"
	"strings"
)

// Format is a file format.
type Format int

// The formats that Detect knows.
const (
	None Format = iota
	Zip
	Tar
	Gzip
	Bzip2
	XZ
)

// HeadSize is the number of bytes that Detect wants to see.
const HeadSize = 512

// Detect names the format of a file from its first HeadSize bytes, or fewer if
// the file has no more. What is inside a compressed stream does not show here.
func Detect(head []byte) Format {
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case has("PK\x03\x04"), has("PK\x05\x06"): // the second is a zip without members
		return Zip
	case isTar(head):
		return Tar
	case has("\x1f\x8b"):
		return Gzip
	case has("BZh"):
		return Bzip2
	case has("\xfd7zXZ\x00"):
		return XZ
	}
	return None
}

// isTar checks the sum of a tar header, which all kinds of tar have. A block of
// zeros is a tar without members.
func isTar(head []byte) bool {
	if len(head) < HeadSize {
		return false
	}
	head = head[:HeadSize]
	var sum, signed, want int64
	for i, b := range head {
		if i >= 148 && i < 156 { // the field of the sum itself counts as blanks
			b = ' '
		}
		sum += int64(b)
		signed += int64(int8(b))
	}
	field := strings.Trim(string(head[148:156]), " \x00")
	if field == "" {
		return sum == 8*' '
	}
	for _, c := range field {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int64(c-'0')
	}
	return want == sum || want == signed
}
