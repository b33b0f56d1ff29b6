package tool

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stdio"
)

// operands are the files that are read instead of stdin.
type operands struct {
	files []string
	stdin any
}

// find takes note of them, and finds out before any input is read whether they
// can be read.
func (o *operands) find(stages []*selected, getenv func(string) string) error {
	for i, s := range stages {
		if s.flags.FileFlags == nil || len(s.flags.Files) == 0 {
			continue
		}
		if i > 0 {
			return stage.Usage(fmt.Errorf("%s stands after then and gets its input from %s: it takes no files", s.spec.Name, stages[i-1].spec.Name))
		}
		if source := getenv(stage.InPipeline); source != "" {
			return stage.Usage(fmt.Errorf("in the pipeline of %s it takes no files: what the source sends would not be read", source))
		}
		for _, name := range s.flags.Files {
			if err := readable(name); err != nil {
				return stage.Usage(err)
			}
		}
		o.files = s.flags.Files
	}
	return nil
}

// readable opens the file as a test, but no FIFO: whoever writes to that would
// take it for the end.
func readable(name string) error {
	if name == "-" {
		return nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	case info.IsDir():
		return fmt.Errorf("%s is a directory; name the files in it, as in %s/*", name, name)
	case !info.Mode().IsRegular():
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	return f.Close()
}

// readsStdin reports whether stdin is among what is read.
func (o *operands) readsStdin() bool { return len(o.files) == 0 || slices.Contains(o.files, "-") }

// readsPipe reports whether that is a pipe.
func (o *operands) readsPipe() bool { return o.readsStdin() && stdio.IsPipe(o.stdin) }
