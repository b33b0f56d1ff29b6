package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// A job is a command, or a fused chain, that has to get through trouble with
// its disk. In its command lines @ is a directory of its own.
type job struct {
	name   string
	before string // a command that makes what it works on, of the events
	words  string // what meets trouble
	after  string // a command that takes the events on to where they are counted
	// resent says that the job reads the events from stdin. Whoever feeds it
	// knows only its exit code, and after 3 sends everything again: an event
	// may then be there twice, but none may be missing.
	resent bool
	fails  string // what stderr says of each event that fails
}

var jobs = []job{
	{
		name:   "a spool into a file",
		before: "output-spool --segment-bytes 150 @/queue",
		words:  "collect-spool @/queue then expert-deduplicator --state seen then expert-taxonomy then output-file --file @/out/events",
	},
	{
		name:   "a spool into files by name",
		before: "output-spool --segment-bytes 150 @/queue",
		words:  "collect-spool @/queue then expert-deduplicator --state @/seen then output-file --format-filename --file @/out/{event[feed.code]}/{event[feed.name]}",
		fails:  "name of the file",
	},
	{
		name:   "a spool into a spool",
		before: "output-spool --segment-bytes 150 @/queue",
		words:  "collect-spool @/queue then expert-deduplicator --state seen then output-spool --segment-bytes 100 @/second",
		after:  "collect-spool @/second then output-file --file @/out/events",
	},
	{
		name:   "files that are deleted",
		before: "output-file --format-filename --file @/in/{event[feed.name]}.json",
		words:  "collect-file --path @/in --postfix .json --delete-file then parse-json --splitlines then expert-deduplicator --state seen then output-file --file @/out/events",
	},
	{
		name:   "stdin into a spool",
		words:  "output-spool --segment-bytes 150 @/queue",
		after:  "collect-spool @/queue then output-file --file @/out/events",
		resent: true,
		fails:  "stdin:",
	},
	{
		name:   "stdin into a file",
		words:  "expert-taxonomy then expert-deduplicator --state seen then output-file --file @/out/events",
		resent: true,
		fails:  "stdin:",
	},
}

// A courtesy is an operation that may fail and nothing is the worse for it.
type courtesy struct {
	op     disk.Op
	path   *regexp.Regexp
	reason string
}

var courtesies = []courtesy{
	{disk.OpTruncate, regexp.MustCompile(`/(new|cur)/[^/]*\.ndjson(@[^/]*)?$`), "a segment that is acknowledged becomes a note, whose name says all, and is cut to save room: the next run cuts it, too"},
	{disk.OpOpen, regexp.MustCompile(`/cur/\.acked@`), "that is the next run"},
	{disk.OpTruncate, regexp.MustCompile(`/cur/\.acked@`), "that is the next run"},
	{disk.OpSync, regexp.MustCompile(`/cur/\.acked@`), "that is the next run"},
	{disk.OpRemove, regexp.MustCompile(`/cur/\.acked@`), "an older note: the newest counts, and the next run removes it"},
}

// consumers are the notes of sources whose origin keeps what is acknowledged.
var consumers = regexp.MustCompile(`/\.?collect-spool-[0-9a-f]+(-\d+)?\.source(\.tmp-\w+)?$`)

// vital are the operations that have failed and are no courtesies, nor the sync
// that makes one durable.
func vital(seen []disktest.Operation, reason error) (all []disktest.Operation) {
	synced := "" // the directory of the courtesy before
	for _, o := range seen {
		spare := slices.ContainsFunc(courtesies, func(c courtesy) bool { return c.op == o.Op && c.path.MatchString(o.Path) })
		if full := reason == syscall.ENOSPC || reason == syscall.EDQUOT; full && consumers.MatchString(o.Path) {
			spare = true // a consumer makes room, and goes on without its notes
		}
		if o.Failed && !spare && (o.Op != disk.OpSync || o.Path != synced) {
			all = append(all, o)
		}
		if synced = ""; spare {
			synced = filepath.Dir(o.Path)
		}
	}
	return all
}

const (
	troubleEvents = 5
	troubleBad    = 2
)

// troubleInput has each event twice, the second time in another segment, and
// some that fail: where they are decoded, or because of the name of a file.
func troubleInput(fails string) string {
	var b strings.Builder
	for i := range 2 * troubleEvents {
		n := i % troubleEvents
		fmt.Fprintf(&b, `{"feed.code":"c%d","feed.name":"f%d","extra.n":%d}`+"\n", n%2, n%3, n)
		if i%troubleEvents != 1 || i/troubleEvents >= troubleBad {
			continue
		}
		switch fails {
		case "stdin:":
			fmt.Fprintf(&b, `{"bad%d`+"\n", i/troubleEvents)
		case "name of the file":
			fmt.Fprintf(&b, `{"feed.code":"..","feed.name":"bad%d"}`+"\n", i/troubleEvents)
		}
	}
	return b.String()
}

// try is a job in a directory.
type try struct {
	*testing.T
	job
	dir string
}

// in returns the job in a directory where all that comes before it is done.
func (j job) in(t *testing.T, prepared string) *try {
	t.Helper()
	y := &try{t, j, shortLived(t)}
	if err := os.CopyFS(y.dir, os.DirFS(prepared)); err != nil {
		t.Fatal(err)
	}
	return y
}

// prepare does what comes before the job.
func (j job) prepare(t *testing.T) (dir string) {
	t.Helper()
	y := &try{t, j, shortLived(t)}
	if j.before != "" {
		if r := y.run(j.before); r.exit != tool.ExitOK || r.stderr != "" {
			t.Fatalf("%s: %+v", j.before, r)
		}
		os.RemoveAll(filepath.Join(y.dir, "state"))
	}
	return y.dir
}

// shortLived is a directory in memory if there is one: what is synced here is
// written thousands of times, and only the order of operations matters.
func shortLived(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "intelpipe-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (y *try) run(line string) result {
	return inProcess(y.dir, strings.Fields(strings.ReplaceAll(line, "@", y.dir)), strings.NewReader(troubleInput(y.fails)))
}

// sayings are the lines on stderr but for those about events that fail, and
// about what a crash has left.
func (y *try) sayings(r result) []string {
	var lines []string
	for line := range strings.Lines(told(r.stderr)) {
		if (y.fails == "" || !strings.Contains(line, y.fails)) && !strings.Contains(line, "a writer that died") && !strings.Contains(line, "a writer died") {
			lines = append(lines, line)
		}
	}
	return lines
}

// arrived counts the events in the output by number, and lines that are none.
func (y *try) arrived() (times [troubleEvents]int, torn []string) {
	filepath.WalkDir(filepath.Join(y.dir, "out"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			var e struct {
				N *int `json:"extra.n"`
			}
			if json.Unmarshal([]byte(line), &e) != nil || e.N == nil || *e.N >= troubleEvents || !strings.HasSuffix(line, "\n") {
				torn = append(torn, line)
			} else {
				times[*e.N]++
			}
		}
		return err
	})
	return times, torn
}

// dumped counts the events in the dumps by their text.
func (y *try) dumped() map[string]int {
	times := map[string]int{}
	files, _ := filepath.Glob(filepath.Join(y.dir, "state", "*.dump"))
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			y.Fatal(err)
		}
		err = dump.Read(f, func(entries []dump.Entry, line []byte) bool {
			if line[len(line)-1] != '\n' {
				y.Errorf("%s: the last line is torn: %s", path, line)
			}
			for _, e := range entries {
				times[e.Message]++
			}
			return true
		})
		f.Close()
		if err != nil {
			y.Errorf("%s: %v", path, err)
		}
	}
	return times
}

var changing = regexp.MustCompile(`-[0-9a-f]{12}\b|[0-9]+`)

// left are the names of all files, but for the numbers of checkpoints and the
// hashes of paths. How many notes of what was acknowledged there are does not
// matter, nor whether a consumer could write its own.
func (y *try) left() []string {
	names := map[string]bool{}
	filepath.WalkDir(y.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !consumers.MatchString(path) {
			names[changing.ReplaceAllString(strings.TrimPrefix(path, y.dir), "N")] = true
		}
		return err
	})
	return slices.Sorted(maps.Keys(names))
}

// TestTroubleEverywhere fails every single operation of each job, with the
// errors that a full, broken or read-only disk gives, once or for good: the job
// ends with exit code 3 and a line that names the file, and after the next run
// nothing is lost. An event that was dumped may be dumped again, since its
// window is sent again. Then the same happens to the run behind a crash.
func TestTroubleEverywhere(t *testing.T) {
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			prepared := j.prepare(t)
			y := j.in(t, prepared)
			count := &disktest.Plan{}
			restore := count.Install(t)
			good := y.run(j.words)
			restore()
			if good.exit > 1 || (good.exit == 1) != (j.fails != "") || len(y.sayings(good)) > 0 {
				t.Fatalf("%+v", good)
			}
			if err := y.finish(0, false); err != nil {
				t.Fatal(err)
			}
			d := &disturbance{T: t, job: j, prepared: prepared, exit: good.exit, left: y.left()}
			d.everywhere()
			alone := d.runs
			d.behindCrashes(count.Count())
			t.Logf("%d operations; %d failures, of which %d did not matter, %d of them behind a crash", count.Count(), d.runs, d.spared, d.runs-alone)
		})
	}
}

// A disturbance runs a job again and again.
type disturbance struct {
	*testing.T
	job
	prepared string
	exit     int      // of a run without trouble
	left     []string // the files behind it

	runs, spared int
}

func (d *disturbance) everywhere() {
	for n, reached := 1, true; reached && !d.Failed(); n++ {
		reached = false
		for _, plan := range few(plans(n), n) {
			reached = d.once(plan, 0) || reached
		}
	}
}

// few are all of them for scripts/chaos, and else two, others for each operation.
func few(all []*disktest.Plan, n int) []*disktest.Plan {
	if killing.Thorough() {
		return all
	}
	return all[n%2*2:][:2]
}

// behindCrashes lets a run of so many operations crash before, each time at
// another one.
func (d *disturbance) behindCrashes(operations int) {
	for n := 1; n <= operations && !d.Failed(); n++ {
		for i, plan := range plans(n)[(n+1)%2*2:][:2] {
			d.once(plan, 1+(7*n+i*operations/2)%operations)
		}
	}
}

// plans fail operation n with each error, and in each way: done or not, and
// what comes after it too or not.
func plans(n int) (all []*disktest.Plan) {
	for i, errno := range disktest.Errors {
		all = append(all, &disktest.Plan{N: n, Err: errno, Half: (n+i)&1 > 0, Dead: (n+i)&2 > 0})
	}
	return all
}

// once tells whether the job has come as far as the operation that fails. If
// crash is not 0 the run before it dies at that operation.
func (d *disturbance) once(plan *disktest.Plan, crash int) bool {
	d.Helper()
	y := d.in(d.T, d.prepared)
	defer os.RemoveAll(y.dir)
	tries := 1
	if crash > 0 {
		restore := (&disktest.Plan{N: crash, Err: syscall.EIO, Dead: true}).Install(d)
		y.run(d.words)
		restore()
		tries++
	}
	restore := plan.Install(d)
	r := y.run(d.words)
	restore()
	failed := slices.DeleteFunc(plan.Operations(), func(o disktest.Operation) bool { return !o.Failed })
	vital := vital(plan.Operations(), plan.Err)
	var problem error
	// Whether a directory was synced for the notes of a consumer, which goes on
	// without them, or for something else, its path does not tell.
	notes := strings.Contains(d.words, "collect-spool") && (plan.Err == syscall.ENOSPC || plan.Err == syscall.EDQUOT) &&
		!slices.ContainsFunc(failed, func(o disktest.Operation) bool { return o.Op != disk.OpSync || filepath.Base(o.Path) != "state" })
	switch {
	case notes && r.exit == d.exit:
	case len(vital) == 0 && (r.exit > d.exit || r.exit < d.exit && crash == 0), len(vital) > 0 && (r.exit != tool.ExitBroken || !y.named(r, vital, plan.Err)):
		problem = errors.New("not the exit code or the line that were expected")
	case r.exit == tool.ExitBroken:
		tries++
		if r := y.run(d.words); r.exit > d.exit {
			problem = fmt.Errorf("the next run: %+v", r)
		}
	}
	// What cannot be cut off again, in a stream without control lines, stays as
	// a line of its own.
	uncut := d.resent && slices.ContainsFunc(failed, func(o disktest.Operation) bool { return o.Op == disk.OpTruncate })
	if problem == nil {
		problem = y.finish(tries-1, uncut)
	}
	if left := y.left(); problem == nil && !slices.Equal(left, d.left) {
		problem = fmt.Errorf("there are the files %q, want %q", left, d.left)
	}
	if problem != nil {
		d.Errorf("crash at %d, operation %d, %v, half %v, dead %v, failed %v\n%+v\n%v", crash, plan.N, plan.Err, plan.Half, plan.Dead, failed[:min(1, len(failed))], r, problem)
	}
	if len(failed) > 0 {
		d.runs++
	}
	if len(failed) > 0 && len(vital) == 0 {
		d.spared++
	}
	return len(failed) > 0
}

// named reports whether stderr has one line, which names the file that failed
// first, and the reason. Of what output-spool does at once, and collect-spool ahead,
// another may be told.
func (y *try) named(r result, failed []disktest.Operation, reason error) bool {
	if !strings.Contains(y.words, "-spool") {
		failed = failed[:1]
	}
	lines := y.sayings(r)
	return len(lines) == 1 && oneLine.MatchString(lines[0]) && strings.Contains(lines[0], reason.Error()) && !strings.Contains(lines[0], `\x0a`) &&
		slices.ContainsFunc(failed, func(o disktest.Operation) bool { return strings.Contains(lines[0], o.Path) })
}

// finish takes the events to where they are counted, and counts. The runs
// before the last have failed, and uncut is whether one may have left a torn
// line.
func (y *try) finish(failed int, uncut bool) error {
	if y.after != "" {
		if r := y.run(y.after); r.exit != tool.ExitOK {
			return fmt.Errorf("%s: %+v", y.after, r)
		}
	}
	most := 1
	if y.resent {
		most += failed
	}
	if !strings.Contains(y.words, "expert-deduplicator") {
		most *= 2
	}
	times, torn := y.arrived()
	if slices.Min(times[:]) < 1 || slices.Max(times[:]) > most || len(torn) > 0 && !uncut {
		return fmt.Errorf("the events are there %v times, at most %d were expected; torn lines %q", times, most, torn)
	}
	bad := 0
	for text, times := range y.dumped() {
		if !strings.Contains(text, "bad") || times > 1+failed {
			return fmt.Errorf("%d times in the dump: %s", times, text)
		}
		bad++
	}
	if bad != troubleBad && y.fails != "" || bad > 0 && y.fails == "" {
		return fmt.Errorf("%d events are in the dump", bad)
	}
	return nil
}

// TestTroubleWithDump fails every operation of deleting an entry: the others
// are there afterwards, and it too unless it was deleted.
func TestTroubleWithDump(t *testing.T) {
	j := job{name: "dump", before: "output-spool @/queue", fails: "stdin:"}
	made := &try{t, j, shortLived(t)}
	made.run(j.before)
	runs := 0
	for n, reached := 1, true; reached; n++ {
		reached = false
		for _, plan := range plans(n) {
			y := j.in(t, made.dir)
			restore := plan.Install(t)
			r := y.run("dump delete output-spool 1")
			restore()
			failed := vital(plan.Operations(), plan.Err)
			dumped := y.dumped()
			switch {
			case len(failed) > 0 && (r.exit != tool.ExitBroken || !y.named(r, failed, plan.Err)), len(failed) == 0 && r.exit != tool.ExitOK:
				t.Errorf("operation %d, half %v, dead %v: %+v", n, plan.Half, plan.Dead, r)
			case dumped[`{"bad1`] != 1, len(dumped) > 1 && dumped[`{"bad0`] != 1, len(failed) == 0 && len(dumped) > 1:
				t.Errorf("operation %d, half %v, dead %v: the dump has %v", n, plan.Half, plan.Dead, dumped)
			}
			if len(failed) > 0 {
				reached = true
				runs++
			}
		}
	}
	t.Logf("%d failures", runs)
	if runs == 0 {
		t.Error("nothing has failed")
	}
}
