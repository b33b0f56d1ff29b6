package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// chaosPipelines are what has to survive: $1 is the output, side/ a spool that
// some events take the way to.
var chaosPipelines = []struct{ name, script string }{
	{"plain", "expert-taxonomy | expert-deduplicator --state seen | expert-rfc1918 --fields source.ip --policy del | output-file --file $1"},
	{"two deduplicators", "expert-deduplicator --state seen | expert-taxonomy | expert-deduplicator --state again | output-file --file $1"},
	{"through", "expert-deduplicator --state seen | through jq -c . | output-file --file $1"},
	{"signals", "expert-taxonomy --grace 1 | expert-deduplicator --grace 1 --state seen | output-file --grace 1 --file $1"},
	{"side spool", "expert-deduplicator --state seen | " + sevens + " | " + threes + " | output-file --file $1"},
	{"fused", "then expert-deduplicator --state seen then output-file --file out.ndjson"},
	{"fused with side spool", "then expert-deduplicator --state seen then " + sevens + " then " + threes + " then output-file --file out.ndjson"},
}

const (
	sevens = "expert-filter --filter-key extra.n --filter-value 7 --filter-regex search --filter-action drop --to action_other=side/"
	threes = "expert-filter --filter-key extra.n --filter-value 3 --filter-regex search --filter-action drop --to action_other=side/"
)

// TestChaos kills a random process of a pipeline, or its source, again and
// again, while events come in. Each of them has to arrive once. INTELPIPE_CHAOS
// is the number of kills; with 100 or more there are 200,000 events.
func TestChaos(t *testing.T) {
	kills, events := 10, 20000
	if text := os.Getenv("INTELPIPE_CHAOS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil || kills < 1 {
			t.Fatalf("INTELPIPE_CHAOS=%s", text)
		}
		if kills >= 100 {
			events = 200000
		}
	}
	for n, p := range chaosPipelines {
		t.Run(p.name, func(t *testing.T) {
			if strings.Contains(p.script, "jq") {
				if _, err := exec.LookPath("jq"); err != nil {
					t.Skip("jq is not there")
				}
			}
			c := newChaos(t, p.script, rand.New(rand.NewPCG(uint64(n), 1)))
			c.signals = p.name == "signals"
			for kill := range kills {
				c.feed(events*kill/kills, events*(kill+1)/kills)
				c.kill()
			}
			c.drain()
			c.compare(events)
		})
	}
}

type chaos struct {
	*testing.T
	dir, script string
	rnd         *rand.Rand
	env         []string
	stderr      *os.File // a buffer would make us wait for the pipelines of dead sources
	source      *exec.Cmd
	signals     bool // SIGTERM as well
	restarts    int
}

func newChaos(t *testing.T, script string, rnd *rand.Rand) *chaos {
	c := &chaos{T: t, dir: home(t), script: script, rnd: rnd}
	c.env = append(environment(c.dir), "PATH="+filepath.Join(c.dir, "bin")+":"+os.Getenv("PATH"))
	var err error
	if c.stderr, err = os.Create(filepath.Join(c.dir, "stderr")); err != nil {
		t.Fatal(err)
	}
	c.output(strings.NewReader(""))
	c.start("--follow")
	t.Cleanup(func() {
		for _, p := range c.processes() {
			syscall.Kill(p, syscall.SIGKILL)
		}
		c.source.Wait()
		c.stderr.Close()
	})
	return c
}

// start starts the source.
func (c *chaos) start(flags ...string) {
	c.Helper()
	args := append([]string{"collect-spool", "--restarts", "1000", "queue"}, flags...)
	if strings.HasPrefix(c.script, "then ") {
		args = append(args, strings.Fields(c.script)...)
	} else {
		args = append(args, "--", "sh", "-c", c.script, "sh", "out.ndjson")
	}
	self, _ := os.Executable()
	c.source = &exec.Cmd{Path: self, Args: args, Dir: c.dir, Env: c.env, Stderr: c.stderr}
	if err := c.source.Start(); err != nil {
		c.Fatal(err)
	}
}

// output puts lines into the spool.
func (c *chaos) output(in *strings.Reader) {
	c.Helper()
	self, _ := os.Executable()
	cmd := &exec.Cmd{Path: self, Args: []string{"output-spool", "--segment-bytes", "16KiB", "queue"}, Dir: c.dir, Env: c.env, Stdin: in}
	if text, err := cmd.CombinedOutput(); err != nil {
		c.Fatalf("output-spool: %v, %s", err, text)
	}
}

// feed makes the events from first up to last, and repeats a few old ones,
// which the deduplicator has to drop.
func (c *chaos) feed(first, last int) {
	var b strings.Builder
	for n := first; n < last; n++ {
		chaosEvent(&b, n)
		if n%10 == 0 {
			chaosEvent(&b, c.rnd.IntN(n+1))
		}
	}
	c.output(strings.NewReader(b.String()))
}

func chaosEvent(b *strings.Builder, n int) {
	fmt.Fprintf(b, `{"source.ip":"192.0.2.%d","classification.type":"scanner","extra.n":%d}`+"\n", n%256, n)
}

// kill kills one process, and starts the source again if that was it.
func (c *chaos) kill() {
	time.Sleep(time.Duration(c.rnd.IntN(25)) * time.Millisecond)
	all := c.processes()
	victim := all[c.rnd.IntN(len(all))]
	signal := syscall.SIGKILL
	if c.signals && victim != c.source.Process.Pid && c.rnd.IntN(2) == 0 {
		signal = syscall.SIGTERM
	}
	syscall.Kill(victim, signal)
	if victim == c.source.Process.Pid {
		c.source.Wait()
		c.restarts++
		c.start("--follow")
	}
}

// processes are the source and all that it has started, as far as they run.
func (c *chaos) processes() []int {
	all := []int{c.source.Process.Pid}
	for i := 0; i < len(all); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			for _, word := range strings.Fields(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil {
					all = append(all, pid)
				}
			}
		}
	}
	return all
}

// drain ends the source, and empties the spool.
func (c *chaos) drain() {
	c.source.Process.Signal(syscall.SIGTERM)
	c.source.Wait()
	c.start()
	c.source.Wait()
	if code := c.source.ProcessState.ExitCode(); code != 0 {
		c.Errorf("the last run: exit %d", code)
	}
	if left, _ := filepath.Glob(filepath.Join(c.dir, "queue/*/*.ndjson")); len(left) > 0 {
		c.Errorf("%d segments are left", len(left))
	}
}

// compare looks for each event.
func (c *chaos) compare(events int) {
	arrived, _ := filepath.Glob(filepath.Join(c.dir, "side/new/*"))
	if strings.Contains(c.script, "side/") != (len(arrived) > 0) {
		c.Errorf("%d segments are in the side spool", len(arrived))
	}
	var text []byte
	for _, name := range append(arrived, filepath.Join(c.dir, "out.ndjson")) {
		data, err := os.ReadFile(name)
		if err != nil {
			c.Fatal(err)
		}
		text = append(text, data...)
	}
	seen := make([]int, events)
	var lost, duplicates, torn int
	for line := range bytes.Lines(text) {
		var e struct {
			N *int `json:"extra.n"`
		}
		if json.Unmarshal(line, &e) != nil || e.N == nil || *e.N >= events || line[len(line)-1] != '\n' {
			torn++
			continue
		}
		if seen[*e.N]++; seen[*e.N] > 1 {
			duplicates++
		}
	}
	for _, n := range seen {
		if n == 0 {
			lost++
		}
	}
	stderr, _ := os.ReadFile(c.stderr.Name())
	c.Logf("%d events, source restarted %d times, pipeline %d times: %d lost, %d duplicates, %d torn lines",
		events, c.restarts, bytes.Count(stderr, []byte("is started again")), lost, duplicates, torn)
	if lost+duplicates+torn > 0 {
		c.Errorf("stderr: %.5000s", stderr)
	}
}
