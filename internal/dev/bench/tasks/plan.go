// Package tasks has what the benchmark measures against a byte copy, jq and Miller: the
// jobs, and which of them is held against which.
package tasks

import (
	"path/filepath"
	"slices"

	"github.com/intelpipe/intelpipe/internal/dev/bench/data"
	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
)

// Plan is everything that one run measures. Whoever adds a row adds its jobs
// and a task here, and nothing elsewhere.
type Plan struct {
	places  Places
	n       int // events, or rows
	jobs    []job.Job
	tasks   []task
	results map[string]*result // by the job's name
}

// New plans to measure with n events, or rows.
func New(p Places, n int) *Plan {
	want := data.Count(n)
	copier := []string{filepath.Join(p.Dir, "bytecopy")}
	jq := []string{p.JQ, "-c", "."}
	// By itself Miller nests what has dots in its name. With a flag it leaves
	// the names as they are, which is less work.
	mlr := append([]string{p.Mlr, "--icsv", "--ojsonl"}, data.MillerVerbs()...)
	flat := append([]string{p.Mlr, "--icsv", "--ojsonl", "--no-auto-unflatten"}, data.MillerVerbs()...)
	all := []string{p.Mlr, "--icsv", "--ojsonl", "--no-auto-unflatten", "rename", data.RenameAll()}

	var pipe [][]string
	fused := []string{filepath.Join(p.Bin, "intelpipe")}
	output := filepath.Join(p.Dir, "output.ndjson")
	for i, words := range Stages(output) {
		pipe = append(pipe, p.Command(words...))
		if i > 0 {
			fused = append(fused, "then")
		}
		fused = append(fused, words...)
	}
	taxonomy := p.Command("expert-taxonomy")
	bare, durable := filepath.Join(p.Dir, "bare"), filepath.Join(p.Dir, "durable")
	reducer := p.Command("expert-field-reducer", "--type", "blacklist", "--keys", "extra.absent")

	plan := &Plan{
		places: p, n: n, results: map[string]*result{},
		jobs: []job.Job{
			{Name: "byte copy", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{copier}},
			{Name: "expert-taxonomy", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{taxonomy}},
			{Name: "expert-deduplicator", Input: p.Events(), OneCore: true, Lines: want.Unique, Procs: [][]string{p.Command(deduplicator...)}},
			{Name: "jq -c .", Input: p.Events(), Lines: n, Procs: [][]string{jq}},
			{Name: "parse-csv", Input: p.csv(), OneCore: true, Lines: n, Procs: [][]string{p.Command(parser()...)}},
			{Name: "Miller", Input: p.csv(), OneCore: true, Lines: n, Procs: [][]string{mlr}},
			{Name: "Miller, flat names", Input: p.csv(), OneCore: true, Lines: n, Procs: [][]string{flat}},
			{Name: "parse-shadowserver", Input: p.csv(), OneCore: true, Lines: n, Procs: [][]string{p.Command("parse-shadowserver", "--schema", p.schema(), "--feedname", data.ReportName)}},
			{Name: "Miller, all columns", Input: p.csv(), OneCore: true, Lines: n, Procs: [][]string{all}},
			{Name: "parse-json", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{p.Command("parse-json", "--input", "raw", "--splitlines")}},
			{Name: "job as a pipe", Input: p.csv(), Lines: want.Passed, Output: output, Procs: pipe},
			{Name: "job with then", Input: p.csv(), Lines: want.Passed, Output: output, Procs: [][]string{fused}},
			{Name: "jq -c . on parsed", Input: p.parsed(), Lines: n, Procs: [][]string{jq}},
			{Name: "pipe", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{taxonomy, copier}},
			{Name: "pipe + byte copy", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{taxonomy, copier, copier}},
			{Name: "pipe + expert-taxonomy", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{taxonomy, taxonomy, copier}},
			{Name: "pipe + expert-field-reducer", Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{taxonomy, reducer, copier}},
			{Name: "without a spool", Input: p.Events(), Lines: n, Scratch: bare, Output: bare + "/output.ndjson", Procs: [][]string{p.shell(piped, bare)}},
			{Name: "through a spool", Input: p.Events(), Lines: n, Scratch: durable, Output: durable + "/output.ndjson", Procs: [][]string{p.shell(spooled, durable)}},
		},
		tasks: []task{
			{name: "set one field", ours: "expert-taxonomy", ref: "byte copy", bar: table.AtMost(6)},
			{name: "set one field", ours: "expert-taxonomy", ref: "jq -c .", bar: table.AtLeast(25)},
			{name: "deduplicate in memory", ours: "expert-deduplicator", ref: "byte copy", bar: table.AtMost(12)},
			{name: "parse 23 of 40 columns", ours: "parse-csv", ref: "Miller", bar: table.AtLeast(15)},
			{name: "parse 23 of 40 columns", ours: "parse-csv", ref: "Miller, flat names", bar: table.AtLeast(10)},
			{name: "parse a report of 40 columns", ours: "parse-shadowserver", ref: "Miller, all columns", bar: table.AtLeast(5)},
			{name: "parse events in JSON", ours: "parse-json", ref: "jq -c .", bar: table.AtLeast(10)},
			{name: "job, seven processes", ours: "job as a pipe", ref: "jq -c . on parsed", bar: table.AtMost(0.45)},
			{name: "job, fused", ours: "job with then", ref: "jq -c . on parsed", bar: table.AtMost(0.16)},
			{name: "job, fused", ours: "job with then", ref: "job as a pipe", bar: table.AtLeast(2)},
			{name: "one more process, all set", ours: "pipe + expert-taxonomy", ref: "pipe + byte copy", base: "pipe", bar: table.AtMost(2.5)},
			{name: "one more process, key absent", ours: "pipe + expert-field-reducer", ref: "pipe + byte copy", base: "pipe", bar: table.AtMost(2.5)},
			{name: "durable, wall time", ours: "through a spool", ref: "without a spool", wall: true, bar: table.AtLeast(0.5)},
		},
	}
	for i := range Larges {
		plan.jobs = append(plan.jobs, Larges[i].job(p, n))
		plan.tasks = append(plan.tasks, Larges[i].task())
	}
	return plan
}

// The same pipeline as a bare pipe, which syncs nothing, and behind a spool,
// which syncs every event twice: when it is in the spool and when it is in the
// file. Writer and consumer run one after the other, so that both their times
// count in full; side by side they would hide behind each other. The consumer
// is a source, with a checkpoint for each segment, and ends when all is
// acknowledged. No stage drops anything: the number of lines in the file says
// that no event was lost, and that none has come twice.
const (
	piped   = `expert-taxonomy | expert-url | output-file --file "$1/output.ndjson"`
	spooled = `output-spool "$1/spool" && collect-spool "$1/spool" -- sh -c '` + piped + `' sh "$1"`
)

// Restrict keeps the tasks that keep says, by their names and those of their jobs, and
// the jobs these need.
func (p *Plan) Restrict(keep func(task string) bool) {
	p.tasks = slices.DeleteFunc(p.tasks, func(t task) bool { return !keep(t.String()) })
	p.jobs = slices.DeleteFunc(p.jobs, func(j job.Job) bool {
		return !slices.ContainsFunc(p.tasks, func(t task) bool {
			return j.Name == t.ours || j.Name == t.ref || j.Name == t.base
		})
	})
}

// Empty reports whether there is nothing to measure.
func (p *Plan) Empty() bool { return len(p.tasks) == 0 }

// Has reports whether a job is part of the plan.
func (p *Plan) Has(name string) bool {
	return slices.ContainsFunc(p.jobs, func(j job.Job) bool { return j.Name == name })
}
