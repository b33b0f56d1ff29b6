package bench

import (
	"fmt"
	"path/filepath"
	"slices"
)

// A task holds one job against another.
type task struct {
	name      string
	ours, ref string // names of jobs
	base      string // job whose cost is taken off both, or ""
	wall      bool   // the time that passes counts, and not that of the processors
	bar       bar
}

// A plan is everything that one run measures. Whoever adds a row adds its jobs
// and a task here, and nothing elsewhere.
type plan struct {
	n     int
	jobs  []job
	tasks []task
}

// places are the directories and files that the jobs of a plan name.
type places struct {
	bin  string // the commands of the product
	dir  string // everything temporary
	jq   string
	mlr  string
	n    int
	want census
}

func (p places) events() string { return filepath.Join(p.dir, "events.ndjson") }
func (p places) csv() string    { return filepath.Join(p.dir, "feed.csv") }
func (p places) parsed() string { return filepath.Join(p.dir, "parsed.ndjson") }
func (p places) routes() string { return filepath.Join(p.dir, "routes.txt") }
func (p places) schema() string { return filepath.Join(p.dir, "schema.json") }
func (p places) table() string  { return filepath.Join(p.dir, "asn.db") }

const asnLookup = "expert-asn-lookup"

// prefixes is how many the table has: about as many as the Internet.
const prefixes = 1_000_000

// command is one of the product's commands with its arguments.
func (p places) command(words ...string) []string {
	return append([]string{filepath.Join(p.bin, words[0])}, words[1:]...)
}

func newPlan(p places) plan {
	copier := []string{filepath.Join(p.dir, "bytecopy")}
	jq := []string{p.jq, "-c", "."}
	// By itself Miller nests what has dots in its name. With a flag it leaves
	// the names as they are, which is less work.
	mlr := append([]string{p.mlr, "--icsv", "--ojsonl"}, millerVerbs()...)
	flat := append([]string{p.mlr, "--icsv", "--ojsonl", "--no-auto-unflatten"}, millerVerbs()...)
	all := []string{p.mlr, "--icsv", "--ojsonl", "--no-auto-unflatten", "rename", renameAll()}

	var pipe [][]string
	fused := []string{filepath.Join(p.bin, "intelpipe")}
	output := filepath.Join(p.dir, "output.ndjson")
	for i, words := range jobStages(output) {
		pipe = append(pipe, p.command(words...))
		if i > 0 {
			fused = append(fused, "then")
		}
		fused = append(fused, words...)
	}
	taxonomy := p.command("expert-taxonomy")
	bare, durable := filepath.Join(p.dir, "bare"), filepath.Join(p.dir, "durable")
	reducer := p.command("expert-field-reducer", "--type", "blacklist", "--keys", "extra.absent")

	return plan{
		n: p.n,
		jobs: []job{
			{name: "byte copy", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{copier}},
			{name: "expert-taxonomy", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{taxonomy}},
			{name: "expert-deduplicator", input: p.events(), oneCore: true, lines: p.want.unique, procs: [][]string{p.command(deduplicator...)}},
			{name: asnLookup, input: p.events(), oneCore: true, lines: p.n, procs: [][]string{p.command(asnLookup, "--database", p.table())}},
			{name: "jq -c .", input: p.events(), lines: p.n, procs: [][]string{jq}},
			{name: "parse-csv", input: p.csv(), oneCore: true, lines: p.n, procs: [][]string{p.command(parser()...)}},
			{name: "Miller", input: p.csv(), oneCore: true, lines: p.n, procs: [][]string{mlr}},
			{name: "Miller, flat names", input: p.csv(), oneCore: true, lines: p.n, procs: [][]string{flat}},
			{name: "parse-shadowserver", input: p.csv(), oneCore: true, lines: p.n, procs: [][]string{p.command("parse-shadowserver", "--schema", p.schema(), "--feedname", reportName)}},
			{name: "Miller, all columns", input: p.csv(), oneCore: true, lines: p.n, procs: [][]string{all}},
			{name: "parse-json", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{p.command("parse-json", "--input", "raw", "--splitlines")}},
			{name: "job as a pipe", input: p.csv(), lines: p.want.passed, output: output, procs: pipe},
			{name: "job with then", input: p.csv(), lines: p.want.passed, output: output, procs: [][]string{fused}},
			{name: "jq -c . on parsed", input: p.parsed(), lines: p.n, procs: [][]string{jq}},
			{name: "pipe", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{taxonomy, copier}},
			{name: "pipe + byte copy", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{taxonomy, copier, copier}},
			{name: "pipe + expert-taxonomy", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{taxonomy, taxonomy, copier}},
			{name: "pipe + expert-field-reducer", input: p.events(), oneCore: true, lines: p.n, procs: [][]string{taxonomy, reducer, copier}},
			{name: "without a spool", input: p.events(), lines: p.n, scratch: bare, output: bare + "/output.ndjson", procs: [][]string{p.shell(piped, bare)}},
			{name: "through a spool", input: p.events(), lines: p.n, scratch: durable, output: durable + "/output.ndjson", procs: [][]string{p.shell(spooled, durable)}},
		},
		tasks: []task{
			{name: "set one field", ours: "expert-taxonomy", ref: "byte copy", bar: bar{6, atMost}},
			{name: "set one field", ours: "expert-taxonomy", ref: "jq -c .", bar: bar{25, atLeast}},
			{name: "deduplicate in memory", ours: "expert-deduplicator", ref: "byte copy", bar: bar{12, atMost}},
			{name: "look up in a million prefixes", ours: asnLookup, ref: "expert-taxonomy", bar: bar{2, atMost}},
			{name: "parse 23 of 40 columns", ours: "parse-csv", ref: "Miller", bar: bar{15, atLeast}},
			{name: "parse 23 of 40 columns", ours: "parse-csv", ref: "Miller, flat names", bar: bar{10, atLeast}},
			{name: "parse a report of 40 columns", ours: "parse-shadowserver", ref: "Miller, all columns", bar: bar{5, atLeast}},
			{name: "parse events in JSON", ours: "parse-json", ref: "jq -c .", bar: bar{10, atLeast}},
			{name: "job, seven processes", ours: "job as a pipe", ref: "jq -c . on parsed", bar: bar{0.45, atMost}},
			{name: "job, fused", ours: "job with then", ref: "jq -c . on parsed", bar: bar{0.16, atMost}},
			{name: "job, fused", ours: "job with then", ref: "job as a pipe", bar: bar{2, atLeast}},
			{name: "one more process, all set", ours: "pipe + expert-taxonomy", ref: "pipe + byte copy", base: "pipe", bar: bar{2.5, atMost}},
			{name: "one more process, key absent", ours: "pipe + expert-field-reducer", ref: "pipe + byte copy", base: "pipe", bar: bar{2.5, atMost}},
			{name: "durable, wall time", ours: "through a spool", ref: "without a spool", wall: true, bar: bar{0.5, atLeast}},
		},
	}
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

// shell runs a script that knows the commands, with a directory as its $1.
func (p places) shell(script, dir string) []string {
	return []string{"/bin/sh", "-c", "PATH=$0:$PATH; " + script, p.bin, dir}
}

var deduplicator = []string{"expert-deduplicator", "--filter-type", "whitelist",
	"--filter-keys", "source.ip,source.port,classification.type,feed.name"}

func parser() []string {
	return []string{"parse-csv", "--columns", columnList(), "--skip-header", "json:true",
		"--default-fields", `json:{"classification.type":"scanner"}`,
		"--name", "Port Scan Survey", "--provider", "Example CERT"}
}

// jobStages is a feed's way from the CSV to the file. The addresses of the
// data are those reserved for documentation, which expert-rfc1918 by itself
// drops: here it deletes them, so that the later stages have something to do.
func jobStages(output string) [][]string {
	return [][]string{
		parser(),
		deduplicator,
		{"expert-taxonomy"},
		{"expert-url"},
		{"expert-rfc1918", "--fields", "source.asn,destination.ip,source.ip", "--policy", "drop,del,del"},
		{"expert-filter", "--filter-key", "protocol.transport", "--filter-value", filteredTransport, "--filter-action", "drop"},
		{"output-file", "--file", output},
	}
}

// restrict keeps the tasks that keep says and the jobs these need.
func (p *plan) restrict(keep func(task) bool) {
	p.tasks = slices.DeleteFunc(p.tasks, func(t task) bool { return !keep(t) })
	p.jobs = slices.DeleteFunc(p.jobs, func(j job) bool {
		return !slices.ContainsFunc(p.tasks, func(t task) bool {
			return j.name == t.ours || j.name == t.ref || j.name == t.base
		})
	})
}

func (t task) String() string { return fmt.Sprintf("%s: %s, %s", t.name, t.ours, t.ref) }
