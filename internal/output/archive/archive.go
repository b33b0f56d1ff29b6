// Package archive implements output-archive.
//
// output-archive: keep reports as they were fetched, to parse them again
//
// A parser that is new, or was mended, is best tried on what the feed has sent in
// the past. output-archive stands between a collector and its parser, with --pass,
// and keeps all reports in a directory; replay sends them once more. Content that
// is the same as before is kept once, compressed and under its hash, and for each
// report there is a line with its fields, in a file for each month. See replay(1).
//
// It is an output and no flag of the collectors: so it can be put behind any of
// them, and what it has passed on is durable in the archive when the checkpoint
// comes back. Without DIR the archive is in the state directory.
//
// Reports may be larger than memory. Events are refused: output-file is for them.
// Nothing is deleted; months that are no longer wanted are files to be removed, and
// replay --sweep removes the contents that none of the others needs.
//
// # Examples
//
//	echo 192.0.2.1 > list.txt &&
//	  intelpipe collect-file --name example list.txt \
//	  then output-archive archive --pass then parse-netset \
//	  then output-file --file events.ndjson
//	replay archive --feed example | parse-netset
package archive

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/reports"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is output-archive.
type Command struct {
	Dir string `arg:"" optional:"" help:"The directory of the archive."`

	archive *reports.Writer
	open    io.Closer // the content of the last report, or nil
}

// Streams says that reports are not read into memory.
func (*Command) Streams() {}

// Start opens the archive.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	if env.DryRun {
		return nil
	}
	c.archive, err = reports.NewWriter(cmp.Or(c.Dir, filepath.Join(env.StateDir, reports.Default)), env.Now)
	return err
}

// check refuses what is no report.
func check(m *event.Message) error {
	if m.Get("__type") != "Report" {
		return errors.New("it is an event, and only reports are kept; output-file keeps events")
	}
	return nil
}

// Process keeps one report.
func (c *Command) Process(_ context.Context, m *event.Message, _ stage.Emit) (err error) {
	if err := check(m); err != nil {
		return err
	}
	c.release() // the stages behind have done with it
	c.open, err = c.archive.Add(m)
	return err
}

func (c *Command) release() {
	if c.open != nil {
		c.open.Close()
		c.open = nil
	}
}

// Encode says what would be kept of a report, but for its content.
func (c *Command) Encode(m *event.Message) (stage.Item, error) {
	return stage.Item{Data: m.Append(nil)}, check(m)
}

// Checkpoint makes durable what was kept.
func (c *Command) Checkpoint(context.Context, string, stage.Emit) error { return c.archive.Commit() }

// Close drops what no checkpoint came for: its source will send it again.
func (c *Command) Close() error {
	if c.archive == nil {
		return nil
	}
	c.release()
	return c.archive.Close()
}
