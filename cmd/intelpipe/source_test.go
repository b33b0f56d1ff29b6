package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// home is a directory with the commands in bin.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	links(t, filepath.Join(dir, "bin"))
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(dir, name string) string {
	text, _ := os.ReadFile(filepath.Join(dir, name))
	return string(text)
}

// numbered are n events with their number.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"source.ip":"192.0.2.1","extra.n":%d}`+"\n", i+1)
	}
	return b.String()
}

// TestDeliveryManExample runs the filter of intelpipe-delivery(7) in pipelines
// that die and one that does not: the numbers it gives have no gap.
func TestDeliveryManExample(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIPPED: python3 is not there, so that nobody knows whether the example of intelpipe-delivery(7) works")
	}
	page, err := os.ReadFile("../../man/intelpipe-delivery.7")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), ".SH EXAMPLES")
	_, text, _ = strings.Cut(text, ".nf\n")
	text, _, ok := strings.Cut(text, ".fi\n")
	if !ok {
		t.Fatal("there is no example")
	}
	if n := strings.Count(text, "\n"); n > 20 {
		t.Errorf("the example has %d lines, at most 20 were expected", n)
	}
	dir := home(t)
	write(t, dir, "count.py", strings.NewReplacer(`\-`, "-", `\e`, `\`).Replace(text))
	write(t, dir, "in.ndjson", numbered(500))
	r := shell(t, dir, `
		output-spool --segment-bytes 2KiB queue < in.ndjson
		collect-spool --restarts 3 queue -- sh -c 'python3 count.py count.db | head -n 100 >> thrown.away'
		collect-spool --restarts 3 queue -- sh -c 'python3 count.py count.db | output-file --file out.ndjson | ( read -r a; read -r b; read -r c; echo "$a"; echo "$b"; echo "$c")'
		collect-spool queue -- sh -c 'python3 count.py count.db | output-file --file out.ndjson'`)
	if r.exit != 0 {
		t.Fatalf("exit %d, %s", r.exit, r.stderr)
	}
	lines := strings.Split(strings.TrimSpace(read(dir, "out.ndjson")), "\n")
	if len(lines) != 500 {
		t.Fatalf("%d events, %s", len(lines), r.stderr)
	}
	for n, line := range lines {
		if want := fmt.Sprintf(`{"extra.count": %d, "extra.n": %d,`, n+1, n+1); !strings.HasPrefix(line, want) {
			t.Fatalf("line %d is %s\n%s", n+1, line, r.stderr)
		}
	}
}

// TestSourceRefuses has pipelines that do not keep to the protocol. Nothing may
// be acknowledged for them.
func TestSourceRefuses(t *testing.T) {
	for name, c := range map[string]struct{ script, say string }{
		"data":       {`collect-spool queue -- expert-taxonomy`, "has to end with an output"},
		"no object":  {`collect-spool queue -- sh -c 'echo hello; cat >/dev/null'`, "has to end with an output: hello"},
		"pass":       {`collect-spool queue -- output-file --file out --pass`, "has to end with an output"},
		"foreign id": {`collect-spool queue -- sh -c 'echo "{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}"; cat >/dev/null'`, `"S:1:n" came back`},
		"too early":  {`collect-spool queue -- sh -c 'sed -u s/Commit/Checkpoint/'`, "not the next one"},
		"dies":       {`collect-spool --restarts 2 queue -- false`, "at window 1"},
		"dies later": {`collect-spool --restarts 2 queue -- sh -c 'head -n 1'`, "2 times in a row"},
		"through":    {`collect-spool --restarts 1 queue -- sh -c "through sh -c 'cat; exit 7' | output-file --file out"`, "through: sh: exit status 7"},
		"mistake":    {`collect-spool queue -- sh -c 'expert-taxonomy | output-file --fiel out'`, "(exit status 2) at window 1"},
		"not there":  {`collect-spool queue -- sh -c 'no-such-command'`, "(exit status 127) at window 1"},
		"swallowed":  {`collect-spool --restarts 2 queue -- sh -c 'grep --line-buffered source | output-file --file out'`, "output-file: data has come before the control lines of collect-spool-"},
		"fused":      {`intelpipe collect-spool queue then through sh -c 'cat; exit 7' then output-file --file out`, "collect-spool: sh: exit status 7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := home(t)
			write(t, dir, "in.ndjson", numbered(3))
			r := shell(t, dir, "output-spool queue < in.ndjson; "+c.script)
			if r.exit != 3 || !strings.Contains(r.stderr, c.say) {
				t.Errorf("exit %d, %s", r.exit, r.stderr)
			}
			if again := shell(t, dir, "collect-spool queue"); again.stdout != numbered(3) {
				t.Errorf("afterwards the spool has %q", again.stdout)
			}
			if n := strings.Count(r.stderr, "no-such-command") + strings.Count(r.stderr, "--fiel"); n > 1 {
				t.Errorf("tried %d times: %s", n, r.stderr)
			}
			if name == "swallowed" && read(dir, "out") != "" {
				t.Errorf("the output has %q", read(dir, "out"))
			}
		})
	}
}

func TestSourceUsage(t *testing.T) {
	for script, say := range map[string]string{
		"collect-spool queue --":                                                           "has to follow --",
		"collect-spool queue -- no-such-command":                                           "no-such-command",
		"collect-spool --follow queue":                                                     "--follow: needs a pipeline",
		"intelpipe collect-spool --follow queue then expert-taxonomy":                      "--follow: needs a pipeline",
		"intelpipe collect-file --delete-file --path . then output-file --file out --pass": "needs a pipeline",
	} {
		dir := home(t)
		r := shell(t, dir, "output-spool queue < /dev/null; "+script)
		if r.exit != 2 || !strings.Contains(r.stderr, say) {
			t.Errorf("%s: exit %d, %s", script, r.exit, r.stderr)
		}
	}
}

// TestPipeBesideThePipeline has another pipe in the script of a pipeline, which
// no control line can reach. What keeps nothing works there as anywhere else.
func TestPipeBesideThePipeline(t *testing.T) {
	const event = `{"source.url":"http://example.org/"}`
	for name, c := range map[string]struct {
		script string
		exit   int
		say    string
	}{
		"a filter":                    {`echo '` + event + `' | expert-url > side`, 0, ""},
		"a substitution":              {`x=$(echo '` + event + `' | expert-url | expert-taxonomy); echo "$x" > side`, 0, ""},
		"an output that says so":      {`echo '` + event + `' | expert-url | env -u INTELPIPE_PIPELINE output-file --file side`, 0, ""},
		"an output":                   {`echo '` + event + `' | expert-url | output-file --file side`, 3, "what is no part of the pipeline runs behind env -u INTELPIPE_PIPELINE"},
		"what remembers":              {`echo '` + event + `' | expert-deduplicator --filter-keys source.url --state side-state >&2`, 3, "expert-deduplicator: data has come before"},
		"a side file":                 {`echo '` + event + `' | expert-filter --filter-key source.url --filter-value http://example.com/ --filter-action keep --to action_other=side`, 3, "expert-filter: data has come before"},
		"a filter that is swallowing": {`sed -u 1d | expert-url | output-file --file side; exit 1`, 3, "sed does not pass checkpoints on; write: through sed -u 1d;"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := home(t)
			write(t, dir, "in.ndjson", strings.Replace(event, "}", "}\n", 1))
			write(t, dir, "script", c.script+" || exit; expert-taxonomy | output-file --file out\n")
			r := shell(t, dir, "output-spool queue < in.ndjson; collect-spool --restarts 1 queue -- sh script")
			if r.exit != c.exit || !strings.Contains(r.stderr, c.say) {
				t.Errorf("exit %d, %s", r.exit, r.stderr)
			}
			if side := read(dir, "side"); strings.Contains(side, "example.org") != (c.exit == 0) {
				t.Errorf("the side has %q", side)
			}
			if out := read(dir, "out"); strings.Contains(out, "example.org") != (c.exit == 0) {
				t.Errorf("the output has %q", out)
			}
		})
	}
}

// TestSecondSignal ends a source whose pipeline stands still by two signals: it
// dies at once, and so does its pipeline.
func TestSecondSignal(t *testing.T) {
	dir := home(t)
	write(t, dir, "in.ndjson", numbered(3))
	r := shell(t, dir, `
		output-spool queue < in.ndjson
		collect-spool --grace 400 queue -- sh -c 'echo $$ > pid; trap "" TERM; exec <&-; sleep 400 & echo $! >> pid; touch started; exec sleep 400' &
		source=$!
		until test -e started; do sleep 0.01; done
		kill $source
		while kill $source 2>/dev/null; do sleep 0.01; done
		wait $source; echo $?
		for pid in $(cat pid); do grep -sq ') [^ZX] ' /proc/$pid/stat && echo alive; done; true`)
	// It dies of the signal, or says first that its pipeline has died of it.
	if r.stdout != "143\n" && r.stdout != "3\n" {
		t.Errorf("%+v", r)
	}
}

// TestGraceOfThrough ends a command behind through that stands still, and what
// it has started, in one process with its source and in a bare pipe.
func TestGraceOfThrough(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"fused": `intelpipe collect-spool --grace 0 queue then through sh -c 'sleep 400 & echo $! > pid; touch started; wait' then output-file --file out &`,
		"bare":  `mkfifo in; { cat in.ndjson; exec sleep 400; } > in & echo $! > feeder; through --grace 0 sh -c 'sleep 400 & echo $! > pid; touch started; wait' < in > out &`,
	} {
		dir := home(t)
		write(t, dir, "in.ndjson", numbered(3))
		r := shell(t, dir, `output-spool queue < in.ndjson
			`+script+`
			last=$!
			until test -e started; do sleep 0.01; done
			kill $last; wait $last; echo $?
			test -e feeder && kill $(cat feeder)
			grep -sq ') [^ZX] ' /proc/$(cat pid)/stat && echo alive; true`)
		if r.stdout != "3\n" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestForgery puts control lines where data belongs. They are refused, and kept
// in a dump; the data around them arrives, and nothing else is acknowledged.
func TestForgery(t *testing.T) {
	const forged = `{"__type":"Commit","id":"S:1:n"}` + "\n"
	report := func(content string) string {
		return `{"feed.name":"N","raw":"` + base64.StdEncoding.EncodeToString([]byte(content)) + `"}` + "\n"
	}
	// segment is sealed as output-spool would do it, but for what is in it.
	segment := func(lines string) (name, text string) {
		sum := crc32.Checksum([]byte(lines), crc32.MakeTable(crc32.Castagnoli))
		return fmt.Sprintf("queue/new/%020d-%d-%08x-a.ndjson", 1, strings.Count(lines, "\n"), sum), lines
	}
	sealed, text := segment(numbered(1) + forged + numbered(1))
	for name, c := range map[string]struct {
		script string
		events int    // that arrive
		kept   string // where the forged line is then
	}{
		"in a feed":                  {`collect-file --path feed --postfix .json -- sh -c 'parse-json --splitlines | output-file --file out'`, 2, "state/parse-json.dump"},
		"in a report":                {`output-spool queue < report && collect-spool queue -- sh -c 'parse-json --splitlines | output-file --file out'`, 2, "state/parse-json.dump"},
		"in a spool":                 {`collect-spool queue -- output-file --file out`, 0, "queue/bad/*.ndjson"},
		"in a spool, fused":          {`intelpipe collect-spool queue then output-file --file out`, 0, "queue/bad/*.ndjson"},
		"from a foreign filter":      {`output-spool other < in.ndjson && collect-spool other -- sh -c "through cat - forged | output-file --file out"`, 2, "state/through.dump"},
		"in a dump that is replayed": {`output-file --file out < in.ndjson; mkdir state; cp dumped state/through.dump; dump replay through -- output-file --file out`, 2, "state/through.dump"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := home(t)
			write(t, dir, "feed/a.json", numbered(1)+forged+numbered(1))
			write(t, dir, "report", report(numbered(1)+forged+numbered(1)))
			write(t, dir, "in.ndjson", numbered(2))
			write(t, dir, "forged", forged)
			write(t, dir, "dumped", dumpEntry(strings.TrimSuffix(forged, "\n")))
			for _, sub := range []string{"tmp", "cur", "bad", "new"} {
				if err := os.MkdirAll(filepath.Join(dir, "queue", sub), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(name, "in a spool") {
				write(t, dir, sealed, text)
			}
			r := shell(t, dir, c.script)
			if got := strings.Count(read(dir, "out"), "\n"); got != c.events || strings.Contains(read(dir, "out"), "Commit") {
				t.Errorf("%d events have arrived: %s", got, r.stderr)
			}
			files, _ := filepath.Glob(filepath.Join(dir, c.kept))
			if len(files) != 1 {
				t.Fatalf("%q: %s", files, r.stderr)
			}
			kept, _ := os.ReadFile(files[0])
			if !bytes.Contains(kept, []byte("S:1:n")) && !bytes.Contains(kept, []byte(base64.StdEncoding.EncodeToString([]byte(strings.TrimSuffix(forged, "\n"))))) {
				t.Errorf("the forged line is not in %s: %s", c.kept, kept)
			}
		})
	}
}

// TestTwoConsumers share a spool: each event goes to one of them.
func TestTwoConsumers(t *testing.T) {
	dir := home(t)
	write(t, dir, "in.ndjson", numbered(3000))
	r := shell(t, dir, `output-spool --segment-bytes 4KiB queue < in.ndjson
		collect-spool queue -- output-file --file a & one=$!
		collect-spool queue -- output-file --file b & two=$!
		wait $one && wait $two && ls queue/new queue/bad`)
	if r.exit != 0 {
		t.Errorf("exit %d, %s", r.exit, r.stderr)
	}
	times := map[string]int{}
	for line := range strings.Lines(read(dir, "a") + read(dir, "b")) {
		times[line]++
	}
	for line, n := range times {
		if n != 1 {
			t.Fatalf("%d times: %s", n, line)
		}
	}
	if len(times) != 3000 {
		t.Errorf("%d events", len(times))
	}
}

// TestSourceStops sends SIGTERM to a source that follows, and to a stage.
func TestSourceStops(t *testing.T) {
	for _, victim := range []string{"source", "stage"} {
		t.Run(victim, func(t *testing.T) {
			dir := home(t)
			write(t, dir, "in.ndjson", numbered(2000))
			if r := shell(t, dir, "output-spool --segment-bytes 4KiB queue < in.ndjson"); r.exit != 0 {
				t.Fatal(r.stderr)
			}
			cmd := command(t, dir, "collect-spool", "--follow", "queue", "--", "sh", "-c",
				"expert-taxonomy | (echo $$ > group; exec expert-rfc1918 --grace 0 --fields source.ip --policy del) | output-file --file out")
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := func(n int) {
				t.Helper()
				for end := time.Now().Add(time.Minute); strings.Count(read(dir, "out"), "\n") < n; time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						cmd.Process.Kill()
						t.Fatalf("%d lines", strings.Count(read(dir, "out"), "\n"))
					}
				}
			}
			total := 2000
			if victim == "stage" {
				lines(1)
				var pid int
				for _, p := range killing.Family(cmd.Process.Pid) {
					if commandOf(p) == "expert-rfc1918" {
						pid = p
					}
				}
				if pid == 0 {
					t.Fatal("the stage is not there")
				}
				syscall.Kill(pid, syscall.SIGTERM)
				shell(t, dir, "output-spool --segment-bytes 4KiB queue < in.ndjson")
				total = 4000
			}
			lines(total)
			cmd.Process.Signal(syscall.SIGTERM)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v, %s", err, stderr.String())
			}
			if n := strings.Count(read(dir, "out"), "\n"); n != total {
				t.Errorf("%d lines, %s", n, stderr.String())
			}
		})
	}
}

// TestSourceOutlived kills a source whose pipeline lives on for a while. The next
// one waits for its end.
func TestSourceOutlived(t *testing.T) {
	t.Parallel()
	dir := home(t)
	write(t, dir, "in.ndjson", numbered(100))
	r := shell(t, dir, `output-spool queue < in.ndjson
		collect-spool queue -- sh -c '(cat >/dev/null; sleep 1; touch gone) & wait' & source=$!
		until ls queue/cur/*.ndjson* >/dev/null 2>&1; do sleep 0.01; done
		kill -9 $source
		collect-spool queue -- sh -c 'test -e gone || touch early; output-file --file out'`)
	if r.exit != 0 || strings.Count(read(dir, "out"), "\n") != 100 {
		t.Errorf("exit %d, %s", r.exit, r.stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "early")); err == nil {
		t.Error("a pipeline was started while that of the dead source lived on")
	}
}

// TestDeleteFile deletes what has arrived, and nothing else.
func TestDeleteFile(t *testing.T) {
	pipeline := `sh -c 'parse-csv --columns source.ip --type scanner | output-file --file out'`
	for name, c := range map[string]struct {
		script     string
		exit       int
		left, lost string
	}{
		"arrived":   {`collect-file --path in --delete-file -- ` + pipeline, 0, "", "192.0.2.1 192.0.2.2 "},
		"named":     {`collect-file --delete-file in/a.csv -- ` + pipeline, 0, "b.csv", "192.0.2.1 "},
		"kept":      {`collect-file --path in -- ` + pipeline, 0, "a.csv b.csv", "192.0.2.1 192.0.2.2 "},
		"fused":     {`intelpipe collect-file --path in --delete-file then parse-csv --columns source.ip --type scanner then output-file --file out`, 0, "", "192.0.2.1 192.0.2.2 "},
		"died":      {`collect-file --path in --delete-file --restarts 2 -- sh -c 'parse-csv --columns source.ip --type scanner | false'`, 3, "a.csv b.csv", ""},
		"swallowed": {`collect-file --path in --delete-file --restarts 2 -- sh -c 'head -n 1 | output-file --file out'`, 3, "a.csv b.csv", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := home(t)
			write(t, dir, "in/a.csv", "192.0.2.1\n")
			write(t, dir, "in/b.csv", "192.0.2.2\n")
			r := shell(t, dir, c.script)
			left := strings.Join(strings.Fields(shell(t, dir, "ls in").stdout), " ")
			if r.exit != c.exit || left != c.left {
				t.Errorf("exit %d, left %q, %s", r.exit, left, r.stderr)
			}
			var arrived strings.Builder
			for _, ip := range sourceIP.FindAllStringSubmatch(read(dir, "out"), -1) {
				arrived.WriteString(ip[1] + " ")
			}
			if arrived.String() != c.lost {
				t.Errorf("arrived: %q", arrived.String())
			}
		})
	}
}

// TestDeleteFileLate has a file that a crash has kept from being deleted when it
// had been acknowledged. It does not come again, whatever comes before it now.
func TestDeleteFileLate(t *testing.T) {
	dir := home(t)
	write(t, dir, "in/z.csv", "192.0.2.1\n")
	if err := os.Link(filepath.Join(dir, "in/z.csv"), filepath.Join(dir, "kept")); err != nil {
		t.Fatal(err)
	}
	script := `collect-file --path in --delete-file -- sh -c 'parse-csv --columns source.ip --type scanner | output-file --file out'`
	if r := shell(t, dir, script); r.exit != 0 {
		t.Fatal(r.stderr)
	}
	if err := os.Link(filepath.Join(dir, "kept"), filepath.Join(dir, "in/z.csv")); err != nil {
		t.Fatal(err)
	}
	for n := range 9 {
		write(t, dir, fmt.Sprintf("in/%d.csv", n), "192.0.2.2\n")
	}
	r := shell(t, dir, script)
	if out := read(dir, "out"); r.exit != 0 || strings.Count(out, `"192.0.2.1"`) != 1 || strings.Count(out, "\n") != 10 {
		t.Errorf("exit %d, %s, arrived: %s", r.exit, r.stderr, out)
	}
	if left := shell(t, dir, "ls in").stdout; left != "" {
		t.Errorf("left: %s", left)
	}
}

var sourceIP = regexp.MustCompile(`"source.ip": "([^"]*)"`)

// TestConditionalRequest asks for what has changed, but only once the report
// before has arrived.
func TestConditionalRequest(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, q.Header.Get("If-None-Match")+q.Header.Get("If-Modified-Since"))
		w.Header().Set("ETag", `"1"`)
		if q.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprintln(w, "192.0.2.1")
	}))
	defer server.Close()
	dir := home(t)
	for _, c := range []struct {
		pipeline string
		exit     int
		asked    string
	}{
		{"| cat", 0, ""},
		{"-- false", 3, ""},
		{"-- sh -c 'parse-blocklistde | output-file --file out'", 0, ""},
		{"-- sh -c 'parse-blocklistde | output-file --file out'", 0, `"1"`},
		{"| cat", 0, ""},
	} {
		asked = nil
		r := shell(t, dir, "collect-http --restarts 1 --http-url "+server.URL+"/lists/ssh.txt "+c.pipeline)
		if r.exit != c.exit || strings.Join(asked, "") != c.asked {
			t.Errorf("%s: exit %d, asked for %q, %s", c.pipeline, r.exit, asked, r.stderr)
		}
	}
	if n := strings.Count(read(dir, "out"), "\n"); n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestConsumerTakesOver kills one of two consumers while its windows are open. The
// other one, which follows the spool, sends them under the name of the dead one when
// it has nothing else to do: nothing is lost, and no line of the file is there twice.
func TestConsumerTakesOver(t *testing.T) {
	t.Parallel()
	dir := home(t)
	write(t, dir, "in.ndjson", numbered(200))
	r := shell(t, dir, `output-spool --segment-bytes 1KiB queue < in.ndjson
		collect-spool queue -- sh -c 'cat >/dev/null' & first=$!
		until ls queue/cur/*@*-*@1 >/dev/null 2>&1; do sleep 0.01; done
		collect-spool queue --follow -- output-file --file out & second=$!
		until test "$(ls queue/cur | grep -c ndjson@)" -gt 0 && ! ls queue/new/* >/dev/null 2>&1; do sleep 0.01; done
		kill -9 $first
		until test "$(wc -l < out)" -ge 200; do sleep 0.01; done
		kill $second
		wait $second`)
	got := strings.Split(strings.TrimSpace(read(dir, "out")), "\n")
	slices.Sort(got)
	if r.exit != 0 || len(got) != 200 || len(slices.Compact(got)) != 200 {
		t.Errorf("exit %d, %d lines, %s", r.exit, len(got), r.stderr)
	}
}
