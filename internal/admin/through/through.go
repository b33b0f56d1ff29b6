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

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// blockSize is how much is collected before it is written.
const blockSize = 64 << 10

// Command is through.
type Command struct {
	Command []word `arg:"" passthrough:"" sep:"none" help:"What to run, with its arguments."`

	env   *stage.Env
	child *child // nil between windows
	in    []byte // not yet written to it
	out   []byte // read from it, and not yet a whole line
	line  int64  // of its output
}

type word string

// Start looks for the command.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if len(c.Command) > 1 && c.Command[0] == "--" {
		c.Command = c.Command[1:]
	}
	_, err := exec.LookPath(string(c.Command[0]))
	return err
}

// Process shows the command a message.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if c.child == nil {
		var err error
		if c.child, err = start(c.Command, c.env.Stderr, c.env.Environ()); err != nil {
			return stage.Fatal(err)
		}
		c.line = 0
	}
	c.in = append(m.Append(c.in), '\n')
	if len(c.in) < blockSize {
		return nil
	}
	return c.write(ctx, emit)
}

// write passes on what comes out of the command until it has taken all that is
// there for it: it may have to write before it can read.
func (c *Command) write(ctx context.Context, emit stage.Emit) error {
	for in := c.in; len(in) > 0; {
		n, err := c.child.write(in)
		if err == nil && n == 0 {
			err = c.child.wait()
		}
		if err != nil {
			return c.failed(err)
		}
		in = in[n:]
		if _, err := c.read(ctx, emit); err != nil {
			return err
		}
	}
	c.in = c.in[:0]
	return nil
}

// read passes on what has come out of the command, and says whether that is all.
func (c *Command) read(ctx context.Context, emit stage.Emit) (ended bool, err error) {
	for {
		var n int
		c.out, n, err = c.child.read(c.out)
		if err != nil {
			return false, c.failed(err)
		}
		if err := c.lines(n == 0, emit); err != nil || n <= 0 {
			return n == 0, err
		}
	}
}

// Idle gives the command all that there is for it.
func (c *Command) Idle(ctx context.Context, emit stage.Emit) error {
	if c.child == nil {
		return nil
	}
	if err := c.write(ctx, emit); err != nil {
		return err
	}
	_, err := c.read(ctx, emit)
	return err
}

// Fd is the output of the command.
func (c *Command) Fd() int {
	if c.child == nil || c.child.ended {
		return -1
	}
	return c.child.stdout
}

// Checkpoint ends the command. What it wrote goes before the checkpoint.
func (c *Command) Checkpoint(ctx context.Context, _ string, emit stage.Emit) error {
	if c.child == nil {
		return nil
	}
	if err := c.write(ctx, emit); err != nil {
		return err
	}
	c.child.closeStdin()
	for {
		ended, err := c.read(ctx, emit)
		if err != nil {
			return err
		}
		if ended {
			break
		}
		if err := c.child.wait(); err != nil {
			return c.failed(err)
		}
	}
	err := c.child.end()
	c.child = nil
	if err != nil {
		return c.failed(err)
	}
	return nil
}

// Finish is the same at the end of a stream without checkpoints.
func (c *Command) Finish(ctx context.Context, emit stage.Emit) error {
	return c.Checkpoint(ctx, "", emit)
}

// Close ends a command whose stream has broken.
func (c *Command) Close() error {
	if c.child != nil {
		c.child.kill()
		c.child = nil
	}
	return nil
}

func (c *Command) failed(err error) error {
	if errors.Is(err, stage.ErrStop) {
		return err
	}
	return stage.Fatal(fmt.Errorf("%s: %w", c.Command[0], err))
}
