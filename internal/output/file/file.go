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
// acknowledged, so that no line is torn or there twice. Where another source has
// written behind it nothing is cut off, and the lines that are there are left out
// when they come again. The lengths are kept beside the file in
// .NAME.checkpoints until all is acknowledged; who deletes the file deletes that
// one too. Lines that others append after a good end stay. After a crash, lines
// appended before a source is back are cut off, unless output-file itself wrote
// them in a stream without checkpoints: then everything stays, and a few events
// may be there twice. A file that cannot be cut, such as a pipe, is refused in
// such a stream.
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
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/linefile"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	"github.com/intelpipe/intelpipe/internal/python/strformat"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is output-file.
type Command struct {
	File               string `help:"The file to append to, - for stdout, or with --format-filename the template of its name." placeholder:"FILE" required:""`
	FormatFilename     bool   `help:"Make the name of the file from the event."`
	EncodingErrorsMode string `help:"What to do with bytes that are not UTF-8. Events have none; raw, written with --single-key, may." enum:"strict,ignore,replace,backslashreplace" default:"strict"`
	export.Flags

	env      *stage.Env
	template *strformat.Template
	line     []byte
	to       destination // nil in a dry run
}

// destination is a file, many, or stdout.
type destination interface {
	// Append writes a line to the file of a name, after a while. Controlled is
	// whether the stream has checkpoints.
	Append(ctx context.Context, name string, line []byte, controlled bool) error
	Held() bool // something is not written yet
	Flush(ctx context.Context, emit stage.Emit) error
	Checkpoint(ctx context.Context, id string, emit stage.Emit) error
	Commit(ctx context.Context, id string) error
	Reopen(ctx context.Context) error
	Close() error
}

// files are a file, or those of a directory.
type files struct{ *linefile.Files }

func (f files) Flush(context.Context, stage.Emit) error { return f.Files.Flush() }

func (f files) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	return f.Files.Checkpoint(ctx, id)
}

// linger is how long a line waits to be written with others.
const linger = time.Second

// Start opens the file, or the directory below which files are made.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.env = env
	if c.File == "-" && !c.FormatFilename {
		w, err := env.Stdout()
		if err != nil {
			return fmt.Errorf("--file -: %w", err)
		}
		c.to = &stdout{w: w}
		return nil
	}
	dir, rest := fixed(c.File)
	if c.FormatFilename {
		if err := c.compile(rest); err != nil {
			return fmt.Errorf("--file %s: %w", c.File, err)
		}
	}
	if env.DryRun {
		return nil
	}
	var to files
	if c.FormatFilename {
		name := strings.NewReplacer("/", "_", "{", "(", "}", ")").Replace(rest)
		to.Files, err = linefile.Below(dir, name, c.File, env.Warn)
	} else if to.Files, err = linefile.Open(ctx, c.File, env.Warn); disk.IsTrouble(err) {
		return err
	}
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	c.to = to
	return nil
}

// compile reads the template of a name.
func (c *Command) compile(template string) (err error) {
	if c.template, err = strformat.Compile(template, "event", "ev"); err != nil {
		return err
	}
	for _, index := range c.template.Fields {
		if len(index) != 1 {
			return errIndex
		}
		if err := c.env.Dictionary.Check(harmonization.Event, index[0]); err != nil {
			return err
		}
	}
	return nil
}

var errIndex = errors.New("a field is written {event[source.ip]}")

// fixed splits a template behind the last slash before the first brace.
func fixed(template string) (dir, rest string) {
	literal := template[:strings.IndexAny(template+"{", "{}")]
	slash := strings.LastIndexByte(literal, '/') + 1
	return template[:slash], template[slash:]
}

// encode makes a line of an event, into dst.
func (c *Command) encode(dst []byte, m *event.Message) (line []byte, err error) {
	if line, err = c.Append(dst, m); err == nil && c.SingleKey == "raw" {
		if line, err = export.Encode(line, c.EncodingErrorsMode); err != nil {
			err = fmt.Errorf("raw: %w", err)
		}
	}
	return line, err
}

// Encode says what would be written, and below which name if that is made of the
// event.
func (c *Command) Encode(m *event.Message) (item stage.Item, err error) {
	if c.template != nil {
		dir, _ := fixed(c.File)
		name, err := c.nameOf(m)
		if err == nil {
			err = linefile.CheckName(name)
		}
		if err != nil {
			return item, err
		}
		item.Group = dir + name
	}
	item.Data, err = c.encode(nil, m)
	return item, err
}

// Process appends one event.
func (c *Command) Process(ctx context.Context, m *event.Message, _ stage.Emit) error {
	name, err := c.nameOf(m)
	if err != nil {
		return err
	}
	line, err := c.encode(c.line[:0], m)
	if err != nil {
		return err
	}
	c.line = line
	if err = c.to.Append(ctx, name, line, c.env.Controlled); linefile.BlamesName(err) {
		return err
	}
	return stage.Fatal(err)
}

// Holds is how long lines wait that are not written yet.
func (c *Command) Holds() time.Duration {
	if c.to != nil && c.to.Held() {
		return linger
	}
	return 0
}

// Flush writes them.
func (c *Command) Flush(ctx context.Context, emit stage.Emit) error { return c.to.Flush(ctx, emit) }

// nameOf is the name of the event's file, relative to the directory.
func (c *Command) nameOf(m *event.Message) (string, error) {
	if c.template == nil {
		return "", nil
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
	return string(text), nil
}

// Checkpoint makes durable what was written.
func (c *Command) Checkpoint(ctx context.Context, id string, emit stage.Emit) error {
	return c.to.Checkpoint(ctx, id, emit)
}

// Commit cuts off, when it is the first one, what a crash has left.
func (c *Command) Commit(ctx context.Context, id string) error { return c.to.Commit(ctx, id) }

// Reload opens files again that were moved away, at once: whoever has moved one
// may wait for the new one to appear.
func (c *Command) Reload(ctx context.Context) error { return c.to.Reopen(ctx) }

// Close writes what is left of a stream without control lines.
func (c *Command) Close() error {
	if c.to == nil {
		return nil
	}
	return c.to.Close()
}
