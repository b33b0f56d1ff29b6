package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// chaos is a variant under fire: output-spool, the spool, and its consumers.
type chaos struct {
	*arrivals
	stderr  *os.File // a buffer would make us wait for the pipelines of dead sources
	feeder  *exec.Cmd
	in      io.WriteCloser // of the feeder
	sources []*exec.Cmd
	last    int // what had been acknowledged when the last blow fell
	row     chaosRow
}

func newChaos(a *arrivals) *chaos {
	c := &chaos{arrivals: a, row: chaosRow{name: a.v.name}}
	var err error
	if c.stderr, err = os.Create(filepath.Join(c.dir, "stderr")); err != nil {
		c.Fatal(err)
	}
	c.feeder = c.command("output-spool", "--segment-bytes", c.segmentBytes(), "--segment-age", "0.05", "queue")
	if c.in, err = c.feeder.StdinPipe(); err != nil {
		c.Fatal(err)
	}
	if err := c.feeder.Start(); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		c.feeder.Process.Kill()
		c.feeder.Wait()
		for _, source := range c.sources {
			for _, pid := range killing.Family(source.Process.Pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			source.Wait()
		}
		c.stderr.Close()
	})
	c.await("the spool", func() bool { _, err := os.Stat(filepath.Join(c.dir, "queue/new")); return err == nil })
	c.sources = make([]*exec.Cmd, max(1, c.v.consumers))
	for n := range c.sources {
		c.start(n, "--follow")
	}
	return c
}

func (c *chaos) segmentBytes() string {
	if c.v.segment != "" {
		return c.v.segment
	}
	return "16KiB"
}

func (c *chaos) command(words ...string) *exec.Cmd {
	cmd := command(c, c.dir, words...)
	cmd.Dir, cmd.Env, cmd.Stderr = c.dir, c.env, c.stderr
	return cmd
}

// start starts a source with its pipeline.
func (c *chaos) start(n int, flags ...string) {
	c.Helper()
	args := append([]string{"collect-spool", "--restarts", "1000", "queue"}, flags...)
	if c.v.consumers > 1 {
		args = append(args, "--consumer", strconv.Itoa(n))
	}
	out := fmt.Sprintf("out%d.ndjson", n)
	if c.v.fused {
		args = append(append(args, "then"), strings.Fields(strings.ReplaceAll(c.v.script, "$1", out))...)
	} else {
		args = append(args, "--", "sh", "-c", c.v.script, "sh", out)
	}
	c.sources[n] = c.command(args...)
	if err := c.sources[n].Start(); err != nil {
		c.Fatal(err)
	}
}

// run feeds the events, and strikes while they are on their way.
func (c *chaos) run(kills int) {
	events := kills * chaosPortion
	strike := c.v.strike
	if strike == nil {
		strike = (*chaos).kill
	}
	for n := range kills {
		c.moment(c.events(n * chaosPortion))
		strike(c)
	}
	c.drain()
	c.row.events, c.row.tally = events, c.compare(events, "out*.ndjson", c.arrivesAtEnd)
	said, _ := os.ReadFile(c.stderr.Name())
	c.row.restarts[1] = strings.Count(string(said), "is started again")
	c.row.print()
	if c.row.tally != (tally{}) {
		c.Errorf("%+v, stderr: %.5000s", c.row.tally, said)
	}
	if c.row.kills != kills {
		c.Errorf("%d kills", c.row.kills)
	}
	if c.v.side != "" {
		side := chaosRow{name: "  its side path", events: events, kills: kills, tally: c.compare(events, c.v.side, c.takesSide)}
		side.print()
		if bad := side.tally; bad != (tally{}) {
			c.Errorf("the side path: %+v, stderr: %.5000s", bad, said)
		}
	}
}

// moment feeds a portion of the events and returns when the next blow falls. As
// a rule the last portion has arrived in part, or as a whole, and then windows
// of this one are on their way. Every fourth time it does not wait for either,
// and the blow may meet a pipeline that is just being started.
func (c *chaos) moment(portion string) {
	limit := 10 * time.Millisecond
	soon := c.rnd.IntN(4) == 0
	if soon {
		limit = 150 * time.Millisecond
	} else {
		enough := c.last + 1 + c.rnd.IntN(8)
		c.await("acknowledged windows", func() bool { return sum(c.acknowledged()) >= enough || len(c.waiting()) == 0 })
	}
	before := sum(c.acknowledged())
	if _, err := io.WriteString(c.in, portion); err != nil {
		c.Fatal(err)
	}
	if !soon {
		c.await("open windows", func() bool { return len(c.claimed()) > 0 || sum(c.acknowledged()) > before })
	}
	time.Sleep(time.Duration(c.rnd.Int64N(int64(limit))))
}

// waiting are the segments that were not acknowledged, claimed those of them
// that have a window.
func (c *chaos) waiting() []string { return c.segments("*") }
func (c *chaos) claimed() []string { return c.segments("cur") }

func (c *chaos) segments(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(c.dir, "queue", dir, "[0-9]*"))
	return names
}

// await waits until something has happened, which has to without our doing.
func (c *chaos) await(what string, happened func() bool) {
	c.Helper()
	for end := time.Now().Add(2 * time.Minute); !happened(); time.Sleep(time.Millisecond / 2) {
		if time.Now().After(end) {
			said, _ := os.ReadFile(c.stderr.Name())
			c.Fatalf("%s: there are none, stderr: %.5000s", what, said)
		}
	}
}

// processes are those that are killed, the sources first, and whether all
// commands of the pipelines are among them.
func (c *chaos) processes() (all []int, complete bool) {
	for _, source := range c.sources {
		all = append(all, source.Process.Pid)
	}
	complete = true
	for _, source := range c.sources {
		below, commands := pipes(source.Process.Pid)
		all = append(all, below...)
		complete = complete && (c.v.fused || commands == c.v.commands())
	}
	return all, complete
}

// meet notes what a blow meets, and whether all commands were running then.
func (c *chaos) meet(complete bool) {
	c.row.kills++
	acked := c.acknowledged()
	if sum(acked) == c.last || !complete {
		c.row.moments.early++
	}
	c.last = sum(acked)
	if len(c.claimed()) > 0 {
		c.row.moments.open++
	}
	if c.prepared(acked) {
		c.row.moments.prepared++
	}
}

// acknowledged is how many windows of each source are.
func (c *chaos) acknowledged() map[string]int {
	numbers := map[string]int{}
	entries, _ := os.ReadDir(filepath.Join(c.dir, "queue/cur"))
	for _, e := range entries {
		if note, ok := strings.CutPrefix(e.Name(), ".acked@"); ok {
			number, source, _ := strings.Cut(note, "@")
			n, _ := strconv.Atoi(number)
			numbers[source] = max(numbers[source], n)
		}
	}
	return numbers
}

func sum(numbers map[string]int) (all int) {
	for _, n := range numbers {
		all += n
	}
	return all
}

// prepared says that an output has noted a checkpoint that its source has not.
func (c *chaos) prepared(acked map[string]int) bool {
	ledgers, _ := filepath.Glob(filepath.Join(c.dir, ".out*.checkpoints"))
	for _, ledger := range ledgers {
		text, _ := os.ReadFile(ledger)
		for _, m := range notedCheckpoint.FindAllSubmatch(text, -1) {
			if n, _ := strconv.Atoi(string(m[2])); n > acked[string(m[1])] {
				return true
			}
		}
	}
	return false
}

var notedCheckpoint = regexp.MustCompile(`"checkpoint":"([^"]*):(\d+):`)

// kill kills one process, and starts the source again if that was it.
func (c *chaos) kill() { c.signal(syscall.SIGKILL) }

func (c *chaos) killOrTerminate() {
	c.signal([]syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[c.rnd.IntN(2)])
}

func (c *chaos) signal(signal syscall.Signal) {
	all, complete := c.processes()
	victim := c.rnd.IntN(len(all))
	if victim >= len(c.sources) {
		c.meet(complete) // before, since life goes on
		syscall.Kill(all[victim], signal)
		return
	}
	c.sources[victim].Process.Signal(signal)
	c.sources[victim].Wait()
	c.meet(complete)
	c.restart(victim)
}

// terminateSource asks a source to stop. One that has not yet got so far as to
// start its pipeline would do what any program does.
func (c *chaos) terminateSource() {
	c.await("all commands", func() bool { _, complete := c.processes(); return complete })
	c.meet(true)
	n := c.rnd.IntN(len(c.sources))
	c.sources[n].Process.Signal(syscall.SIGTERM)
	c.stopped(n)
}

// terminateAll asks all processes, as systemd may. They all are at work: one
// that is being started dies.
func (c *chaos) terminateAll() {
	c.await("acknowledged windows", func() bool { return sum(c.acknowledged()) > c.last })
	all, complete := c.processes()
	c.meet(complete)
	for _, pid := range all {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	for n := range c.sources {
		c.stopped(n)
	}
}

// terminateStage asks one command of the pipeline.
func (c *chaos) terminateStage() {
	var stages []int
	c.await("all commands", func() bool {
		all, complete := c.processes()
		stages = slices.DeleteFunc(all[len(c.sources):], func(pid int) bool { return commandOf(pid) == "sh" })
		return complete
	})
	c.meet(true)
	syscall.Kill(stages[c.rnd.IntN(len(stages))], syscall.SIGTERM)
}

// stopped starts a source again that has to come to a good end. What was on
// its way has been acknowledged meanwhile.
func (c *chaos) stopped(n int) {
	c.sources[n].Wait()
	if state := c.sources[n].ProcessState; state.ExitCode() != 0 {
		said, _ := os.ReadFile(c.stderr.Name())
		c.Errorf("after SIGTERM: %v, stderr: %.5000s", state, said)
	}
	c.last = sum(c.acknowledged())
	c.restart(n)
}

func (c *chaos) restart(n int) {
	c.row.restarts[0]++
	c.start(n, "--follow")
}

// drain ends the feeder and the sources, and empties the spool.
func (c *chaos) drain() {
	c.in.Close()
	if err := c.feeder.Wait(); err != nil {
		c.Errorf("output-spool: %v", err)
	}
	for n, source := range c.sources {
		source.Process.Signal(syscall.SIGTERM)
		source.Wait()
		c.start(n)
	}
	for _, source := range c.sources {
		source.Wait()
		if code := source.ProcessState.ExitCode(); code != 0 {
			c.Errorf("the last run: exit %d", code)
		}
	}
	if left := c.waiting(); len(left) > 0 {
		c.Errorf("%d segments are left", len(left))
	}
}
