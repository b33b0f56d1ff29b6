package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// A chaosTrial is a row of the table that a chaosVariant cannot describe.
type chaosTrial struct {
	name string
	run  func(g *ground, kills int)
}

var chaosTrials = []chaosTrial{
	{"two Redis queues", queuesUnderFire},
	{"two sources, one spool", sourcesOnOneSpool},
	{"two sources, one file", sourcesOnOneFile},
	{"two names on one URL", namesOnOneURL},
	{"replay, half fails", replayUnderFire},
	{"replay, half fails, fused", fusedReplayUnderFire},
	{"overlap, into a spool", overlapIntoSpool},
	{"overlap, names, spools", overlapOfNames},
	{"overlap, names, files", overlapOfNamesIntoFiles},
	{"overlap, into a file", overlapIntoFile},
	{"overlap, --if-running", overlapOfOneSource},
	{"power cut, file", powerCutFile},
	{"power cut, spool", powerCutSpool},
	{"routes, --jobs 8", routesWithJobs},
	{"threshold", thresholdUnderFire},
	{"threshold, fused", fusedThresholdUnderFire},
	{"aggregate", aggregateUnderFire},
	{"aggregate, fused", fusedAggregateUnderFire},
	{"threshold, Redis", thresholdInRedisUnderFire},
	{"aggregate, Redis", aggregateInRedisUnderFire},
}

var farEndTrials = []chaosTrial{
	{"far end with ids", farEndWithIDs},
	{"far end, transactions", farEndWithTransactions},
}

// ground is where a trial takes place: a directory, its processes, and its row.
type ground struct {
	*testing.T
	dir    string
	env    []string
	rnd    *rand.Rand
	stderr *os.File // of all processes; a buffer would make us wait for the pipelines of dead sources
	row    chaosRow
	last   int64 // of moment
}

func newGround(t *testing.T, name string, seed uint64) *ground {
	dir := home(t)
	for _, spec := range specs {
		if link := filepath.Join(dir, "bin", spec.Name); read(dir, "bin/"+spec.Name) == "" {
			if err := os.Symlink(mustExecutable(t), link); err != nil {
				t.Fatal(err)
			}
		}
	}
	g := &ground{T: t, dir: dir, rnd: rand.New(rand.NewPCG(seed, 3)), row: chaosRow{name: name}}
	g.env = append(environment(dir), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	var err error
	if g.stderr, err = os.Create(filepath.Join(t.TempDir(), "stderr")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.stderr.Close() })
	return g
}

func mustExecutable(t *testing.T) string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// said is what all processes have said.
func (g *ground) said() string {
	text, _ := os.ReadFile(g.stderr.Name())
	return string(text)
}

// task is a process in the background. Its ProcessState is there when ended is closed.
type task struct {
	*exec.Cmd
	ended chan struct{}
}

func (j *task) over() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// code is the exit code of a job that is waited for, -1 if it was killed.
func (j *task) code() int {
	<-j.ended
	return j.ProcessState.ExitCode()
}

// start starts a process, which ends with the test.
func (g *ground) start(words ...string) *task {
	g.Helper()
	j := &task{command(g, g.dir, words...), make(chan struct{})}
	j.Dir, j.Env, j.Stderr = g.dir, g.env, g.stderr
	g.begin(j)
	return j
}

func (g *ground) begin(j *task) {
	g.Helper()
	if err := j.Start(); err != nil {
		g.Fatal(err)
	}
	go func() {
		j.Wait()
		close(j.ended)
	}()
	g.Cleanup(func() {
		if !j.over() {
			for _, pid := range killing.Family(j.Process.Pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			<-j.ended
		}
	})
}

// finish runs a process, which has to come to a good end, or to an exit code that
// is allowed.
func (g *ground) finish(words []string, allowed ...int) {
	g.Helper()
	code := g.start(words...).code()
	for _, c := range append(allowed, 0) {
		if code == c {
			return
		}
	}
	g.Errorf("the last run: exit %d, stderr: %.5000s", code, g.said())
}

// feed puts n events into a spool, numbered from first.
func (g *ground) feed(queue string, first, n int) {
	g.Helper()
	var b strings.Builder
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, `{"source.ip":"192.0.2.%d","classification.type":"phishing","extra.n":%d}`+"\n", i%256, i)
	}
	j := &task{command(g, g.dir, "output-spool", "--segment-bytes", "4KiB", queue), make(chan struct{})}
	j.Dir, j.Env, j.Stderr, j.Stdin = g.dir, g.env, g.stderr, strings.NewReader(b.String())
	g.begin(j)
	if code := j.code(); code != 0 {
		g.Fatalf("output-spool: exit %d, %s", code, g.said())
	}
}

// await waits until something has happened, which has to without our doing.
func (g *ground) await(what string, happened func() bool) {
	g.Helper()
	for end := time.Now().Add(2 * time.Minute); !happened(); time.Sleep(time.Millisecond / 2) {
		if time.Now().After(end) {
			g.Fatalf("%s: has not happened, stderr: %.5000s", what, g.said())
		}
	}
}

// moment returns when the next blow falls: as a rule when something has arrived
// since the last one, and every fourth time at any time. Nothing is lost if nothing
// arrives any more: then the blow falls upon processes that have nothing to do.
func (g *ground) moment(arrived func() int64) {
	limit := 15 * time.Millisecond
	if g.rnd.IntN(4) == 0 {
		limit = 150 * time.Millisecond
	} else {
		for end := time.Now().Add(time.Second); arrived() <= g.last && time.Now().Before(end); {
			time.Sleep(time.Millisecond / 2)
		}
	}
	time.Sleep(time.Duration(g.rnd.Int64N(int64(limit))))
	g.last = arrived()
}

// strike kills a process of a job that runs, or the job itself, and says whether
// it was that.
func (g *ground) strike(j *task) (itself bool) {
	g.Helper()
	if j.over() {
		if j.code() == 2 {
			g.Fatalf("a wrong command line: %.5000s", g.said())
		}
		return false
	}
	all := killing.Family(j.Process.Pid)
	victim := all[g.rnd.IntN(len(all))]
	g.row.kills++
	syscall.Kill(victim, syscall.SIGKILL)
	if victim != j.Process.Pid {
		return false
	}
	<-j.ended
	g.row.restarts[0]++
	return true
}

// stop asks a job to end, which has to come to a good end.
func (g *ground) stop(j *task) {
	g.Helper()
	j.Process.Signal(syscall.SIGTERM)
	if code := j.code(); code > 1 {
		g.Errorf("after SIGTERM: exit %d, stderr: %.5000s", code, g.said())
	}
}

// size is how much is in files, and how many there are.
func (g *ground) size(patterns ...string) (all int64) {
	for _, pattern := range patterns {
		files, _ := filepath.Glob(filepath.Join(g.dir, pattern))
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				all += info.Size() + 1
			}
		}
	}
	return all
}

// count adds to the row what is wrong with the events that have arrived.
func (g *ground) count(times map[int]int, events int) {
	g.row.events += events
	for n := range events {
		switch {
		case times[n] == 0:
			g.row.lost++
		case times[n] > 1:
			g.row.twice += times[n] - 1
		}
	}
	for n := range times {
		if n < 0 || n >= events {
			g.Errorf("%d was never sent", n)
		}
	}
}

// print prints the row. Nothing may be lost, and no more than so many twice.
func (g *ground) print(most int) {
	g.Helper()
	g.row.restarts[1] += strings.Count(g.said(), "is started again")
	g.row.print()
	if g.row.lost > 0 || g.row.twice > most {
		g.Errorf("%d lost, %d twice, at most %d were expected, stderr: %.5000s", g.row.lost, g.row.twice, most, g.said())
	}
}

// spooled are the numbers of the events in a spool.
func (g *ground) spooled(queue string) map[int]int {
	g.Helper()
	r := shell(g.T, g.dir, "collect-spool "+queue)
	if r.exit != 0 {
		g.Errorf("%s: %+v", queue, r.stderr)
	}
	return numbersOf(r.stdout)
}

// words are those of collect-spool with a pipeline.
func collectSpool(queue, pipeline string, flags ...string) []string {
	words := append([]string{"collect-spool", "--restarts", "1000", queue}, flags...)
	return append(words, "--", "sh", "-c", pipeline)
}
