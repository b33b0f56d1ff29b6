// Package format refuses files of state that another version has written in another
// format. Each of them carries the number of its format, at a place and in a way that
// stay the same in all formats. There is no release yet: nothing older has to be read.
package format

import "fmt"

// Check returns an error unless the number that the file or directory at path carries
// is the known one. The error is one line that names path and the way out.
func Check(path string, number, known uint64) error {
	if number == known {
		return nil
	}
	return fmt.Errorf("%s: has format %d, and this version knows format %d only: use the version that wrote it, or move it away to begin without it", path, number, known)
}
