package bench

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
)

// The bars of a start: CPU time against an empty Go program, and memory.
var startBar = bar{4, atMost}

const (
	memoryBar  = 20 << 20
	startRuns  = 15
	startBatch = 10 // commands between two starts of the empty program
)

// A start is one way of starting a command. The CPU time is the least of all
// runs: what is above it is the machine's, not the command's. The memory is
// the most.
type start struct {
	name  string
	job   job
	cpu   []float64 // milliseconds
	wall  []float64
	rss   int64
	err   error
	ratio float64
}

type startup struct {
	empty  start
	starts []start
	missed []string
}

// measureStartup starts every command that `intelpipe list` names with
// --version, and the stages of the benchmark's job on empty input, which goes
// through all that a run goes through but the messages.
func measureStartup(ctx context.Context, o Options, p places) (*startup, error) {
	names, err := commands(ctx, p.bin)
	if err != nil {
		return nil, err
	}
	s := &startup{empty: start{name: "empty program", job: job{procs: [][]string{{filepath.Join(p.dir, "empty")}}}}}
	add := func(name string, args []string) {
		s.starts = append(s.starts, start{name: name, job: job{procs: [][]string{args}}})
	}
	for _, name := range names {
		args := []string{filepath.Join(p.bin, name), "--version"}
		if _, err := os.Stat(args[0]); errors.Is(err, os.ErrNotExist) {
			args = []string{filepath.Join(p.bin, "intelpipe"), name, "--version"}
		}
		add(name, args)
	}
	for _, words := range jobStages(filepath.Join(p.dir, "output.ndjson")) {
		if slices.Contains(names, words[0]) {
			add(words[0]+" on empty input", p.command(words...))
		}
	}

	env := environment(p.dir)
	for range startRuns {
		for i := range s.starts {
			if i%startBatch == 0 {
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
	u, err := s.job.run(ctx, env, nil)
	s.err = err
	s.cpu = append(s.cpu, float64(u.cpu)/float64(time.Millisecond))
	s.wall = append(s.wall, float64(u.wall)/float64(time.Millisecond))
	s.rss = max(s.rss, u.rss)
}

func (s *startup) judge() {
	if s.empty.err != nil {
		s.missed = append(s.missed, "start-up: "+s.empty.err.Error())
	}
	for i := range s.starts {
		c := &s.starts[i]
		if c.err == nil && s.empty.err == nil {
			c.ratio = slices.Min(c.cpu) / slices.Min(s.empty.cpu)
		}
		if v := c.verdict(); v != "ok" {
			detail := fmt.Sprintf("ratio %.2f, %.1f MiB", c.ratio, mebibytes(c.rss))
			if c.err != nil {
				detail = c.err.Error()
			}
			s.missed = append(s.missed, fmt.Sprintf("start-up of %s: %s", c.name, detail))
		}
	}
}

func (s *start) verdict() string {
	switch {
	case s.err != nil:
		return "FAILED"
	case !startBar.met(s.ratio) || s.rss >= memoryBar:
		return "MISSED"
	}
	return "ok"
}

// table has a row for each start.
func (s *startup) table() [][]string {
	rows := [][]string{{"start", "CPU ms", "wall ms", "ratio", "bar", "MiB", "bar", ""}}
	if s.empty.err == nil && len(s.empty.cpu) > 0 {
		rows = append(rows, []string{s.empty.name, least(s.empty.cpu), least(s.empty.wall), "", "", fmt.Sprintf("%.1f", mebibytes(s.empty.rss)), "", ""})
	}
	for _, c := range s.starts {
		rows = append(rows, []string{c.name, least(c.cpu), least(c.wall), fmt.Sprintf("%.2f", c.ratio), startBar.String(),
			fmt.Sprintf("%.1f", mebibytes(c.rss)), fmt.Sprintf("< %d", memoryBar>>20), c.verdict()})
	}
	return rows
}

// summary has the two rows of the main table: the slowest start and the
// largest. They are in milliseconds and MiB.
func (s *startup) summary() [][]string {
	if len(s.starts) == 0 || s.empty.err != nil {
		return nil
	}
	slow := slices.MaxFunc(s.starts, func(a, b start) int { return cmp.Compare(a.ratio, b.ratio) })
	large := slices.MaxFunc(s.starts, func(a, b start) int { return cmp.Compare(a.rss, b.rss) })
	verdict := func(ok bool) string {
		if ok {
			return "ok"
		}
		return "MISSED"
	}
	return [][]string{
		{fmt.Sprintf("start-up, slowest of %d", len(s.starts)), least(slow.cpu) + " ms", slow.name, least(s.empty.cpu) + " ms", s.empty.name,
			fmt.Sprintf("%.2f", slow.ratio), startBar.String(), verdict(startBar.met(slow.ratio))},
		{fmt.Sprintf("start-up, largest of %d", len(s.starts)), fmt.Sprintf("%.1f MiB", mebibytes(large.rss)), large.name,
			fmt.Sprintf("%.1f MiB", mebibytes(s.empty.rss)), s.empty.name, "", fmt.Sprintf("< %d MiB", memoryBar>>20), verdict(large.rss < memoryBar)},
	}
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
