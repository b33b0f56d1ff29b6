// Package replay implements replay.
//
// replay: send reports of the past once more, out of an archive
//
// The reports are those that output-archive has kept. They come in the order in
// which they were fetched, with all their fields, and so with the time.observation
// of then; in a pipeline each is a window of its own. Which ones is said by --feed,
// --provider and --code, as in feed.name, feed.provider and feed.code, and by
// --since and --until: a time, or how long ago that is, such as 30d, 12h or "2
// weeks". Both are compared with time.observation.
//
// With --list nothing is sent: it prints a line for each report, with the time, the
// length of the content in bytes, the beginning of its hash, the feed and where it
// came from. --sweep removes contents that no line names any longer, after months
// were removed; nothing may be added to the archive meanwhile.
//
// What is damaged is told, costs itself alone, and makes the exit code 1.
//
// # Examples
//
//	echo 192.0.2.1 | collect-file --name example - | output-archive archive
//	replay archive --feed example --since 30d | parse-netset
//	intelpipe replay archive --since 2026-01-01 then parse-netset \
//	  then output-file --file again.ndjson
package replay

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/reports"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command is replay.
type Command struct {
	Dir      string `arg:"" optional:"" help:"The directory of the archive; one in the state directory by default."`
	Feed     string `help:"Only reports of this feed.name." placeholder:"NAME"`
	Provider string `help:"Only those of this feed.provider." placeholder:"NAME"`
	Code     string `help:"Only those of this feed.code." placeholder:"CODE"`
	Since    string `help:"Only what was fetched from then on." placeholder:"TIME|SPAN"`
	Until    string `help:"Only what was fetched before." placeholder:"TIME|SPAN"`
	List     bool   `help:"Print what there is, and send nothing."`
	Sweep    bool   `help:"Remove contents that no line names any longer."`

	env    *stage.Env
	wanted reports.Wanted
}

// Relay says that the reports were described when they were fetched.
func (*Command) Relay() {}

// Identity is the archive, and what of it is wanted.
func (c *Command) Identity() string {
	return fmt.Sprintf("%q", []string{c.Dir, c.Feed, c.Provider, c.Code, c.Since, c.Until})
}

// Errand is --list or --sweep.
func (c *Command) Errand() stage.Runner {
	if c.List || c.Sweep {
		return &errand{c}
	}
	return nil
}

// Start reads the flags.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.env, c.Dir = env, cmp.Or(c.Dir, filepath.Join(env.StateDir, reports.Default))
	for _, limit := range []struct {
		flag, text string
		to         *time.Time
	}{{"since", c.Since, &c.wanted.Since}, {"until", c.Until, &c.wanted.Until}} {
		l, err := timeformat.ParseLimit(limit.text)
		if err != nil {
			return fmt.Errorf("--%s: %w", limit.flag, err)
		}
		if l.Given() {
			*limit.to = l.At(env.Now())
		}
	}
	c.wanted.Fields = [][2]string{{"feed.name", c.Feed}, {"feed.provider", c.Provider}, {"feed.code", c.Code}}
	return reports.Check(c.Dir)
}

// Collect sends the reports, each as a window.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	n := 0
	err := c.each(func(a *reports.Archived) error {
		if ctx.Err() != nil {
			return stage.ErrStop
		}
		n++
		a.Message.Dictionary = c.env.Dictionary
		content, err := a.Open()
		if err != nil {
			c.env.Fail("%w", err)
			return nil
		}
		defer content.Close()
		w := stage.Window{Name: a.SHA256[:12], Extent: func() string { return a.SHA256 }}
		return c.env.Deliver(w, func() error { return emit(a.Message) })
	})
	if n == 0 && err == nil {
		c.env.Warn("%s: there is no such report; see --list", c.Dir)
	}
	return err
}

func (c *Command) each(do func(*reports.Archived) error) error {
	return reports.Each(c.Dir, c.wanted, func(err error) { c.env.Fail("%w", err) }, do)
}

// errand prints or sweeps.
type errand struct{ *Command }

// Run carries it out.
func (e *errand) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	if err := e.Start(ctx, env); err != nil {
		return stage.Usage(err)
	}
	if e.Sweep {
		n, bytes, err := reports.Sweep(e.Dir)
		fmt.Fprintf(stdout, "contents removed: %d, bytes: %d\n", n, bytes)
		return stage.Fatal(err)
	}
	out := bufio.NewWriter(stdout)
	err := e.each(func(a *reports.Archived) error {
		m := a.Message
		_, err := fmt.Fprintf(out, "%s %12d %s  %s  %s\n", a.Observed.UTC().Format(time.RFC3339), a.Bytes, a.SHA256[:12],
			plain.Line(cmp.Or(m.Get("feed.name"), "-")), plain.Line(cmp.Or(m.Get("feed.url"), m.Get("extra.file_name"), "-")))
		return err
	})
	return cmp.Or(err, out.Flush())
}
