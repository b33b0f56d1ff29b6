// Package bench measures what the commands cost, as ratios in one run: against
// a byte copy of the same lines, against jq, Miller and an empty program. A
// ratio says something on any machine; a number of events a second does not.
package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
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

// ErrMissed is returned when the table has a row that is not ok.
var ErrMissed = errors.New("a bar is missed")

// onDisk is where temporary files are that are too large for the memory, which
// in many systems /tmp is.
const onDisk = "/var/tmp"

// result is what a job has shown, or why it has not.
type result struct {
	samples []usage
	err     error
	absent  string // what the job needs and is not there, and where to get it
}

// Run measures the tasks and the start-up, writes the tables to o.Out and
// returns ErrMissed if a bar is missed or a command of ours does not work.
func Run(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv("TMPDIR"), onDisk), "intelpipe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	p := places{bin: o.Bin, dir: dir, n: o.N, want: count(o.N)}
	p.jq, _ = exec.LookPath("jq")
	p.mlr, _ = exec.LookPath("mlr")
	plan := newPlan(p)
	if o.Only != nil {
		plan.restrict(func(t task) bool { return o.Only.MatchString(t.String()) })
	}
	if err := build(ctx, dir, "bytecopy", "empty"); err != nil {
		return err
	}
	// The start-up is first because this program is still small then: see usage.add.
	start := new(startup)
	if o.Only == nil || o.Only.MatchString("start-up") {
		fmt.Fprintln(o.Progress, "bench: start-up")
		if start, err = measureStartup(ctx, o, p); err != nil {
			return err
		}
	}
	lookups := o.Only == nil || o.Only.MatchString("lookups")
	if len(plan.tasks)+len(start.starts) == 0 && !lookups && !(o.Only != nil && o.Only.MatchString("netset")) {
		return fmt.Errorf("no task matches %q", o.Only)
	}
	if err := prepare(ctx, o, p, plan); err != nil {
		return err
	}
	var more extra
	if slices.ContainsFunc(plan.jobs, func(j job) bool { return j.name == asnLookup }) {
		more.measureReady(ctx, p, environment(dir))
	}
	results, err := measure(ctx, o, plan, environment(dir))
	if err != nil {
		return err
	}
	rows, missed, left := plan.judge(results)
	if lookups {
		fmt.Fprintln(o.Progress, "bench: lookups")
		if err := more.measureLookups(ctx, p, environment(dir)); err != nil {
			return err
		}
	}
	if o.Only == nil || o.Only.MatchString("netset") {
		more.measureNetset(ctx, p, environment(dir))
	}
	rows, missed = append(rows, more.rows...), append(missed, more.missed...)
	rows, missed = append(rows, start.summary()...), append(missed, start.missed...)

	fmt.Fprintf(o.Out, "CPU time for each of %d events, user and system, median of %d rounds\n\n", o.N, o.Runs)
	if err := writeTable(o.Out, "lrrr", plan.figures(results)); err != nil {
		return err
	}
	fmt.Fprintln(o.Out)
	if err := writeTable(o.Out, "lrlrlrrl", slices.Insert(rows, 0, []string{"task", "ours", "", "reference", "", "ratio", "bar", ""})); err != nil {
		return err
	}
	return conclude(o.Out, missed, left)
}

// Startup measures the start of every command alone.
func Startup(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "intelpipe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := places{bin: o.Bin, dir: dir, n: o.N}
	if err := build(ctx, dir, "empty"); err != nil {
		return err
	}
	s, err := measureStartup(ctx, o, p)
	if err != nil {
		return err
	}
	if err := writeTable(o.Out, "lrrrrrrl", s.table()); err != nil {
		return err
	}
	return conclude(o.Out, s.missed, nil)
}

func conclude(w io.Writer, missed, left []string) error {
	for _, list := range []struct {
		title string
		lines []string
	}{{"left out", left}, {"missed", missed}} {
		if len(list.lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s: %d\n", list.title, len(list.lines))
		for _, l := range list.lines {
			fmt.Fprintln(w, "  "+l)
		}
	}
	if len(missed) > 0 {
		return ErrMissed
	}
	return nil
}

// prepare writes the files that the jobs read.
func prepare(ctx context.Context, o Options, p places, plan plan) error {
	used := func(file string) bool {
		return slices.ContainsFunc(plan.jobs, func(j job) bool { return j.input == file })
	}
	for _, data := range []struct{ kind, file string }{{"events", p.events()}, {"csv", p.csv()}} {
		if !used(data.file) && !(data.kind == "csv" && used(p.parsed())) {
			continue
		}
		fmt.Fprintf(o.Progress, "bench: generating %s\n", data.kind)
		if err := generateElsewhere(ctx, data.file, data.kind, o.N); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(plan.jobs, func(j job) bool { return j.name == asnLookup }) {
		fmt.Fprintln(o.Progress, "bench: generating routes")
		if err := generateElsewhere(ctx, p.routes(), "routes", prefixes); err != nil {
			return err
		}
		j := job{procs: [][]string{p.command(asnLookup, "--database", p.table(), "--from", p.routes(), "--update")}}
		if _, err := j.run(ctx, environment(p.dir), nil); err != nil && ctx.Err() != nil {
			return err // otherwise the job that would read the table fails with a message of its own
		}
	}
	if err := os.WriteFile(p.schema(), schema(), 0o600); err != nil {
		return err
	}
	if used(p.parsed()) {
		out, err := os.Create(p.parsed())
		if err != nil {
			return err
		}
		defer out.Close()
		j := job{input: p.csv(), procs: [][]string{p.command(parser()...)}}
		if _, err := j.run(ctx, environment(p.dir), out); err != nil {
			// The jobs that would read the file fail with a message of their own.
			os.Remove(p.parsed())
			return nil
		}
	}
	return nil
}

// build compiles helpers of this package into dir.
func build(ctx context.Context, dir string, names ...string) error {
	for _, name := range names {
		c := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, name), "github.com/intelpipe/intelpipe/internal/dev/bench/"+name)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w: %s", name, err, firstLine(string(out)))
		}
	}
	return nil
}

// generateElsewhere has a copy of this program generate the data, so that the
// memory it takes is not taken for that of the processes measured later.
func generateElsewhere(ctx context.Context, file, kind string, n int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	c := exec.CommandContext(ctx, self, "-generate", kind, "-n", fmt.Sprint(n))
	c.Stdout, c.Stderr = out, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("generating %s: %w", kind, err)
	}
	return out.Close()
}

// measure runs every job once as a check, then round after round of all jobs,
// so that a change in the machine's speed hits all of them alike.
func measure(ctx context.Context, o Options, p plan, env []string) (map[string]*result, error) {
	results := map[string]*result{}
	fmt.Fprintln(o.Progress, "bench: warm-up and check")
	for i := range p.jobs {
		j := &p.jobs[i]
		r := &result{absent: j.absent()}
		if r.absent == "" {
			r.err = j.check(ctx, env)
		}
		results[j.name] = r
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	for round := range o.Runs {
		fmt.Fprintf(o.Progress, "bench: round %d of %d\n", round+1, o.Runs)
		for i := range p.jobs {
			j := &p.jobs[i]
			r := results[j.name]
			if r.err != nil || r.absent != "" {
				continue
			}
			var u usage
			if u, r.err = j.run(ctx, env, nil); r.err == nil {
				r.samples = append(r.samples, u)
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	return results, nil
}

// absent names what the job needs and is not there: a disk, since syncing costs
// nothing in memory, or a foreign tool.
func (j *job) absent() string {
	if j.scratch != "" && inMemory(filepath.Dir(j.scratch)) {
		return filepath.Dir(j.scratch) + " is in memory: set TMPDIR to a directory on a disk"
	}
	for _, args := range j.procs {
		if args[0] != "" {
			continue
		}
		if args[1] == "-c" {
			return "jq is not installed: apt install jq"
		}
		return "Miller is not installed: apt install miller"
	}
	return ""
}

func inMemory(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && (fs.Type == unix.TMPFS_MAGIC || fs.Type == unix.RAMFS_MAGIC)
}

// judge makes the rows of the table, and lists the bars that are missed and
// the tasks that could not be measured.
func (p *plan) judge(results map[string]*result) (rows [][]string, missed, left []string) {
	for _, t := range p.tasks {
		ours, ref := results[t.ours], results[t.ref]
		needed := []*result{ours, ref}
		var base *result
		if t.base != "" {
			base = results[t.base]
			needed = append(needed, base)
		}
		row := []string{t.name, "", t.ours, "", t.ref, "", t.bar.String(), ""}
		var failed error
		absent := ""
		for _, r := range needed {
			failed = errors.Join(failed, r.err)
			absent += r.absent
		}
		switch {
		case absent != "":
			left = append(left, fmt.Sprintf("%s: %s", t, absent))
			continue
		case failed != nil:
			missed = append(missed, fmt.Sprintf("%s: %s", t, strings.ReplaceAll(failed.Error(), "\n", "; ")))
			row[7] = "FAILED"
		default:
			a, b := ours.perEvent(p.n, t.wall), ref.perEvent(p.n, t.wall)
			var off []float64
			if base != nil {
				off = base.perEvent(p.n, t.wall)
			}
			ratio := median(ratios(a, b, off))
			if t.bar.sense == atLeast || t.bar.sense == shown {
				ratio = median(ratios(b, a, off))
			}
			row[1], row[3] = micros(less(a, off)), micros(less(b, off))
			row[5], row[7] = fmt.Sprintf("%.2f", ratio), "ok"
			if !t.bar.met(ratio) {
				row[7] = "MISSED"
				missed = append(missed, fmt.Sprintf("%s: %.2f, bar %s", t, ratio, t.bar))
			}
		}
		rows = append(rows, row)
	}
	return rows, missed, left
}

// figures are the raw figures of all jobs.
func (p *plan) figures(results map[string]*result) [][]string {
	rows := [][]string{{"job", "µs", "wall µs", "peak MiB"}}
	for _, j := range p.jobs {
		r := results[j.name]
		if len(r.samples) == 0 {
			continue
		}
		var rss []float64
		for _, u := range r.samples {
			rss = append(rss, mebibytes(u.rss))
		}
		rows = append(rows, []string{j.name, micros(r.perEvent(p.n, false)), micros(r.perEvent(p.n, true)), fmt.Sprintf("%.1f", median(rss))})
	}
	return rows
}

// perEvent is the CPU time of each round, or the wall time, in microseconds for
// one event.
func (r *result) perEvent(n int, wall bool) []float64 {
	var v []float64
	for _, u := range r.samples {
		if wall {
			v = append(v, perEvent(u.wall, n))
		} else {
			v = append(v, perEvent(u.cpu, n))
		}
	}
	return v
}

func perEvent(d time.Duration, n int) float64 {
	return float64(d) / float64(time.Microsecond) / float64(n)
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// less takes base off a, round by round.
func less(a, base []float64) []float64 {
	if base == nil {
		return a
	}
	v := make([]float64, len(a))
	for i := range a {
		v[i] = a[i] - base[i]
	}
	return v
}

func micros(v []float64) string {
	m := median(v)
	if math.IsNaN(m) {
		return ""
	}
	return fmt.Sprintf("%.3f", m)
}
