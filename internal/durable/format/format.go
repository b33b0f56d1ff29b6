// Package format says what is wrong with a file of state: another version has written
// it in another format, or it is damaged. Each file carries the number of its format,
// at a place and in a way that stay the same in all formats. There is no release yet:
// nothing older has to be read.
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

// A DamagedError says that a file is not what was written. Nothing is guessed
// from such a file, and nothing of it is overwritten.
type DamagedError struct {
	Path   string
	Offset int64 // in bytes
	What   string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s: damaged at byte %d: %s; restore it from a backup, or move it away to begin without it", e.Path, e.Offset, e.What)
}

// Damaged returns a *DamagedError.
func Damaged(path string, offset int64, what string) error {
	return &DamagedError{path, offset, what}
}
