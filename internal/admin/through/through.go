// Package through implements through.
//
// through: let a filter that knows nothing of checkpoints take part
//
// Any filter of lines can stand in a bare pipe. In the pipeline of a source one
// that swallows checkpoints, changes their place or holds back what belongs
// before them breaks the promise that nothing is lost. through runs COMMAND once
// for each window of the stream, shows it the messages only, and passes the
// checkpoint on when COMMAND has ended with exit code 0 and all that it wrote
// has been passed on. A COMMAND that fails breaks the stream, with exit code 3.
// In a stream without checkpoints it runs once. A window without messages does
// not run it at all.
//
// Only the exit code tells that COMMAND was killed, and in a pipe inside of it a
// shell hides that: give each filter a through of its own. One that exits with
// another code than 0 though nothing is wrong, as grep does where nothing
// matches, has to say so.
//
// COMMAND does not get the variables that carry secrets of this process's own
// flags. What it knows from one window is forgotten in the next. A line of its
// output that is no message goes into the dump.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' |
//	  through sh -c 'grep -F 192.0.2. || test $? = 1' | expert-taxonomy
//	echo '{"source.port":22}' |
//	  through jq -c 'select(."source.port" == 22)' | through sed s/22/23/
package through

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is through.
type Command struct {
	Command []word `arg:"" passthrough:"" sep:"none" help:"What to run, with its arguments."`

	env   *stage.Env
	child *child // nil between windows
	in    []byte // not yet written to it
	out   []byte // read from it, and not yet a whole line
	line  int64  // of its output
}

// Start looks for the command.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if len(c.Command) > 1 && c.Command[0] == "--" {
		c.Command = c.Command[1:]
	}
	_, err := exec.LookPath(string(c.Command[0]))
	return err
}

func (c *Command) failed(err error) error {
	if errors.Is(err, stage.ErrStop) {
		return err
	}
	return stage.Fatal(fmt.Errorf("%s: %w", c.Command[0], err))
}
