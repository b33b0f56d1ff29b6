// Package file implements output-file.
//
// output-file: append events to a file, one a line
//
// Events become JSON with sorted keys, without raw unless --keep-raw-field.
// The file is made if it is not there, and so are the directories above it.
// It is locked: a second writer waits 10 seconds and then gives up with exit
// code 3. Lines are written whole, after a second at the latest. SIGHUP makes
// output-file open the file again at once, so that it can be rotated. With
// --file - events go to stdout; in a stream with checkpoints that is refused.
//
// With --format-filename the file's name is made for each event.
// {event[feed.code]} stands for a field, None if there is none, and a field
// that is a time can be formatted: {event[time.source]:%Y-%m-%d}. Events cannot
// choose their place freely. The file lies below the directory that stands
// before the first brace, slashes in a field become _, and an event whose name
// would leave that directory fails.
//
// In a stream with checkpoints each one says how long the file was. A source
// that starts again after a crash cuts the file back to what it knows to be
// acknowledged, so that no line is torn or there twice. The lengths are kept
// beside the file in .NAME.checkpoints until all is acknowledged; who deletes
// the file deletes that one too. Lines that others append after a good end
// stay. After a crash, lines appended before the source is back are cut off,
// unless output-file itself wrote them in a stream without checkpoints: then
// everything stays, and a few events may be there twice. A file that cannot be
// cut, such as a pipe, is refused in such a stream.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | output-file --file events.ndjson
//	echo '{"source.ip":"192.0.2.1"}' | output-file --file -
//	echo '{"source.ip":"192.0.2.1","feed.name":"a"}' |
//	  output-file --format-filename --file 'out/{event[feed.name]}.ndjson'
package file

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	"github.com/intelpipe/intelpipe/internal/pyformat"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	blockSize = 64 << 10    // how much is collected before it is written,
	linger    = time.Second // or for how long
)

// Command is output-file.
type Command struct {
	File               string `help:"The file to append to, - for stdout, or with --format-filename the template of its name." placeholder:"FILE" required:""`
	FormatFilename     bool   `help:"Make the name of the file from the event."`
	EncodingErrorsMode string `help:"What to do with bytes that are not UTF-8. Events have none; raw, written with --single-key, may." enum:"strict,ignore,replace,backslashreplace" default:"strict"`
	export.Flags

	env      *stage.Env
	name     string // of the one file, relative to the directory
	template *pyformat.Template
	line     []byte

	mu     sync.Mutex // the timer writes, too
	files  *files
	stdout *stdout // instead of files
	ledger *ledger // once control lines have come
	plain  bool    // events have come without any
	timer  *time.Timer
	err    error // has ended the stream: what is in the files is for the next run to find out
}

// Start opens the file, or the directory below which files are made.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if c.File == "-" && !c.FormatFilename {
		w, err := c.env.Stdout()
		if err != nil {
			return fmt.Errorf("--file -: %w", err)
		}
		c.stdout = &stdout{w: w}
		return nil
	}
	if !c.FormatFilename {
		dir, name := filepath.Split(c.File)
		if name == "" || name == "." || name == ".." {
			return fmt.Errorf("--file %s: this is a directory, append the name of the file", c.File)
		}
		if err := disk.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("--file: %w", err)
		}
		c.name, c.files = name, newFiles(dir, nil)
		_, err := c.files.get(ctx, name)
		return err
	}
	dir, rest := fixed(c.File)
	template, err := pyformat.Compile(rest, "event", "ev")
	if err != nil {
		return fmt.Errorf("--file %s: %w", c.File, err)
	}
	for _, index := range template.Fields {
		if len(index) != 1 {
			return fmt.Errorf("--file %s: a field is written {event[source.ip]}", c.File)
		}
		if err := c.env.Dictionary.Check(harmonization.Event, index[0]); err != nil {
			return fmt.Errorf("--file %s: %w", c.File, err)
		}
	}
	c.template = template
	if err := disk.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	c.files, err = openBelow(dir)
	return err
}

// fixed splits a template behind the last slash before the first brace.
func fixed(template string) (dir, rest string) {
	literal := template
	if i := strings.IndexAny(template, "{}"); i >= 0 {
		literal = template[:i]
	}
	slash := strings.LastIndexByte(literal, '/') + 1
	return template[:slash], template[slash:]
}

// Process appends one event.
func (c *Command) Process(ctx context.Context, m *event.Message, _ stage.Emit) error {
	name, err := c.nameOf(m)
	if err != nil {
		return err
	}
	c.line, err = c.Append(c.line[:0], m)
	if err != nil {
		return err
	}
	line := c.line
	if c.SingleKey == "raw" {
		if line, err = export.Encode(line, c.EncodingErrorsMode); err != nil {
			return fmt.Errorf("raw: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.ready(ctx)
	}
	if c.err != nil {
		return stage.Fatal(c.err)
	}
	if o := c.stdout; o != nil {
		if o.buf = append(append(o.buf, line...), '\n'); len(o.buf) >= blockSize {
			c.err = o.flush()
		}
		c.later()
		return stage.Fatal(c.err)
	}
	f, err := c.files.get(ctx, name)
	if err != nil {
		if c.template != nil && blameName(err) {
			return err
		}
		c.err = err
		return stage.Fatal(err)
	}
	f.buf = append(append(f.buf, line...), '\n')
	if len(f.buf) >= blockSize {
		c.err = c.files.flush(f)
		return stage.Fatal(c.err)
	}
	c.later()
	return nil
}

// later makes sure that what is collected is written after a while.
func (c *Command) later() {
	if c.timer == nil {
		c.timer = time.AfterFunc(linger, c.onTimer)
	}
}

// flush writes what is collected.
func (c *Command) flush() error {
	if c.stdout != nil {
		return c.stdout.flush()
	}
	return c.files.flushAll()
}

// ready prepares the first event of a stream without control lines.
func (c *Command) ready(ctx context.Context) error {
	if c.ledger != nil || c.plain {
		return nil
	}
	if c.env.Controlled {
		return c.control(ctx)
	}
	c.plain = true
	if c.stdout != nil {
		return nil
	}
	pending, err := forget(c.ledgerPath())
	if pending {
		c.env.Warn("%s: a source has not finished with this file; when it is back some of its events may be there twice", c.File)
	}
	return err
}

// onTimer writes what has waited long enough.
func (c *Command) onTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil || c.err != nil {
		return
	}
	c.timer = nil
	c.err = c.flush()
}

// nameOf is the name of the event's file, relative to the directory.
func (c *Command) nameOf(m *event.Message) (string, error) {
	if c.template == nil {
		return c.name, nil
	}
	text, err := c.template.Execute(nil, func(_ string, index []string) (harmonization.Value, bool) {
		v, ok := m.Value(index[0])
		if !ok {
			return harmonization.Text("None"), true
		}
		v.Text = strings.ReplaceAll(v.Text, "/", "_")
		return v, true
	})
	if err != nil {
		return "", fmt.Errorf("name of the file: %w", err)
	}
	return string(text), checkName(string(text))
}

// checkName refuses names that could lead astray.
func checkName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "." || part == ".." || part == "" {
			return fmt.Errorf("name of the file: %q has a part %q", name, part)
		}
	}
	if strings.IndexByte(name, 0) >= 0 {
		return fmt.Errorf("name of the file: %q has a NUL", name)
	}
	if strings.Contains(name, ledgerSuffix) {
		return fmt.Errorf("name of the file: %q is for lengths at checkpoints", name)
	}
	return nil
}

// control is called with each control line; the first one opens the ledger.
func (c *Command) control(ctx context.Context) error {
	if c.ledger != nil {
		return nil
	}
	if c.stdout != nil {
		return errNotDurable
	}
	if err := c.files.regular(); err != nil {
		return err
	}
	if err := c.files.flushAll(); err != nil { // of a stream that did not begin with a Commit
		return err
	}
	l, err := openLedger(ctx, c.ledgerPath(), c.files, c.env.Warn)
	if err != nil {
		return err
	}
	c.ledger, c.files.ledger = l, l
	return nil
}

// ledgerPath lies beside the file. One for a template is told from others in
// the same directory by the template.
func (c *Command) ledgerPath() string {
	name := c.name
	if c.template != nil {
		_, name = fixed(c.File)
		name = strings.NewReplacer("/", "_", "{", "(", "}", ")").Replace(name)
	}
	return filepath.Join(c.files.dir, "."+name+ledgerSuffix)
}

// Checkpoint makes durable what was written.
func (c *Command) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.checkpoint(ctx, id)
	}
	return c.err
}

func (c *Command) checkpoint(ctx context.Context, id string) error {
	if id == "" && c.stdout != nil {
		return c.stdout.flush()
	}
	if id == "" {
		return c.files.finish()
	}
	if err := c.control(ctx); err != nil {
		return err
	}
	sizes, err := c.files.sync()
	if err != nil {
		return err
	}
	return c.ledger.checkpoint(id, sizes)
}

// Commit cuts off, when it is the first one, what a crash has left.
func (c *Command) Commit(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.control(ctx)
	}
	if c.err == nil {
		c.err = c.ledger.commit(id)
	}
	return c.err
}

// Reload opens files again that were moved away, at once: whoever has moved one
// may wait for the new one to appear.
func (c *Command) Reload(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if c.stdout != nil {
		return nil
	}
	if c.err = c.files.closeRegular(); c.err != nil {
		return c.err
	}
	if c.template == nil {
		_, err := c.files.get(ctx, c.name)
		return err
	}
	return nil
}

// Close writes what is left of a stream without control lines. In one with
// them it would be cut off again.
func (c *Command) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if c.stdout != nil && c.err == nil {
		if c.err = c.stdout.flush(); !errors.Is(c.err, stage.ErrStop) {
			return c.err
		}
	}
	if c.files == nil {
		return nil
	}
	var err error
	switch {
	case c.ledger != nil:
		clean := c.files.drop()
		err = c.ledger.close(clean && c.err == nil)
	case c.err == nil:
		err = c.files.flushAll()
	}
	c.files.close()
	return err
}
