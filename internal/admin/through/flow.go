package through

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

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
