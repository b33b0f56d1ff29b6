package builtin

import (
	"errors"
	"os"
	"slices"

	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/sibling"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Commands are those of a program, for one of them that starts others.
type Commands []flags.Command

// Program is this program if it has several commands, and else the intelpipe that lies
// beside it or in PATH.
func (c Commands) Program() (string, error) {
	if len(c) > 1 {
		return os.Executable()
	}
	path, err := sibling.Find("intelpipe")
	if err != nil {
		return "", stage.Usage(errors.New("intelpipe is neither beside this program nor in PATH: install it, or set PATH"))
	}
	return path, nil
}

// Has says whether this program or its sibling has a command.
func (c Commands) Has(name string) bool {
	return flags.Find(c, name) != nil || page.Of(name).Summary != ""
}

// Check looks for the first mistake in a command line. Of a command that is in another
// program only the name is looked at.
func (c Commands) Check(words []string) (at int, err error) {
	for begin := 0; begin < len(words); {
		end := len(words)
		if i := slices.Index(words[begin:], "then"); i >= 0 {
			end = begin + i
		}
		switch {
		case begin == end || end == len(words)-1:
			return min(end, len(words)-1), errors.New("a command has to stand before and behind then")
		case !c.Has(words[begin]):
			where := ""
			if begin > 0 {
				where = " after then"
			}
			return begin, Unknown(c, words[begin], where)
		}
		if command := flags.Find(c, words[begin]); command != nil {
			if at, err := command.Check(words[begin+1 : end]); err != nil {
				return begin + 1 + at, err
			}
		}
		begin = end + 1
	}
	return 0, nil
}
