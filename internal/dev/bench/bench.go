// Package bench measures what the commands cost, as ratios in one run: against
// a byte copy of the same lines, against jq, Miller and an empty program. A
// ratio says something on any machine; a number of events a second does not.
//
// This package says what is measured and in which order. The parts of it are packages of
// their own, and each knows only those before it in this list: data, job, table, tasks,
// startup, lookups, streams, rules.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/lookups"
	"github.com/intelpipe/intelpipe/internal/dev/bench/rules"
	"github.com/intelpipe/intelpipe/internal/dev/bench/startup"
	"github.com/intelpipe/intelpipe/internal/dev/bench/streams"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

// Options say what to measure.
type Options struct {
	Bin  string         // directory of the product's commands
	N    int            // events, or rows
	Runs int            // rounds after the warm-up
	Only *regexp.Regexp // tasks to measure; nil is all

	Out      io.Writer // the table
	Progress io.Writer // a line when a part begins
}

// wants reports whether a part is to be measured.
func (o *Options) wants(part string) bool { return o.Only == nil || o.Only.MatchString(part) }

// onDisk is where temporary files are that are too large for the memory, which
// in many systems /tmp is.
const onDisk = "/var/tmp"

// Run measures the tasks and the start-up, writes the tables to o.Out and
// returns table.ErrMissed if a bar is missed or a command of ours does not work.
func Run(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv("TMPDIR"), onDisk), "intelpipe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	p := tasks.Places{Bin: o.Bin, Dir: dir}
	p.JQ, _ = exec.LookPath("jq")
	p.Mlr, _ = exec.LookPath("mlr")
	plan := tasks.New(p, o.N)
	plan.Restrict(o.wants)
	if err := build(ctx, dir, "bytecopy", "empty"); err != nil {
		return err
	}
	// The start-up is first because this program is still small then: see job.Usage.
	start := new(startup.Starts)
	if o.wants("start-up") {
		fmt.Fprintln(o.Progress, "bench: start-up")
		if start, err = startup.Measure(ctx, p); err != nil {
			return err
		}
	}
	if plan.Empty() && !o.wants("start-up") && !o.wants("lookups") && !o.wants("netset") && !o.wants("rules") {
		return fmt.Errorf("no task matches %q", o.Only)
	}
	if err := plan.Prepare(ctx, o.Progress); err != nil {
		return err
	}
	var more table.Table
	for i := range tasks.Larges {
		if plan.Has(tasks.Larges[i].Command) {
			lookups.Ready(ctx, &more, p, &tasks.Larges[i])
		}
	}
	if err := plan.Measure(ctx, o.Runs, o.Progress); err != nil {
		return err
	}
	if o.wants("lookups") {
		fmt.Fprintln(o.Progress, "bench: lookups")
		if err := lookups.Count(ctx, &more, p); err != nil {
			return err
		}
	}
	if o.wants("netset") {
		streams.Netset(ctx, &more, p)
	}
	if o.wants("rules") {
		fmt.Fprintln(o.Progress, "bench: rules")
		rules.Sieve(ctx, &more, p)
	}
	all := plan.Judge()
	all.Append(more)
	all.Append(start.Summary())

	fmt.Fprintf(o.Out, "CPU time for each of %d events, user and system, median of %d rounds\n\n", o.N, o.Runs)
	if err := table.Write(o.Out, "lrrr", plan.Figures()); err != nil {
		return err
	}
	fmt.Fprintln(o.Out)
	if err := table.Write(o.Out, "lrlrlrrl", slices.Insert(all.Rows, 0, []string{"task", "ours", "", "reference", "", "ratio", "bar", ""})); err != nil {
		return err
	}
	return all.Conclude(o.Out)
}

// Startup measures the start of every command alone.
func Startup(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "intelpipe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := build(ctx, dir, "empty"); err != nil {
		return err
	}
	starts, err := startup.Measure(ctx, tasks.Places{Bin: o.Bin, Dir: dir})
	if err != nil {
		return err
	}
	t := starts.Table()
	if err := table.Write(o.Out, "lrrrrrrl", t.Rows); err != nil {
		return err
	}
	return t.Conclude(o.Out)
}

// Streams measures how the memory of parsers grows with their input.
func Streams(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv("TMPDIR"), onDisk), "intelpipe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t, err := streams.Memory(ctx, tasks.Places{Bin: o.Bin, Dir: dir}, o.Only, o.Progress)
	if err != nil {
		return err
	}
	if err := table.Write(o.Out, "lrrrrrl", t.Rows); err != nil {
		return err
	}
	return t.Conclude(o.Out)
}

// build compiles programs of this folder into dir.
func build(ctx context.Context, dir string, names ...string) error {
	for _, name := range names {
		c := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, name), "github.com/intelpipe/intelpipe/internal/dev/bench/"+name)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w: %s", name, err, job.FirstLine(string(out)))
		}
	}
	return nil
}
