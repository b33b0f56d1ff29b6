// Package startup measures how long the commands take to start, against an empty program
// in Go.
package startup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

// The bars of a start: CPU time against an empty Go program, and memory.
var ratioBar = table.AtMost(4)

const (
	memoryBar = 20 << 20
	batch     = 10 // commands between two starts of the empty program
)

// A start is one way of starting a command. The CPU time is the least of all
// runs: what is above it is the machine's, not the command's. The memory is
// the most.
type start struct {
	name  string
	job   job.Job
	cpu   []float64 // milliseconds
	wall  []float64
	rss   int64
	err   error
	ratio float64
}

// Starts are the starts of all commands and of an empty program.
type Starts struct {
	empty  start
	starts []start
	missed []string // in words
}

// Measure starts every command that `intelpipe list` names with --version, and
// the stages of the benchmark's job on empty input, which goes through all that a
// run goes through but the messages.
func Measure(ctx context.Context, p tasks.Places) (*Starts, error) {
	names, err := commands(ctx, p.Bin)
	if err != nil {
		return nil, err
	}
	s := &Starts{empty: start{name: "empty program", job: job.Job{Procs: [][]string{{filepath.Join(p.Dir, "empty")}}}}}
	add := func(name string, args []string) {
		s.starts = append(s.starts, start{name: name, job: job.Job{Procs: [][]string{args}}})
	}
	for _, name := range names {
		args := []string{filepath.Join(p.Bin, name), "--version"}
		if _, err := os.Stat(args[0]); errors.Is(err, os.ErrNotExist) {
			args = []string{filepath.Join(p.Bin, "intelpipe"), name, "--version"}
		}
		add(name, args)
	}
	for _, words := range tasks.Stages(filepath.Join(p.Dir, "output.ndjson")) {
		if slices.Contains(names, words[0]) {
			add(words[0]+" on empty input", p.Command(words...))
		}
	}

	env := job.Environment(p.Dir)
	for range job.Repeats {
		for i := range s.starts {
			if i%batch == 0 {
				s.empty.run(ctx, env)
			}
			s.starts[i].run(ctx, env)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	s.judge()
	return s, nil
}

func (s *start) run(ctx context.Context, env []string) {
	if s.err != nil {
		return
	}
	u, err := s.job.Run(ctx, env, nil)
	s.err = err
	s.cpu = append(s.cpu, float64(u.CPU)/float64(time.Millisecond))
	s.wall = append(s.wall, float64(u.Wall)/float64(time.Millisecond))
	s.rss = max(s.rss, u.RSS)
}

func (s *Starts) judge() {
	if s.empty.err != nil {
		s.missed = append(s.missed, "start-up: "+s.empty.err.Error())
	}
	for i := range s.starts {
		c := &s.starts[i]
		if c.err == nil && s.empty.err == nil {
			c.ratio = slices.Min(c.cpu) / slices.Min(s.empty.cpu)
		}
		if v := c.verdict(); v != "ok" {
			detail := fmt.Sprintf("ratio %.2f, %.1f MiB", c.ratio, table.Mebibytes(c.rss))
			if c.err != nil {
				detail = c.err.Error()
			}
			s.missed = append(s.missed, fmt.Sprintf("start-up of %s: %s", c.name, detail))
		}
	}
}

func (s *start) verdict() string {
	if s.err != nil {
		return "FAILED"
	}
	return table.Verdict(ratioBar.Met(s.ratio) && s.rss < memoryBar)
}

// Table has a row for each start.
func (s *Starts) Table() table.Table {
	rows := [][]string{{"start", "CPU ms", "wall ms", "ratio", "bar", "MiB", "bar", ""}}
	if s.empty.err == nil && len(s.empty.cpu) > 0 {
		rows = append(rows, []string{s.empty.name, least(s.empty.cpu), least(s.empty.wall), "", "", fmt.Sprintf("%.1f", table.Mebibytes(s.empty.rss)), "", ""})
	}
	for _, c := range s.starts {
		rows = append(rows, []string{c.name, least(c.cpu), least(c.wall), fmt.Sprintf("%.2f", c.ratio), ratioBar.String(),
			fmt.Sprintf("%.1f", table.Mebibytes(c.rss)), fmt.Sprintf("< %d", memoryBar>>20), c.verdict()})
	}
	return table.Table{Rows: rows, Missed: s.missed}
}

// Summary has two rows for the main table: the slowest start and the largest. They are
// in milliseconds and MiB.
func (s *Starts) Summary() table.Table {
	if len(s.starts) == 0 || s.empty.err != nil {
		return table.Table{Missed: s.missed}
	}
	slow := slices.MaxFunc(s.starts, func(a, b start) int { return cmp.Compare(a.ratio, b.ratio) })
	large := slices.MaxFunc(s.starts, func(a, b start) int { return cmp.Compare(a.rss, b.rss) })
	return table.Table{Missed: s.missed, Rows: [][]string{
		{fmt.Sprintf("start-up, slowest of %d", len(s.starts)), least(slow.cpu) + " ms", slow.name, least(s.empty.cpu) + " ms", s.empty.name,
			fmt.Sprintf("%.2f", slow.ratio), ratioBar.String(), table.Verdict(ratioBar.Met(slow.ratio))},
		{fmt.Sprintf("start-up, largest of %d", len(s.starts)), fmt.Sprintf("%.1f MiB", table.Mebibytes(large.rss)), large.name,
			fmt.Sprintf("%.1f MiB", table.Mebibytes(s.empty.rss)), s.empty.name, "", fmt.Sprintf("< %d MiB", memoryBar>>20), table.Verdict(large.rss < memoryBar)},
	}}
}

func least(v []float64) string {
	if len(v) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", slices.Min(v))
}

// commands are the names that `intelpipe list` prints, one a line with perhaps
// a summary behind.
func commands(ctx context.Context, bin string) ([]string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "intelpipe"), "list").Output()
	if err != nil {
		return nil, fmt.Errorf("intelpipe list: %w", err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 0 {
			names = append(names, words[0])
		}
	}
	if len(names) == 0 {
		return nil, errors.New("intelpipe list: no commands")
	}
	return names, nil
}
