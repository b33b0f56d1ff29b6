package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/server"
)

// counted is an event whose number counts something.
type counted struct {
	N     int `json:"extra.n"`
	Count int `json:"extra.count"`
}

// counts are the events of a file, by their number, and how often each is there.
func (g *ground) counts(file string) (total, times map[int]int) {
	total, times = map[int]int{}, map[int]int{}
	for line := range strings.Lines(read(g.dir, file)) {
		var e counted
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			g.row.torn++
			continue
		}
		total[e.N] += e.Count
		times[e.N]++
	}
	return total, times
}

// feedLines puts lines into the spool.
func (g *ground) feedLines(numbers []int) {
	g.Helper()
	var b strings.Builder
	for i, n := range numbers {
		fmt.Fprintf(&b, `{"source.ip":"192.0.2.%d","time.source":"2026-01-31T12:00:00+00:00","extra.n":%d}`+"\n", i%256, n)
	}
	j := &task{command(g, g.dir, "output-spool", "--segment-bytes", "4KiB", "queue"), make(chan struct{})}
	j.Dir, j.Env, j.Stderr, j.Stdin = g.dir, g.env, g.stderr, strings.NewReader(b.String())
	g.begin(j)
	if code := j.code(); code != 0 {
		g.Fatalf("output-spool: exit %d, %s", code, g.said())
	}
}

// underFire kills processes of a pipeline while events come in, whose numbers portion
// makes, and then lets it come to its end.
func (g *ground) underFire(kills int, words func(flags ...string) []string, portion func(round int) []int) {
	arrived := func() int64 { return g.size("state/counts", "counts.ndjson") }
	g.feedLines(nil)
	var source *task
	for round := 0; g.row.kills < kills; round++ {
		if source == nil || source.over() {
			source = g.start(words("--follow")...)
		}
		numbers := portion(round)
		g.row.events += len(numbers)
		g.feedLines(numbers)
		g.moment(arrived)
		g.strike(source)
	}
	if !source.over() {
		source.Process.Signal(syscall.SIGTERM)
		<-source.ended
	}
	g.finish(words())
}

// pipeOrChain are the words of a source with these stages as a pipe of a shell, or fused.
func pipeOrChain(fused bool, stages ...[]string) func(flags ...string) []string {
	return func(flags ...string) []string {
		words := append([]string{"collect-spool", "queue"}, flags...)
		var pipe []string
		for _, stage := range stages {
			words = append(append(words, "then"), stage...)
			pipe = append(pipe, "'"+strings.Join(stage, "' '")+"'")
		}
		if fused {
			return words
		}
		return collectSpool("queue", strings.Join(pipe, " | "), flags...)
	}
}

func thresholdUnderFire(g *ground, kills int) { thresholdChain(g, kills, false, "--state", "counts") }
func fusedThresholdUnderFire(g *ground, kills int) {
	thresholdChain(g, kills, true, "--state", "counts")
}
func aggregateUnderFire(g *ground, kills int) { aggregateChain(g, kills, false, "--state", "counts") }
func fusedAggregateUnderFire(g *ground, kills int) {
	aggregateChain(g, kills, true, "--state", "counts")
}

func thresholdInRedisUnderFire(g *ground, kills int) {
	thresholdChain(g, kills, false, g.redisFlags()...)
}

func aggregateInRedisUnderFire(g *ground, kills int) {
	aggregateChain(g, kills, false, g.redisFlags()...)
}

func (g *ground) redisFlags() []string {
	server := server.StartRedis(g.T)
	return []string{"--redis-cache-host", "127.0.0.1", "--redis-cache-port", fmt.Sprint(server.Port)}
}

// thresholdChain sends even numbers three times, each time in another portion, and odd
// ones twice. With a threshold of three the even ones pass, each once.
func thresholdChain(g *ground, kills int, fused bool, state ...string) {
	const portion = 300
	threshold := append([]string{"expert-threshold", "--filter-type", "whitelist", "--filter-keys", "extra.n", "--threshold", "3"}, state...)
	words := pipeOrChain(fused, threshold, []string{"output-file", "--file", "counts.ndjson"})
	events, last := 0, 0
	numbers := func(round int) (all []int) {
		for ago := range 3 {
			for n := (round - ago) * portion; n < (round-ago+1)*portion; n++ {
				if n >= 0 && (n%2 == 0 || ago < 2) {
					all = append(all, n)
				}
			}
		}
		last, events = round, (round-1)*portion // those that have come three times
		return all
	}
	g.underFire(kills, words, numbers)
	_, times := g.counts("counts.ndjson")
	for n, often := range times {
		if n%2 == 1 || n >= events {
			g.Errorf("%d was sent less than three times, and has passed", n)
		}
		g.row.twice += often - 1
	}
	for n := 0; n < events; n += 2 {
		if times[n] == 0 {
			g.row.lost++
		}
	}
	g.print(0)
	if last == 0 || fused == (g.row.restarts[1] > 0) && kills > 5 {
		g.Errorf("%d rounds, %d restarts", last, g.row.restarts[1])
	}
}

// aggregateChain counts the events of a few numbers, in windows of a second, of which many
// end while processes are killed.
func aggregateChain(g *ground, kills int, fused bool, state ...string) {
	const portion, kinds = 300, 7
	aggregate := append([]string{"expert-aggregate", "--fields", "extra.n", "--threshold", "1", "--timespan", "1 second"}, state...)
	words := pipeOrChain(fused, aggregate, []string{"output-file", "--file", "counts.ndjson"})
	sent := map[int]int{}
	g.underFire(kills, words, func(round int) (all []int) {
		for i := range portion {
			n := (round + i) % kinds
			sent[n]++
			all = append(all, n)
		}
		return all
	})
	time.Sleep(1100 * time.Millisecond) // until all is due
	g.feedLines([]int{kinds})           // with which that passes
	g.finish(words())
	total, times := g.counts("counts.ndjson")
	for n, want := range sent {
		g.row.lost += max(0, want-total[n])
		g.row.twice += max(0, total[n]-want)
		if times[n] == 0 {
			g.Errorf("nothing of kind %d has passed", n)
		}
	}
	if times[kinds] > 0 {
		g.Errorf("what is not due has passed")
	}
	g.print(0)
}
