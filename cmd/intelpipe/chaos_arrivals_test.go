package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// arrivals makes events for a variant, and looks for them afterwards.
type arrivals struct {
	*testing.T
	v   chaosVariant
	dir string
	env []string
	rnd *rand.Rand
}

func newArrivals(t *testing.T, v chaosVariant, rnd *rand.Rand, env ...string) *arrivals {
	dir := home(t)
	env = append(environment(dir), env...)
	return &arrivals{T: t, v: v, dir: dir, rnd: rnd, env: append(env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))}
}

// events are a portion of them. Where there is a deduplicator, a few old ones
// come again, which it has to drop.
func (a *arrivals) events(first int) string {
	var b strings.Builder
	for n := first; n < first+chaosPortion; n++ {
		a.event(&b, n)
		if n%10 == 0 && strings.Contains(a.v.script, "deduplicator") {
			a.event(&b, a.rnd.IntN(n+1))
		}
	}
	return b.String()
}

func (a *arrivals) event(b *strings.Builder, n int) {
	kind := "phishing"
	if n%8 == 0 {
		kind = "scanner"
	}
	fmt.Fprintf(b, `{"source.ip":"192.0.2.%d","destination.fqdn":"h%d.example.org","classification.type":"%s","comment":"%s","extra.n":%d}`+"\n", n%256, n%250, kind, a.v.comment, n)
}

// takesSide and arrivesAtEnd say where an event belongs.
func (a *arrivals) takesSide(n int) bool    { return n%8 != 0 }
func (a *arrivals) arrivesAtEnd(n int) bool { return a.v.side == "" || !a.takesSide(n) }

// pipe is the variant's commands without a source.
func (a *arrivals) pipe() *exec.Cmd {
	script := "cat | " + a.v.script
	if a.v.fused {
		script = "cat | intelpipe " + a.v.script
	}
	cmd := exec.Command("sh", "-c", script, "sh", "out.ndjson")
	cmd.Dir, cmd.Env = a.dir, a.env
	return cmd
}

// compare looks in some files for each event that belongs there. What is
// missing is sent through the commands once more: what does not arrive even
// then is what a deduplicator takes for known.
func (a *arrivals) compare(events int, pattern string, belongs func(n int) bool) tally {
	var t tally
	times := a.read(events, pattern, &t)
	var missing strings.Builder
	for n, times := range times {
		switch {
		case times == 0 && belongs(n):
			t.lost++
			a.event(&missing, n)
		case times > 0 && !belongs(n):
			a.Errorf("%d has nothing to do in %s", n, pattern)
		case times > 1:
			t.twice += times - 1
		}
	}
	if t.lost > 0 {
		again := &arrivals{T: a.T, v: a.v, dir: filepath.Join(a.dir, "again"), env: a.env}
		write(a.T, again.dir, "missing", missing.String())
		pipe := again.pipe()
		pipe.Stdin = strings.NewReader(missing.String())
		pipe.Run() // whatever it says, what counts is what arrives
		arrived := 0
		for _, times := range again.read(events, pattern, new(tally)) {
			arrived += min(times, 1)
		}
		t.dropped = t.lost - arrived
	}
	return t
}

// read counts how often each event is there.
func (a *arrivals) read(events int, pattern string, t *tally) []int {
	times := make([]int, events)
	files, err := filepath.Glob(filepath.Join(a.dir, pattern))
	if err != nil || len(files) == 0 {
		a.Errorf("%s: there are no such files", pattern)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			a.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var e struct {
				N *int `json:"extra.n"`
			}
			if json.Unmarshal(line, &e) != nil || e.N == nil || *e.N >= events || line[len(line)-1] != '\n' || !bytes.Contains(line, []byte(a.v.has)) {
				t.torn++
				continue
			}
			times[*e.N]++
		}
	}
	return times
}
