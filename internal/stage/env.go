package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Secret is a flag that must not stand on a command line: the flag takes the
// name of a file (tag it name:"…-file"), the environment the value itself.
type Secret string

// Size is a flag for a number of bytes, written 64KiB, 16MiB, 2GiB or plain.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	number, shift := string(text), 0
	for i, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n, ok := strings.CutSuffix(number, unit); ok {
			number, shift = n, 10*(i+1)
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > 1<<62>>shift {
		return fmt.Errorf("%q is no size: write a number of bytes, or with KiB, MiB or GiB behind it", text)
	}
	*s = Size(n << shift)
	return nil
}

// Value is a flag for a value that is compared with those of a field. Written
// as json:… it has its type already; else the field decides.
type Value struct {
	harmonization.Value
	Typed bool // written as json:…, or no string in the configuration file
}

// Object is a flag that takes a JSON object, written json:{…}.
type Object map[string]any

// Env is what the runtime offers to a running command.
type Env struct {
	Name       string                    // the command's name
	Dictionary *harmonization.Dictionary // fields in force, --harmonization
	StateDir   string                    // where files named without a slash live; may not exist yet
	Stdin      io.Reader                 // for a collector; others get messages
	Stdout     func() (io.Writer, error) // for an output that is told to write there; an error if messages or control lines go there
	Stderr     io.Writer                 // for other programs; a command uses Warn
	Environ    func() []string           // for other programs: without secrets of this process, and without InPipeline
	Controlled bool                      // false until the first control line of the stream has come
	Now        func() time.Time          // in UTC; INTELPIPE_NOW makes it stand still
	Warn       func(format string, args ...any)
	Fail       func(format string, args ...any)              // is Warn, and the command will end with exit code 1
	Sum        func(part func() (text string, trouble bool)) // puts a part on the command's last line, which is printed if there was trouble, or with --verbose
	Path       func(name string) Route                       // where --to NAME=DEST leads, or nil
	Follow     bool                                          // --follow: a Receiver waits for more when its origin is empty
	DryRun     bool                                          // --dry-run: an output connects nowhere, since nothing is sent
	Words      []string                                      // of an Errand: the command line behind the command's name; of a Launcher: what stands behind --
	Commands   Commands                                      // what a Launcher can start
	Reading    *event.Reading                                // of an Errand of a parser: how to read reports
	Pipeline   Pipeline                                      // that a collector owns; nil in a bare pipe, where nothing is given up that cannot be fetched again
}

// Commands are those that there are.
type Commands interface {
	// Program is the path of the program that has them all, by its first word.
	Program() (string, error)
	// Check reads a command line, of several commands with then between them. It
	// returns the first word that is wrong; what is missing is no mistake.
	Check(words []string) (at int, err error)
	// Has says whether there is such a command.
	Has(name string) bool
}

// Standalone is the Env of a stage that no runtime runs: it says nothing, and
// leads nowhere. Tests set what they look at.
func Standalone() *Env {
	now := func() time.Time { return time.Now().UTC() }
	silent := func(string, ...any) {}
	stdout := func() (io.Writer, error) { return nil, errors.New("there is no stdout without the runtime") }
	return &Env{Dictionary: harmonization.Default(), Stdout: stdout, Environ: os.Environ, Now: now, Warn: silent, Fail: silent, Sum: func(func() (string, bool)) {}, Path: func(string) Route { return nil }}
}

// Deliver sends a window through the pipeline, or in a bare pipe just sends.
func (e *Env) Deliver(w Window, send func() error) error {
	if e.Pipeline != nil {
		return e.Pipeline.Window(w, send)
	}
	return send()
}
