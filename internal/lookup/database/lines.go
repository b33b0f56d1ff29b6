package database

import (
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
)

// Lines calls entry for each line of the file at path, as Entries does.
func Lines(path string, entry func(text string) error) error {
	text, err := charset.ReadFile(path)
	if err != nil {
		return err
	}
	return Entries(path, string(text), entry)
}

// Entries calls entry for each line of the text of a list: without blanks around it, and
// without lines that are empty or a comment, which begins with #. An error of entry is
// returned with its place.
func Entries(path, text string, entry func(text string) error) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		bare := strings.TrimSpace(line)
		if bare == "" || bare[0] == '#' {
			continue
		}
		if err := entry(bare); err != nil {
			return fmt.Errorf("%s:%d:%d: %w", path, n, 1+strings.Index(line, bare), err)
		}
	}
	return nil
}
