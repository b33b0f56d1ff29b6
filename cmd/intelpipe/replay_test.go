package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// dumpEntry is a line of a dump, with an id made of the message.
func dumpEntry(message string) string {
	h := fnv.New32a()
	io.WriteString(h, message)
	return dumpEntryAs(h.Sum32(), message)
}

func dumpEntryAs(id uint32, message string) string {
	return fmt.Sprintf(`{"id":"a%015x","time":"2026-01-31T12:00:00.000001Z","command":"expert-probe","reason":"r","file":"stdin","line":1,"message":%q}`+"\n", id, message)
}

// TestReplay sends entries through a pipeline: what arrives leaves the dump.
func TestReplay(t *testing.T) {
	const good, other, wrong = `{"source.ip":"192.0.2.1"}`, `{"source.ip":"192.0.2.2"}`, `{"source.ip":"x"}`
	all := dumpEntry(good) + dumpEntry("{") + dumpEntry(wrong) + dumpEntry(`{"__type":"Commit","id":"S:9:n"}`) + dumpEntry(other)
	const pipeline = "expert-harmonize --dump failed.dump | output-file --file out.ndjson"
	for _, test := range []struct {
		name, script string
		exit         int
		out          string
		left, again  string // entries that stay, and what has failed again
	}{
		{"all", "dump replay failed.dump -- sh -c '" + pipeline + "'", 1, "192.0.2.1 192.0.2.2", "{ Commit", "x"},
		{"some", "dump replay failed.dump 1 3 -- sh -c '" + pipeline + "'", 1, "192.0.2.1", "{ Commit 192.0.2.2", "x"},
		{"one", "dump replay failed.dump 5 -- sh -c '" + pipeline + "'", 0, "192.0.2.2", "192.0.2.1 { x Commit", ""},
		{"fused", "intelpipe dump replay failed.dump 1 5 then expert-taxonomy then output-file --file out.ndjson", 0, "192.0.2.1 192.0.2.2", "{ x Commit", ""},
		{"the pipeline dies once", "dump replay failed.dump 1 5 -- sh -c 'test -e once || { touch once; read line; kill -9 $$; }; " + pipeline + "'", 0, "192.0.2.1 192.0.2.2", "{ x Commit", ""},
		{"the pipeline dies always", "dump replay failed.dump 1 5 -- sh -c 'read line; kill -9 $$'", 3, "", "192.0.2.1 { x Commit 192.0.2.2", ""},
		{"no output", "dump replay failed.dump 1 -- expert-harmonize", 3, "", "192.0.2.1 { x Commit 192.0.2.2", ""},
		{"somebody deletes", "dump replay failed.dump 5 -- sh -c 'dump delete failed.dump 1; " + pipeline + "'", 0, "192.0.2.2", "{ x Commit", ""},
		{"somebody deletes, and the pipeline dies", "dump replay failed.dump 5 -- sh -c 'test -e once || { touch once; dump delete failed.dump 1; kill -9 $$; }; " + pipeline + "'", 0, "192.0.2.2", "{ x Commit", ""},
		{"somebody deletes what is due", "dump replay failed.dump 5 -- sh -c 'test -e once || { touch once; dump delete failed.dump 5; kill -9 $$; }; " + pipeline + "'", 0, "", "192.0.2.1 { x Commit", ""},
		{"somebody deletes everything", "dump replay failed.dump 1 5 -- sh -c 'test -e once || { touch once; dump delete --all failed.dump; kill -9 $$; }; " + pipeline + "'", 0, "", "", ""},
		{"a bare pipe", "dump replay failed.dump 1 5 | expert-taxonomy >out.ndjson", 0, "192.0.2.1 192.0.2.2", "192.0.2.1 { x Commit 192.0.2.2", ""},
		{"a bare chain", "intelpipe dump replay failed.dump 1 5 then expert-taxonomy >out.ndjson", 0, "192.0.2.1 192.0.2.2", "192.0.2.1 { x Commit 192.0.2.2", ""},
		{"what takes no pipeline", "dump list failed.dump -- cat", 2, "", "192.0.2.1 { x Commit 192.0.2.2", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := home(t)
			write(t, dir, "failed.dump", all)
			r := shell(t, dir, test.script)
			if r.exit != test.exit {
				t.Errorf("exit %d: %s", r.exit, r.stderr)
			}
			if got := values(read(dir, "out.ndjson")); got != test.out {
				t.Errorf("arrived: %s", got)
			}
			var left, again []string
			for line := range strings.Lines(read(dir, "failed.dump")) {
				if !strings.Contains(line, `"time":"2026-01-31T12:00:00.000001Z"`) || !strings.Contains(line, `"file":"stdin","line":1,`) {
					t.Errorf("not what it was: %s", line)
				}
				if strings.Contains(line, `"reason":"r"`) {
					left = append(left, values(line))
				} else {
					again = append(again, values(line))
				}
			}
			if strings.Join(left, " ") != test.left || strings.Join(again, " ") != test.again {
				t.Errorf("in the dump: %q, again %q", left, again)
			}
		})
	}
}

// TestReplayAgain mends entries on their way. What fails again keeps where and
// when it failed first, and the last line counts.
func TestReplayAgain(t *testing.T) {
	const parser = "parse-csv --columns source.ip,source.port --type scanner"
	for _, test := range []struct {
		name, script string
		exit         int
		last, out    string
	}{
		{"pipe", "dump replay parse-csv -- sh -c '" + parser + " | expert-url | output-file --file out'", 1, "dump: replayed 4, passed 1, failed again 3 (kept: dump list)\n", "192.0.2.1"},
		{"fused", "intelpipe dump replay parse-csv then " + parser + " then output-file --file out", 1, "dump: replayed 4, passed 1, failed again 3 (kept: dump list)\n", "192.0.2.1"},
		{"mended", `dump replay --edit 'sed "s/x/53/; s/localhost/192.0.2.2/"' parse-csv -- sh -c '` + parser + " | output-file --file out'", 0, "dump: replayed 4, passed 4, failed again 0\n", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4"},
		{"mended, fused", `intelpipe dump replay --edit 'sed "s/x/53/"' parse-csv then ` + parser + " then output-file --file out", 1, "dump: replayed 4, passed 3, failed again 1 (kept: dump list)\n", "192.0.2.1 192.0.2.3 192.0.2.4"},
		{"not mended", `dump replay --edit 'grep -v localhost' parse-csv -- sh -c '` + parser + " | output-file --file out'", 1, "dump: replayed 3, passed 1, failed again 2, 1 stay (kept: dump list)\n", "192.0.2.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := home(t)
			// The first one fails only here. Two are the same but for their place.
			write(t, dir, "in.csv", "192.0.2.1;1\nlocalhost,2\n192.0.2.3,x\n192.0.2.4,x\n192.0.2.4,x\n")
			r := shell(t, dir, parser+" < in.csv; dump delete parse-csv 4")
			if lines := dumpPlaces(t, dir); lines != "in.csv:1 in.csv:2 in.csv:3 in.csv:5" {
				t.Fatalf("%s, %+v", lines, r)
			}
			write(t, dir, "state/parse-csv.dump", strings.Replace(read(dir, "state/parse-csv.dump"), "MTkyLjAuMi4xOzEK", "MTkyLjAuMi4xLDEK", 1))
			before := read(dir, "state/parse-csv.dump")
			r = shell(t, dir, test.script)
			if r.exit != test.exit || !strings.Contains(r.stderr, test.last) {
				t.Errorf("exit %d, %s", r.exit, r.stderr)
			}
			var arrived []string
			for _, m := range sourceIP.FindAllStringSubmatch(read(dir, "out"), -1) {
				arrived = append(arrived, m[1])
			}
			if strings.Join(arrived, " ") != test.out {
				t.Errorf("arrived: %q", arrived)
			}
			origins := dumpOrigins(t, before)
			for origin, id := range dumpOrigins(t, read(dir, "state/parse-csv.dump")) {
				if before := origins[origin]; before.id == "" || id.again != "" && id.again != before.id || id.again == "" && id != before {
					t.Errorf("%+v is %+v, and was %+v", origin, id, before)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "state/.*")); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// origin is what a message keeps when it fails again.
type origin struct {
	Time, Command, File string
	Line                int
}

type dumpIDs struct{ id, again string }

// dumpOrigins are the ids of the entries of a dump, which has a line for each.
func dumpOrigins(t *testing.T, text string) map[origin]dumpIDs {
	t.Helper()
	found := map[origin]dumpIDs{}
	for line := range strings.Lines(text) {
		var e struct {
			ID, Again string
			origin
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		found[e.origin] = dumpIDs{e.ID, e.Again}
	}
	return found
}

// dumpPlaces are those of all entries.
func dumpPlaces(t *testing.T, dir string) string {
	t.Helper()
	var places []string
	for line := range strings.Lines(shell(t, dir, "dump list").stdout) {
		places = append(places, strings.Fields(line)[5])
	}
	return strings.Join(places, " ")
}

// TestDumpEdit changes one of several entries in an editor, and leaves every
// other byte of the dump as it is, also where it is no UTF-8.
func TestDumpEdit(t *testing.T) {
	dir := home(t)
	report := func(content string) string {
		return `{"__type":"Report", "feed.name" : "N","raw":"` + base64.StdEncoding.EncodeToString([]byte(content)) + `"}`
	}
	binary := `{"id":"b000000000000002","time":"2026-01-31T12:00:00.000001Z","command":"expert-probe","reason":"r","file":"stdin","line":2,"base64":"eyL/In0="}` + "\n"
	all := dumpEntryAs(1, report("a\xff;b")) + binary + dumpEntryAs(3, `{"source.ip":"x"}`) + dumpEntryAs(4, report("c\n\xfed\n"))
	for _, c := range []struct {
		name, editor, entries string
		want                  string
	}{
		{"nothing", "true", "", all},
		{"touched", "touch", "", all},
		{"a report", "sed -i s/b/e/", "1", dumpEntryAs(1, report("a\xff;e")) + binary + dumpEntryAs(3, `{"source.ip":"x"}`) + dumpEntryAs(4, report("c\n\xfed\n"))},
		{"with a line feed that editors add", "f() { for f; do echo >> $f; done; }; f", "1-3", all},
		{"a line", "sed -i s/x/192.0.2.1/", "", dumpEntryAs(1, report("a\xff;b")) + binary + dumpEntryAs(3, `{"source.ip":"192.0.2.1"}`) + dumpEntryAs(4, report("c\n\xfed\n"))},
		{"binary", "sed -i 's/\"}/\":1}/'", "2", dumpEntryAs(1, report("a\xff;b")) + strings.Replace(binary, "eyL/In0=", "eyL/IjoxfQ==", 1) + dumpEntryAs(3, `{"source.ip":"x"}`) + dumpEntryAs(4, report("c\n\xfed\n"))},
		{"lines", "sed -i s/d/e/", "4", dumpEntryAs(1, report("a\xff;b")) + binary + dumpEntryAs(3, `{"source.ip":"x"}`) + dumpEntryAs(4, report("c\n\xfee\n"))},
		{"the editor fails", "sed -i s/a/e/ no-such-file; false", "", all},
		{"two lines of one", "f() { for f; do printf '{\n}' > $f; done; }; f", "3", all},
		{"somebody deletes", "dump delete failed.dump 1; sed -i s/c/e/", "4", binary + dumpEntryAs(3, `{"source.ip":"x"}`) + dumpEntryAs(4, report("e\n\xfed\n"))},
		{"somebody deletes it", "dump delete failed.dump 4; sed -i s/c/e/", "4", strings.TrimSuffix(all, dumpEntryAs(4, report("c\n\xfed\n")))},
		{"somebody replays it", "! dump replay failed.dump -- output-file --file out; sed -i s/b/e/", "a000000000000001", dumpEntryAs(1, report("a\xff;e")) + binary + dumpEntryAs(3, `{"source.ip":"x"}`) + dumpEntryAs(4, report("c\n\xfed\n"))},
	} {
		write(t, dir, "failed.dump", all)
		write(t, dir, "editor", c.editor+` "$@"`+"\n")
		r := shell(t, dir, `EDITOR="sh editor" dump edit failed.dump `+c.entries)
		if got := read(dir, "failed.dump"); got != c.want {
			t.Errorf("%s: got %s, want %s, %+v", c.name, got, c.want, r)
		}
		left, err := filepath.Glob(filepath.Join(dir, ".edit-*"))
		if err != nil {
			t.Fatal(err)
		}
		if kept := c.name == "two lines of one" || c.name == "somebody deletes it"; len(left) > 0 != kept || kept != strings.Contains(r.stderr, "what was edited is in") || kept && r.exit != 1 {
			t.Errorf("%s: %q, %+v", c.name, left, r)
		}
		for _, l := range left {
			os.RemoveAll(l)
		}
	}
}

// values are what tells the messages of TestReplay apart.
func values(text string) string {
	var found []string
	for line := range strings.Lines(text) {
		for _, v := range []string{"192.0.2.1", "192.0.2.2", `"x\"`, "Commit", `"{"`} {
			if strings.Contains(line, v) {
				found = append(found, strings.Trim(v, `\"`))
			}
		}
	}
	return strings.Join(found, " ")
}

// TestReplayLarge sends a report that has a file of its own beside the dump.
func TestReplayLarge(t *testing.T) {
	dir := home(t)
	content := bytes.Repeat([]byte("192.0.2.1\n"), 50_000)
	report := `{"feed.name":"N","raw":"` + base64.StdEncoding.EncodeToString(content) + `"}`
	entry := func(kept string, bytes int, more string) string {
		return fmt.Sprintf(`{"id":"a00000000000000%s","time":"2026-01-31T12:00:00.000001Z","command":"parse-blocklistde","reason":"r","file":"a","kept":%q,"bytes":%d%s}`+"\n", kept[len(kept)-1:], kept, bytes, more)
	}
	write(t, dir, "failed.dump", entry("failed.dump.1", len(report), "")+entry("failed.dump.2", 100, `,"cut":true`)+entry("failed.dump.3", len(report)-2, ""))
	write(t, dir, "failed.dump.1", report)
	write(t, dir, "failed.dump.2", report[:100])
	write(t, dir, "failed.dump.3", report[:len(report)-2])
	r := shell(t, dir, "dump replay failed.dump -- sh -c 'parse-csv --columns source.ip --default-fields \"json:{\\\"classification.type\\\":\\\"scanner\\\"}\" | output-file --file out.ndjson'")
	if r.exit != 1 || strings.Count(r.stderr, "it stays") != 2 || !strings.HasSuffix(r.stderr, "dump: replayed 1, passed 1, failed again 0, 2 stay\n") {
		t.Errorf("%d, %s", r.exit, r.stderr)
	}
	if n := strings.Count(read(dir, "out.ndjson"), "192.0.2.1"); n != 50_000 {
		t.Errorf("%d events have arrived", n)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "failed.dump*"))
	if len(left) != 3 || strings.Count(read(dir, "failed.dump"), "\n") != 2 {
		t.Errorf("left: %q, %s", left, read(dir, "failed.dump"))
	}
}

// TestReplayKilled kills dump replay again and again. Each message arrives once.
func TestReplayKilled(t *testing.T) {
	t.Parallel()
	dir := home(t)
	const messages = 80_000
	var b strings.Builder
	for line := range strings.Lines(numbered(messages)) {
		b.WriteString(dumpEntry(strings.TrimSuffix(line, "\n")))
	}
	write(t, dir, "failed.dump", b.String())
	words := []string{"dump", "replay", "failed.dump", "--", "sh", "-c", "expert-taxonomy | output-file --file out.ndjson"}
	rnd := rand.New(rand.NewPCG(1, 2))
	killed, length := 0, int64(0)
	for range min(8, killing.Times(t, 3)) {
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
				if info, err := os.Stat(filepath.Join(dir, "out.ndjson")); err == nil && info.Size() > length {
					time.Sleep(time.Duration(rnd.IntN(10)) * time.Millisecond)
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
	if _, err := os.Stat(filepath.Join(dir, "failed.dump")); err == nil {
		if r := shell(t, dir, "dump replay failed.dump -- sh -c '"+words[6]+"'"); r.exit != 0 {
			t.Errorf("%d, %s", r.exit, r.stderr)
		}
	}
	seen := map[string]int{}
	for line := range strings.Lines(read(dir, "out.ndjson")) {
		seen[line]++
	}
	t.Logf("killed %d times, %d of %d messages", killed, len(seen), messages)
	if len(seen) != messages {
		t.Errorf("%d of %d messages have arrived", len(seen), messages)
	}
	for line, n := range seen {
		if n != 1 {
			t.Fatalf("%d times: %s", n, line)
		}
	}
	if left := read(dir, "failed.dump"); left != "" {
		t.Errorf("left in the dump: %.300s", left)
	}
}

// TestTwoReplays starts a second replay of a dump, or edits it, while the first
// one is at work.
func TestTwoReplays(t *testing.T) {
	for name, second := range map[string]string{
		"a replay":                   "dump replay failed.dump -- output-file --file other",
		"a replay in a chain":        "intelpipe dump replay ./failed.dump then output-file --file other",
		"one with a state directory": "STATE_DIRECTORY=$PWD/elsewhere dump replay failed.dump -- output-file --file other",
		"an editor":                  "EDITOR='sed -i s/1/2/' dump edit failed.dump",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := home(t)
			write(t, dir, "failed.dump", dumpEntry(`{"extra.n":1}`)+dumpEntry(`{"extra.n":2}`))
			write(t, dir, "pipeline", "("+second+") 2> said; echo $? > exit; output-file --file out\n")
			r := shell(t, dir, "dump replay failed.dump -- sh pipeline")
			if r.exit != 0 || read(dir, "out") != `{"extra.n": 1}`+"\n"+`{"extra.n": 2}`+"\n" || read(dir, "failed.dump")+read(dir, "other") != "" {
				t.Errorf("%+v, %q, %q, %q", r, read(dir, "out"), read(dir, "other"), read(dir, "failed.dump"))
			}
			if said := read(dir, "said"); read(dir, "exit") != "3\n" || !strings.Contains(said, "failed.dump is replayed or edited by pid ") || strings.Count(said, "\n") != 1 {
				t.Errorf("%s, exit %s", said, read(dir, "exit"))
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".failed*")); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestDeleteDuringReplay deletes entries while a replay is at work, of which some
// have been sent. The others are not sent any more, and nothing else goes.
func TestDeleteDuringReplay(t *testing.T) {
	t.Parallel()
	dir := home(t)
	const messages = 60_000 // several windows
	id := func(n int) string { return fmt.Sprintf("a%015x", n) }
	var b strings.Builder
	for n := range messages {
		b.WriteString(dumpEntryAs(uint32(n), fmt.Sprintf(`{"extra.n":%d}`, n)))
	}
	write(t, dir, "failed.dump", b.String())
	// The first entry, one in the middle that is wanted, and the last ones that are due.
	write(t, dir, "pipeline", fmt.Sprintf("dump delete failed.dump %s %s 59001-60000; echo '%s' >> failed.dump; exec output-file --file out\n",
		id(0), id(30_000), strings.TrimSpace(dumpEntryAs(messages, `{"extra.n":"new"}`))))
	r := shell(t, dir, "dump replay failed.dump 1-50000 59500-60000 -- sh pipeline")
	if r.exit != 0 {
		t.Errorf("%+v", r)
	}
	times := map[string]int{}
	for line := range strings.Lines(read(dir, "out") + messagesOf(t, read(dir, "failed.dump"))) {
		times[strings.Replace(line, ": ", ":", 1)]++
	}
	for n := range messages {
		want := 1
		if n == 30_000 || n >= 59_000 {
			want = 0
		}
		if got := times[fmt.Sprintf(`{"extra.n":%d}`+"\n", n)]; n > 0 && got != want {
			t.Fatalf("%d: %d times", n, got)
		}
	}
	if strings.Count(read(dir, "failed.dump"), "\n") != 9000+1 || times[`{"extra.n":"new"}`+"\n"] != 1 {
		t.Errorf("%d entries are left", strings.Count(read(dir, "failed.dump"), "\n"))
	}
}

// messagesOf are the messages of a dump that has a line for each entry.
func messagesOf(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		var e struct{ Message string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		b.WriteString(e.Message + "\n")
	}
	return b.String()
}
