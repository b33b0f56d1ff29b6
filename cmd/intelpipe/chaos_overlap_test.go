package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/server"
)

// overlapping has three runs of one source at once, each of which ends when there
// is nothing to do, and kills a process of one of them. fill adds a portion of the
// events, words are those of a run.
func overlapping(g *ground, kills int, fill func(first int), words func() []string, arrived func() int64) (events int) {
	var runs []*task
	for g.row.kills < kills {
		fill(events)
		events += overlapPortion
		for len(runs) < 3 {
			runs = append(runs, g.start(words()...))
		}
		g.moment(arrived)
		g.strike(runs[g.rnd.IntN(len(runs))])
		runs = slices.DeleteFunc(runs, (*task).over)
	}
	for _, r := range runs {
		<-r.ended
	}
	return events
}

const overlapPortion = 300

// overlapIntoSpool has runs without names: they are numbered.
func overlapIntoSpool(g *ground, kills int) {
	words := collectSpool("queue", "expert-taxonomy | output-spool out")
	events := overlapping(g, kills,
		func(first int) { g.feed("queue", first, overlapPortion) },
		func() []string { return words },
		func() int64 { return g.size("out/new/*") })
	g.finish(words)
	g.count(g.spooled("out"), events)
	g.print(0)
}

// overlapOfNames has runs of two consumers, also of the same one at once, each with
// a spool of its own.
func overlapOfNames(g *ground, kills int) {
	times, events := overlapConsumers(g, kills, "expert-deduplicator --state seen-%[1]s | output-spool out-%[1]s", func() int64 { return g.size("out-*/new/*") }, func(name string) map[int]int { return g.spooled("out-" + name) })
	g.count(times, events)
	g.print(0)
}

// overlapOfNamesIntoFiles is the same with files, without a second thing that is
// locked: two runs of which each has what the other one waits for come to an end
// after ten seconds, when the locks are given up.
func overlapOfNamesIntoFiles(g *ground, kills int) {
	times, events := overlapConsumers(g, kills, "expert-taxonomy | output-file --file out-%s", func() int64 { return g.size("out-*") }, func(name string) map[int]int { return numbersOf(read(g.dir, "out-"+name)) })
	g.count(times, events)
	g.print(0)
}

// overlapConsumers has runs of the consumers one and two, whose names are put
// into pipeline. of are the events that one of them has delivered.
func overlapConsumers(g *ground, kills int, pipeline string, arrived func() int64, of func(name string) map[int]int) (times map[int]int, events int) {
	names := []string{"one", "two"}
	words := func(name string) []string {
		return collectSpool("queue", fmt.Sprintf(pipeline, name), "--consumer", name)
	}
	events = overlapping(g, kills,
		func(first int) { g.feed("queue", first, overlapPortion) },
		func() []string { return words(names[g.rnd.IntN(len(names))]) },
		arrived)
	times = map[int]int{}
	for _, name := range names {
		g.finish(words(name))
	}
	for _, name := range names {
		for n, more := range of(name) {
			times[n] += more
		}
	}
	return times, events
}

// overlapIntoFile has runs that wait for each other at the file.
func overlapIntoFile(g *ground, kills int) {
	words := collectSpool("queue", "expert-taxonomy | output-file --file out.ndjson")
	events := overlapping(g, kills,
		func(first int) { g.feed("queue", first, overlapPortion) },
		func() []string { return words },
		func() int64 { return g.size("out.ndjson") })
	g.finish(words)
	g.count(numbersOf(read(g.dir, "out.ndjson")), events)
	g.print(0)
}

// overlapOfOneSource has runs of a source of which one at a time is at work: the
// others wait, are not needed, or fail.
func overlapOfOneSource(g *ground, kills int) {
	server := server.StartRedis(g.T, "--appendfsync", "always")
	g.env = append(g.env, fmt.Sprint("INTELPIPE_REDIS_SERVER_PORT=", server.Port))
	words := func(ifRunning string) []string {
		return []string{"collect-redis", "--redis-queue", "in", "--restarts", "1000", "--window-messages", "50", "--if-running", ifRunning, "--", "sh", "-c",
			"expert-taxonomy | output-spool out"}
	}
	events := overlapping(g, kills,
		func(first int) {
			args := []any{"in"}
			for n := first; n < first+overlapPortion; n++ {
				args = append(args, fmt.Sprintf(`{"__type": "Event", "classification.type": "phishing", "extra.n": %d}`, n))
			}
			server.Do("LPUSH", args...)
		},
		func() []string { return words([]string{"wait", "skip", "fail"}[g.rnd.IntN(3)]) },
		func() int64 { return g.size("out/new/*") })
	g.finish(words("wait"))
	g.count(g.spooled("out"), events)
	g.print(0)
}

// TestTwoPipelinesOnOneURL: those that have names get all of it each, and one that
// has none is told to name itself.
func TestTwoPipelinesOnOneURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if q.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		for n := range 100 {
			fmt.Fprintf(w, `{"source.ip":"192.0.2.%d"}`+"\n", n)
		}
	}))
	defer server.Close()
	dir := home(t)
	for _, c := range []struct {
		flags, out string
		lines      int
		told       bool
	}{
		{"--source one", "one", 100, false},
		{"--source two", "two", 100, false},
		{"--source one", "one", 100, false}, // which has it already
		{"", "three", 100, false},
		{"", "four", 0, true},
		{"", "four", 0, false}, // once is enough
		{"--source four", "four", 100, false},
	} {
		r := shell(t, dir, "collect-http "+c.flags+" --http-url "+server.URL+" -- sh -c 'parse-json --splitlines | output-file --file "+c.out+"'")
		lines := strings.Count(read(dir, c.out), "\n")
		told := strings.Count(r.stderr, "--source NAME") == 1 && strings.Count(r.stderr, "\n") == 1
		if r.exit != 0 || lines != c.lines || told != c.told || !c.told && r.stderr != "" {
			t.Errorf("%s into %s: exit %d, %d lines, %s", c.flags, c.out, r.exit, lines, r.stderr)
		}
	}
}
