package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

var extraN = regexp.MustCompile(`"extra\.n": ?(\d+)`)

// numbersOf counts the numbers of events.
func numbersOf(text string) map[int]int {
	times := map[int]int{}
	for _, m := range extraN.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		times[n]++
	}
	return times
}

// TestFailedOnce sends a window with failing events sixteen times, since its
// output is broken for a while. Each is in the dump once, and a replay delivers
// it once.
func TestFailedOnce(t *testing.T) {
	for name, c := range map[string]struct{ source, pipeline, fails string }{
		"events": {"collect-spool queue", "expert-harmonize", "expert-harmonize"},
		// time.observation is another one each time.
		"lines":           {"collect-file --path feed --postfix .json", "parse-json --splitlines", "parse-json"},
		"lines, in chain": {"intelpipe collect-file --path feed --postfix .json then parse-json --splitlines then expert-taxonomy", "expert-url", "parse-json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := home(t)
			const failing = 500
			var events, lines strings.Builder
			for n := range failing {
				fmt.Fprintf(&events, `{"source.ip":"x","extra.n":%d}`+"\n"+`{"source.ip":"192.0.2.1","extra.good":1}`+"\n", n)
				fmt.Fprintf(&lines, `{"source.ip":"x","extra.n":%d}`+"\n"+`{"source.ip":"192.0.2.1","extra.good":1}`+"\n", n)
			}
			write(t, dir, "in.ndjson", events.String())
			write(t, dir, "feed/a.json", lines.String())
			shell(t, dir, "output-spool queue < in.ndjson")
			source := c.source
			if !strings.HasPrefix(source, "intelpipe") {
				source += " --restarts 1"
			}
			for range 16 { // what is given back is thrown away
				r := shell(t, dir, source+" -- sh -c '"+c.pipeline+" | { grep -q Checkpoint; exit 1; }'")
				if r.exit != 3 {
					t.Fatalf("%+v", r)
				}
			}
			r := shell(t, dir, c.source+" -- sh -c '"+c.pipeline+" | output-file --file out'")
			if good := strings.Count(read(dir, "out"), "extra.good"); r.exit > 1 || good != failing {
				t.Errorf("%d have arrived, %+v", good, r)
			}
			if r := shell(t, dir, "dump list "+c.fails); strings.Count(r.stdout, "\n") != failing {
				t.Errorf("%d entries", strings.Count(r.stdout, "\n"))
			}
			r = shell(t, dir, "dump replay "+c.fails+" -- output-file --file again")
			if times := strings.Count(read(dir, "again"), "\n"); r.exit != 0 || times != failing {
				t.Errorf("%d are sent, %+v", times, r)
			}
		})
	}
}

// TestReplayHalfKilled kills a replay again and again, in which every other
// message fails again, into the dump that is replayed. At the end each message
// has arrived once, or is in the dump once, with its origin.
func TestReplayHalfKilled(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{
		"pipe":  {"dump", "replay", "expert-harmonize", "--", "sh", "-c", "expert-harmonize | output-file --file out"},
		"chain": strings.Fields("intelpipe dump replay expert-harmonize then expert-harmonize then output-file --file out"),
	} {
		t.Run(name, func(t *testing.T) { replayHalfKilled(t, words) })
	}
}

func replayHalfKilled(t *testing.T, words []string) {
	dir := home(t)
	const messages = 20_000
	entry := func(n int) (place, line string) {
		ip := []string{"192.0.2.1", "x"}[n%2]
		place = fmt.Sprintf(`"time":"2026-01-31T12:00:00.%06dZ","command":"expert-harmonize"`, n)
		return place, fmt.Sprintf(`{"id":"a%015x",%s,"reason":"r","file":"in-%d","line":%d,"message":%q}`+"\n", n, place, n, n+1, fmt.Sprintf(`{"source.ip":%q,"extra.n":%d}`, ip, n))
	}
	var b strings.Builder
	for n := range messages {
		_, line := entry(n)
		b.WriteString(line)
	}
	dump := filepath.Join("state", "expert-harmonize.dump")
	write(t, dir, dump, b.String())
	rnd := rand.New(rand.NewPCG(1, 2))
	killed, length := 0, int64(0)
	for range min(12, killing.Times(t, 3)) {
		cmd := command(t, dir, words...)
		cmd.Env = append(cmd.Env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		cmd.Dir = dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for running := true; running; { // until something has arrived
			select {
			case <-ended:
				running = false
			case <-time.After(time.Millisecond):
				if info, err := os.Stat(filepath.Join(dir, "out")); err == nil && info.Size() > length {
					time.Sleep(time.Duration(rnd.IntN(40)) * time.Millisecond)
					length = info.Size()
					cmd.Process.Kill()
					<-ended
					running = false
				}
			}
		}
		if cmd.ProcessState.ExitCode() < 0 {
			killed++
		}
	}
	if killed == 0 {
		t.Error("was never killed in time")
	}
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	if r := shell(t, dir, strings.Join(quoted, " ")); r.exit != 1 {
		t.Errorf("%+v", r)
	}
	arrived := numbersOf(read(dir, "out"))
	left := map[int]int{}
	for line := range strings.Lines(dumpLines(t, dir, "expert-harmonize")) {
		var e struct {
			Time, File string
			Line       int
			Again      string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		n := e.Line - 1
		left[n]++
		if place, _ := entry(n); !strings.Contains(place, e.Time) || e.File != fmt.Sprintf("in-%d", n) {
			t.Fatalf("not where it stood: %s", line)
		}
	}
	t.Logf("killed %d times, %d have arrived, %d are left", killed, len(arrived), len(left))
	for n := range messages {
		if want := 1 - n%2; arrived[n] != want || left[n] != 1-want {
			t.Fatalf("%d: arrived %d times, %d times in the dump", n, arrived[n], left[n])
		}
	}
}

// dumpLines are the entries of a dump as dump list has them.
func dumpLines(t *testing.T, dir, command string) string {
	t.Helper()
	r := shell(t, dir, "dump list --json "+command)
	if r.exit != 0 {
		t.Fatal(r.stderr)
	}
	return r.stdout
}
