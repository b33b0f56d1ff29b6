package archive

import (
	"fmt"
	"io"
	"strings"
)

// A Member is one file of an archive. Its content can be read until the next
// one is asked for. A compressed file that is no archive has one member without
// a name.
type Member struct {
	Name string
	io.Reader
}

// walker goes through an archive once. To check, it reads all there is and
// returns what is wrong with the archive as a whole.
type walker struct {
	file    File
	limits  Limits
	check   bool
	bombs   map[int]bool // members of a zip, by their place, that are over the ratio
	members int
	yield   func(Member, error) bool
}

// hand yields a member, or why it is refused.
func (w *walker) hand(name string, content io.Reader, err error) bool {
	if err != nil {
		return w.yield(Member{Name: name}, fmt.Errorf("%q: %w", name, err))
	}
	return w.yield(Member{Name: name, Reader: content}, nil)
}

func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// checkName refuses names that would be dangerous to whoever makes a file of them.
func checkName(name string) error {
	if name == "" || name[0] == '/' || strings.ContainsAny(name, "\\\x00") {
		return ErrName
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return ErrName
		}
	}
	return nil
}
