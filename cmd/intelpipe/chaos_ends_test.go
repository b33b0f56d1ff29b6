package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
	"github.com/intelpipe/intelpipe/internal/dev/server"
)

// queuesUnderFire moves events from one queue of Redis to another. Such an output
// has no transactions that outlive a crash: at each kill, of a process or of the
// server, the open windows may arrive once more.
func queuesUnderFire(g *ground, kills int) {
	const portion, window, open = 400, 50, 3
	// The test could lose what it puts into the queue itself, if the server did
	// not write that at once.
	server := server.StartRedis(g.T, "--appendfsync", "always")
	g.env = append(g.env, fmt.Sprint("INTELPIPE_REDIS_SERVER_PORT=", server.Port))
	words := func(flags ...string) []string {
		all := append([]string{"collect-redis", "--redis-queue", "in", "--restarts", "1000", "--window-messages", fmt.Sprint(window), "--open-windows", fmt.Sprint(open)}, flags...)
		return append(all, "--", "sh", "-c", "expert-taxonomy | expert-rfc1918 --fields source.ip --policy del | output-redis --redis-queue out --batch-events 20 --retry-for 5")
	}
	var source *task
	revive := func() { // as systemd would: a server that dies may end the source
		if source == nil || source.over() {
			source = g.start(words("--follow")...)
		}
	}
	arrived := func() int64 {
		revive()
		return server.Do("LLEN", "out").(int64)
	}
	servers, events := 0, 0
	for g.row.kills < kills {
		args := []any{"in"}
		for range portion {
			args = append(args, fmt.Sprintf(`{"__type": "Event", "classification.type": "phishing", "extra.n": %d, "source.ip": "192.0.2.1"}`, events))
			events++
		}
		server.Do("LPUSH", args...)
		g.moment(arrived)
		revive()
		if g.strike(source); g.row.kills%10 == 5 {
			servers++
			time.Sleep(time.Duration(g.rnd.IntN(60)) * time.Millisecond)
			server.Kill()
			server.Restart()
		}
	}
	source.Process.Signal(syscall.SIGTERM)
	<-source.ended
	g.finish(words())
	for _, list := range []string{"in", "in-internal"} {
		if n := server.Do("LLEN", list); n != int64(0) {
			g.Errorf("%s: %v are left", list, n)
		}
	}
	g.count(numbersOf(strings.Join(server.List("out"), "\n")), events)
	most := (kills + servers) * open * window
	g.print(most)
	fmt.Printf("  at most %d twice: %d windows of %d at each kill, %d of them of the server\n", most, open, window, servers)
}

// sourcesOnOneSpool has two sources that write into one spool at once.
func sourcesOnOneSpool(g *ground, kills int) {
	words := func(n int, flags ...string) []string {
		return collectSpool(fmt.Sprint("queue", n), "expert-taxonomy | output-spool out", flags...)
	}
	var sources [2]*task
	events := 0
	for g.row.kills < kills {
		for n := range sources {
			g.feed(fmt.Sprint("queue", n), events, 300)
			events += 300
			if sources[n] == nil || sources[n].over() {
				sources[n] = g.start(words(n, "--follow")...)
			}
		}
		g.moment(func() int64 { return g.size("out/new/*") })
		g.strike(sources[g.rnd.IntN(len(sources))])
	}
	for n, source := range sources {
		if !source.over() {
			g.stop(source)
		}
		g.finish(words(n))
	}
	g.count(g.spooled("out"), events)
	g.print(0)
}

// sourcesOnOneFile has two sources that write to one file in turn, since that is
// locked. Each finds what the other one has left.
func sourcesOnOneFile(g *ground, kills int) {
	words := func(n int) []string {
		return collectSpool(fmt.Sprint("queue", n), "expert-deduplicator --state seen | expert-taxonomy | output-file --file out.ndjson")
	}
	events := 0
	for g.row.kills < kills {
		for n := range 2 {
			g.feed(fmt.Sprint("queue", n), events, 300)
			events += 300
		}
		source := g.start(words(g.rnd.IntN(2))...)
		g.moment(func() int64 { return g.size("out.ndjson") })
		if !g.strike(source) && !source.over() && g.rnd.IntN(2) == 0 {
			g.row.kills++
			g.row.restarts[0]++
			source.Process.Kill()
		}
		<-source.ended
	}
	for n := range 2 {
		g.finish(words(n))
	}
	g.count(numbersOf(read(g.dir, "out.ndjson")), events)
	g.print(0)
}

// namesOnOneURL has two pipelines on one page, which have names. The page becomes
// another one when both have it.
func namesOnOneURL(g *ground, kills int) {
	const portion = 300
	var page atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		tag := fmt.Sprintf(`"%d"`, page.Load())
		w.Header().Set("ETag", tag)
		if q.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		for n := range portion {
			fmt.Fprintf(w, `{"source.ip":"192.0.2.1","classification.type":"phishing","extra.n":%d}`+"\n", int(page.Load())*portion+n)
		}
	}))
	defer server.Close()
	run := func(name string) *task {
		return g.start("collect-http", "--source", name, "--http-url", server.URL, "--restarts", "1000", "--", "sh", "-c",
			"parse-json --splitlines | expert-deduplicator --state seen-"+name+" | expert-taxonomy | output-file --file "+name+".ndjson")
	}
	names := []string{"one", "two"}
	for ; ; page.Add(1) {
		jobs := []*task{run(names[0]), run(names[1])}
		time.Sleep(time.Duration(g.rnd.IntN(80)) * time.Millisecond)
		g.strike(jobs[g.rnd.IntN(2)])
		for n, j := range jobs {
			for tries := 0; j.code() != 0; tries++ {
				if tries == 5 {
					g.Fatalf("%s comes to no good end: %.5000s", names[n], g.said())
				}
				j = run(names[n])
			}
		}
		if g.row.kills >= kills {
			break
		}
	}
	for _, name := range names {
		g.count(numbersOf(read(g.dir, name+".ndjson")), int(page.Load()+1)*portion)
	}
	g.print(0)
}

// replayUnderFire replays a dump of which half fails again, into the same dump.
func replayUnderFire(g *ground, kills int) {
	replayHalf(g, kills, "dump", "replay", "expert-harmonize", "--", "sh", "-c", "expert-harmonize | output-file --file out")
}

func fusedReplayUnderFire(g *ground, kills int) {
	replayHalf(g, kills, strings.Fields("intelpipe dump replay expert-harmonize then expert-harmonize then output-file --file out")...)
}

func replayHalf(g *ground, kills int, words ...string) {
	const portion = 200
	origin := func(n int) string { return fmt.Sprintf("2026-01-31T12:00:00.%06dZ in-%d:%d", n, n, n+1) }
	if err := os.Mkdir(filepath.Join(g.dir, "state"), 0o700); err != nil {
		g.Fatal(err)
	}
	events := 0
	for g.row.kills < kills {
		var b strings.Builder
		for range portion {
			ip := []string{"192.0.2.1", "x"}[events%2]
			fmt.Fprintf(&b, `{"id":"a%015x","time":"2026-01-31T12:00:00.%06dZ","command":"expert-harmonize","reason":"r","file":"in-%d","line":%d,"message":%q}`+"\n",
				events, events, events, events+1, fmt.Sprintf(`{"source.ip":%q,"extra.n":%d}`, ip, events))
			events++
		}
		dump, err := os.OpenFile(filepath.Join(g.dir, "state", "expert-harmonize.dump"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			g.Fatal(err)
		}
		dump.WriteString(b.String())
		dump.Close()
		source := g.start(words...)
		g.moment(func() int64 { return g.size("out") })
		all := killing.Family(source.Process.Pid)
		if !g.strike(source) && !source.over() && g.rnd.IntN(2) == 0 {
			g.row.kills++
			g.row.restarts[0]++
			source.Process.Kill()
		}
		<-source.ended
		// The dump is not ours to write while somebody may replace it.
		g.await("the end of the pipeline", func() bool {
			for _, pid := range all {
				if killing.Runs(pid) {
					return false
				}
			}
			return true
		})
	}
	g.finish(words, 1)
	arrived, left := numbersOf(read(g.dir, "out")), map[int]int{}
	for line := range strings.Lines(dumpLines(g.T, g.dir, "expert-harmonize")) {
		var e struct {
			Time, File string
			Line       int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			g.Fatal(err)
		}
		n := e.Line - 1
		left[n]++
		if got := fmt.Sprintf("%s %s:%d", e.Time, e.File, e.Line); got != origin(n) {
			g.Errorf("it stood at %s, and now at %s", origin(n), got)
		}
	}
	for n := range events { // each has one place, and is nowhere else
		if wrong := []map[int]int{left, arrived}[n%2]; wrong[n] > 0 {
			g.Errorf("%d is where it does not belong", n)
		}
		arrived[n] += left[n]
	}
	g.count(arrived, events)
	g.print(0)
}
