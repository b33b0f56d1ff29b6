package redis

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/batch"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// driver plays the runtime: it feeds output-redis with lines, looks at the age of
// what waits, and keeps what has failed.
type driver struct {
	command    *Command
	env        *stage.Env
	options    batch.Options
	stdout     io.Writer
	stderr     bytes.Buffer
	dump       []string // place, reason and message
	controlled bool
	warned     func() // is called at each warning
}

// batchCount is how many events are sent at once.
const batchCount = 20_000

func newDriver(port int, stdout io.Writer) *driver {
	c := &Command{WithType: true}
	c.RedisServerIP, c.RedisServerPort, c.RedisDb, c.RedisQueue, c.RedisTimeout = "127.0.0.1", port, 2, "bot-queue", 5000
	return &driver{
		command: c, env: stage.Standalone(), stdout: stdout, warned: func() {},
		options: batch.Options{Events: batchCount, Bytes: 16 << 20, Age: time.Second, RetryFor: 5 * time.Minute},
	}
}

// run runs the command and returns what it wrote.
func run(t *testing.T, stdin io.Reader, port int, stdout io.Writer, flags ...string) (stderr string, code int) {
	t.Helper()
	var errs bytes.Buffer
	state := t.TempDir()
	code = tool.Run(context.Background(), []tool.Spec{{Name: "output-redis", New: func() any { return new(Command) }}}, tool.System{
		Args:  append([]string{"output-redis", "--redis-server-port", strconv.Itoa(port), "--redis-queue", "bot-queue"}, flags...),
		Stdin: stdin, Stdout: stdout, Stderr: &errs,
		Getenv: func(name string) string { return map[string]string{"STATE_DIRECTORY": state}[name] },
	})
	return errs.String(), code
}

func (d *driver) run(stdin io.Reader) (stderr string, code int) {
	if err := d.feed(stdin); err != nil {
		fmt.Fprintln(&d.stderr, "output-redis:", err)
		code = 3
	} else if len(d.dump) > 0 {
		code = 1
	}
	return d.stderr.String(), code
}

func (d *driver) feed(stdin io.Reader) error {
	ctx := context.Background()
	if err := d.command.Start(ctx, d.env); err != nil {
		return err
	}
	defer d.command.Close()
	var batcher stage.Batcher = d.command
	if d.env.DryRun {
		batcher = batch.NewDryRun(batcher, d.stdout)
	}
	b := batch.New(batcher, d, d.options, nil)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stdin); s.Scan(); {
			lines <- s.Text()
		}
	}()
	defer func() {
		go func() { // a writer that goes on is not kept waiting
			for range lines {
			}
		}()
	}()
	var age <-chan time.Time
	for number := int64(1); ; number++ {
		var line string
		more := true
		switch {
		case b.Holds() == 0:
			age = nil
		case age == nil:
			age = time.After(b.Holds())
		}
		select {
		case line, more = <-lines:
		case <-age:
			number--
			if err := b.Send(ctx); err != nil {
				return err
			}
			continue
		}
		if !more {
			return b.Checkpoint(ctx, "")
		}
		if err := d.line(ctx, b, line, number); err != nil {
			return err
		}
	}
}

func (d *driver) line(ctx context.Context, b *batch.Batch, line string, number int64) error {
	m := new(event.Message)
	if err := m.Decode([]byte(line)); err != nil {
		return err
	}
	switch m.Kind {
	case event.Checkpoint, event.Commit:
		d.controlled = true
		if m.Kind == event.Checkpoint {
			if err := b.Checkpoint(ctx, m.ID()); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(d.stdout, line)
		return err
	}
	m.SetPlace(event.Place{File: "stdin", Line: number})
	err := b.Add(ctx, m)
	if err != nil && !stage.IsFatal(err) {
		return d.Refused(m, err)
	}
	return err
}

func (d *driver) Controlled() bool { return d.controlled }

func (d *driver) Sent(m *event.Message) error {
	_, err := fmt.Fprintln(d.stdout, m)
	return err
}

func (d *driver) Refused(m *event.Message, reason error) error {
	d.dump = append(d.dump, fmt.Sprintf("%v: %v: %v", m.Place(), reason, m))
	return nil
}

func (d *driver) Warn(format string, args ...any) {
	fmt.Fprintf(&d.stderr, "output-redis: "+format+"\n", args...)
	d.warned()
}
