// Package sibling hands a command line over from intelpipe to intelpipe-full, which
// has the commands whose clients are large or slow to start.
package sibling

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Name is that of the binary that has every command.
const Name = "intelpipe-full"

// handed is the variable that marks a command line as handed over. Its value is the
// version of the binary that did it.
const handed = "INTELPIPE_HANDED_OVER"

// Missing returns the first command on a command line that is known and not here, or
// "". What stands behind "--" is the pipeline of a source, and another process.
func Missing(name string, args []string, has func(string) bool) string {
	isMissing := func(word string) bool { return !has(word) && page.Of(word).Summary != "" }
	if isMissing(name) {
		return name
	}
	if !has(name) && len(args) > 0 {
		if isMissing(args[0]) {
			return args[0]
		}
		if asksFor(args) && isMissing(args[1]) {
			return args[1]
		}
	}
	for i, word := range args {
		switch {
		case word == "--":
			return ""
		case word == "then" && i+1 < len(args) && isMissing(args[i+1]):
			return args[i+1]
		}
	}
	return ""
}

// asksFor tells the words "help COMMAND" and "man COMMAND".
func asksFor(args []string) bool {
	return len(args) == 2 && (args[0] == "help" || args[0] == "man")
}

// HandOver replaces this process by intelpipe-full, which gets the same command line.
// It returns only if that is impossible: with a stage.Usage if there is none.
func HandOver(command string, args []string, version string) error {
	if accepted { // from a binary that says that it is of the same version
		return fmt.Errorf("%s is not in %s, though this is version %s of both", command, Name, version)
	}
	path, err := Find(Name)
	if err != nil {
		return stage.Usage(fmt.Errorf("%s is in %s, which is neither beside this program nor in PATH: install it", command, Name))
	}
	env := append(os.Environ(), handed+"="+version)
	return fmt.Errorf("%s: %w", path, unix.Exec(path, args, env))
}

// Find looks for a program beside this one, whatever links lead to it, and in PATH.
func Find(name string) (string, error) {
	if path := Beside(name); path != "" {
		return path, nil
	}
	return exec.LookPath(name)
}

// Beside is the path of a program that lies beside this one, or "".
func Beside(name string) string {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return ""
	}
	path := filepath.Join(filepath.Dir(self), name)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return ""
	}
	return path
}

// errVersion says that the two binaries do not belong together.
var errVersion = errors.New("install both from one release")

// accepted says that this process has taken over a command line.
var accepted bool

// Accept is called when a program starts. It refuses what a binary of another
// version has handed over, and takes the mark off, which is for no other process.
func Accept(version string) error {
	from := os.Getenv(handed)
	if from == "" {
		return nil
	}
	accepted = true
	os.Unsetenv(handed)
	if from != version {
		return fmt.Errorf("intelpipe is version %s and %s is version %s: %w", from, Name, version, errVersion)
	}
	return nil
}
