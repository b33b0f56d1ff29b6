package database

import (
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
)

// Lines calls entry for each line of a list: without blanks around it, and without lines
// that are empty or a comment, which begins with #. An error of entry is returned with the
// place of the line.
func Lines(path string, entry func(text string) error) error {
	text, err := charset.ReadFile(path)
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := entry(line); err != nil {
			return fmt.Errorf("%s:%d:1: %w", path, n, err)
		}
	}
	return nil
}
