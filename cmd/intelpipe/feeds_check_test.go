package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ownFeed is a feed of a table with times, at a URL.
func ownFeed(id, url string, more string) string {
	return fmt.Sprintf(`{
  "id": %q, "name": "Example", "provider": "example.org", "access": "public", "interval": "1 hour", "fresh": "3 days",
  "collector": ["collect-http", "--http-url", %q],
  "parser": ["parse-csv", "--header", "--columns", "address=source.ip,seen=time.source,port=source.port", "--type", "scanner"]%s
}`, id, url, more)
}

const healthy = "address,seen,port\n192.0.2.1,2026-11-19T10:00:00Z,22\n192.0.2.2,2026-11-20T09:00:00Z,23\n"

// TestFeedsCheck: a feed that is healthy, and each way in which one is not. The present
// is that of the shell, standstill.
func TestFeedsCheck(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, healthy) }))
	defer elsewhere.Close()
	second := false // whether the server has changed
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := healthy
		switch name := r.URL.Path[1:]; {
		case name == "gone":
			http.NotFound(w, r)
			return
		case name == "secret":
			http.Error(w, "who are you?", http.StatusForbidden)
			return
		case name == "moved":
			http.Redirect(w, r, elsewhere.URL+"/list", http.StatusFound)
			return
		case name == "slow":
			time.Sleep(300 * time.Millisecond)
		case name == "stale":
			text = strings.ReplaceAll(healthy, "2026-11", "2026-10")
		case name == "empty":
			text = ""
		case name == "headeronly":
			text = "address,seen,port\n"
		case name == "login":
			text = `<!DOCTYPE html><html><head><title>x</title></head><body><form><input type="password"></form></body></html>`
		case name == "wrong":
			text = strings.ReplaceAll(healthy, "192.0.2", "host")
		case name == "large":
			text = healthy + strings.Repeat("192.0.2.3,2026-11-20T09:00:00Z,24\n", 40_000)
		case name == "header" && second:
			text = strings.Replace(healthy, "address,seen,port", "address,when,port", 1)
		case name == "types" && second:
			text = strings.NewReplacer(",22", ",2026-11-20T00:00:00Z", ",23", ",2026-11-20T01:00:00Z").Replace(healthy)
		case name == "size" && second:
			text = healthy + strings.Repeat("192.0.2.3,2026-11-20T09:00:00Z,24\n", 400)
		case name == "cut":
			w.Header().Set("Content-Length", fmt.Sprint(len(healthy)+100))
		case name == "cutlist" && second:
			text = healthy[:len(healthy)-45]
		case name == "cutjson":
			text = `[{"source.ip": "192.0.2.1", "classification.type": "scanner"}, {"source.ip": "192.`
		}
		io.WriteString(w, text)
	}))
	defer server.Close()
	dir := t.TempDir()
	links(t, filepath.Join(dir, "bin"))
	if err := os.Mkdir(filepath.Join(dir, "own"), 0o700); err != nil {
		t.Fatal(err)
	}
	ids := []string{"healthy", "stale", "empty", "headeronly", "login", "secret", "gone", "moved", "slow", "wrong", "large", "header", "types", "size", "cut", "cutlist", "cutjson", "dead"}
	for _, id := range ids {
		more := ""
		if id == "dead" {
			more = `, "dead": "it has ended", "instead": "healthy"`
		}
		text := ownFeed(id, server.URL+"/"+id, more)
		if id == "cutjson" {
			text = strings.Replace(text, `["parse-csv", "--header", "--columns", "address=source.ip,seen=time.source,port=source.port", "--type", "scanner"]`, `["parse-json", "--splitlines"]`, 1)
		}
		write(t, dir, "own/"+id+".json", text)
	}
	check := func(flags string) result {
		return shell(t, dir, "feeds check --feeds-dir own --timeout 600 --slow 600 "+flags, standstill)
	}
	first := check("--json --max-download 1MiB " + strings.Join(slices.DeleteFunc(ids, func(id string) bool { return id == "slow" }), " "))
	first.stdout += check("--json --slow 0.2 slow").stdout // which takes longer, whatever the machine does
	second = true
	again := check("--json --max-download 1MiB header types size cutlist healthy")
	if first.exit != 1 || again.exit != 1 {
		t.Fatalf("%+v\n%+v", first, again)
	}
	type line struct {
		Feed, Verdict, Says string
		Events, Failed      int
		Bytes               int64
		Newest              string
		Fields              map[string]float64
	}
	read := func(text string) map[string]line {
		all := map[string]line{}
		for text := range strings.Lines(text) {
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err, text)
			}
			all[l.Feed] = l
		}
		return all
	}
	for i, want := range []map[string]string{
		{
			"healthy":    "ok ",
			"stale":      "stale the newest entry is 31 d old, and 3 d are expected at most; ask the provider",
			"empty":      "empty nothing came, without an error; ask the provider if it stays so",
			"headeronly": "empty 18 bytes came, and no entry is in them",
			"login":      "login a login page in place of data; look at it with a browser, and at the credentials",
			"secret":     "login @/secret: 403 Forbidden: the server wants to know who asks, or to be paid; look at the credentials, which feeds show names",
			"gone":       "unreachable @/gone: 404 Not Found: the address is no more; look for the new one in the documentation",
			"moved":      "redirected the server leads to " + elsewhere.URL + "/list; if that is the provider's, run feeds check --accept",
			"slow":       "slow it took more than 200ms to fetch 86 bytes",
			"wrong":      "unparsable 2 of 2 entries fail, the first one: @/wrong:2: column address: source.ip: not a valid IPAddress: \"host.1\"; the format may have changed",
			"large":      "large @/large: the answer is too large, see --max-download: it has more than 1 MiB; give the check a larger --max-download",
			"header":     "ok ",
			"types":      "ok ",
			"size":       "ok ",
			"cutlist":    "ok ",
			"cut":        "truncated @/cut: unexpected EOF: the server broke off; try again later",
			"cutjson":    "truncated the JSON ends in the middle; try again later",
			"dead":       "dead it is dead: it has ended; take healthy instead",
		},
		{
			"healthy": "ok ",
			"header":  "drift the column seen is gone, the column when is new; 1 of 1 entries fail; if that is right, run feeds check --accept",
			"types":   "drift the column port is of type time and was number; 2 of 2 entries fail; if that is right, run feeds check --accept",
			"size":    "drift it has 13686 bytes and had 86; if that is right, run feeds check --accept",
			"cutlist": "truncated the last line has no end, and 41 bytes came where 86 did before; try again later",
		},
	} {
		got := read([]string{first.stdout, again.stdout}[i])
		for id, want := range want {
			if said := strings.ReplaceAll(got[id].Verdict+" "+got[id].Says, server.URL, "@"); said != want {
				t.Errorf("%s: got %s, want %s", id, said, want)
			}
		}
	}
	h := read(first.stdout)["healthy"]
	if h.Events != 2 || h.Failed != 0 || h.Bytes != int64(len(healthy)) || h.Newest != "2026-11-20T09:00:00Z" || h.Fields["source.port"] != 1 {
		t.Errorf("%+v", h)
	}

	// What is right is accepted, and then compared with.
	if r := check("--accept size moved"); r.exit != 0 {
		t.Errorf("%+v", r)
	}
	table := check("size moved")
	if want := "FEED                             VERDICT          BYTES   NEWEST   EVENTS FILLED\n" +
		"size                             ok               13686      3 h      402  100 %\n" +
		"moved                            ok                  86      3 h        2  100 %\n"; table.stdout != want || table.exit != 0 {
		t.Errorf("%+v", table)
	}
	metrics := check("--openmetrics healthy gone")
	for _, want := range []string{
		`intelpipe_feed_verdict{feed="healthy",intelpipe_feed_verdict="ok"} 1`, `intelpipe_feed_verdict{feed="gone",intelpipe_feed_verdict="unreachable"} 1`,
		`intelpipe_feed_bytes{feed="healthy"} 86`, `intelpipe_feed_newest_timestamp_seconds{feed="healthy"} 1.7951652e+09`,
		`intelpipe_feed_filled_ratio{feed="healthy",field="source.ip"} 1`, "# EOF\n",
	} {
		if !strings.Contains(metrics.stdout, want) {
			t.Errorf("no %s in\n%s", want, metrics.stdout)
		}
	}
	// Nothing is left but a small file for each feed that was good.
	left, err := os.ReadDir(filepath.Join(dir, "state"))
	if err != nil || len(left) != 1 || left[0].Name() != "feeds" {
		t.Errorf("left behind: %v, %v", left, err)
	}
	states, _ := filepath.Glob(filepath.Join(dir, "state/feeds/*"))
	for _, path := range states {
		if info, err := os.Stat(path); err != nil || info.Size() > 4096 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if len(states) != 8 {
		t.Errorf("%d files of state: %v", len(states), states)
	}
}

// TestFeedsShow: what feeds show prints works as it is, for a feed with a key.
func TestFeedsShow(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Auth-Key") != "s3cr et%" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		io.WriteString(w, healthy)
	}))
	defer server.Close()
	dir := t.TempDir()
	links(t, filepath.Join(dir, "bin"))
	text := strings.Replace(ownFeed("mine", server.URL+"/<list>.csv", `, "ask": {"list": "which list"}, "credentials": {"http-secret": "the key"}`),
		`"],`, `", "--http-header", "json:{\"Auth-Key\": \"{secret}\"}"],`, 1)
	for name, text := range map[string]string{".config/intelpipe/feeds/mine.json": text, ".config/intelpipe/feeds/mine.http-secret": "s3cr et%\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, text)
	}
	show := func(form string) string {
		r := shell(t, dir, "intelpipe feeds show --as "+form+" --set 'list=a b%c' mine")
		if r.exit != 0 || r.stderr != "" || strings.Contains(r.stdout, "s3cr") {
			t.Fatalf("%s: %+v", form, r)
		}
		return r.stdout
	}
	if r := shell(t, dir, show("shell")); r.exit != 0 || strings.Count(r.stdout, "\n") != 2 {
		t.Errorf("%+v", r)
	}

	// Cron takes \% for %, and gives the rest to a shell, in the home directory.
	cron := regexp.MustCompile(`^\d+ \* \* \* \*  `).Split(show("cron"), 2)
	if len(cron) != 2 {
		t.Fatal(cron)
	}
	if r := shell(t, dir, strings.ReplaceAll(cron[1], `\%`, "%")); r.exit != 0 {
		t.Errorf("%s: %+v", cron[1], r)
	}
	if n := strings.Count(read(dir, "events.ndjson"), "\n"); n != 2 {
		t.Errorf("cron: %d events", n)
	}
	if err := os.Remove(filepath.Join(dir, "events.ndjson")); err != nil {
		t.Fatal(err)
	}

	// systemd takes %% for % and quotes as they are here, and has no shell.
	unit := show("unit")
	line := setting(unit, "ExecStart")
	if len(line) != 1 || !slices.Equal(setting(unit, "LoadCredential"), []string{"mine.http-secret:intelpipe.mine.http-secret"}) {
		t.Fatal(unit)
	}
	if err := os.MkdirAll(filepath.Join(dir, "credentials"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, ".config/intelpipe/feeds/mine.http-secret"), filepath.Join(dir, "credentials/mine.http-secret")); err != nil {
		t.Fatal(err)
	}
	// Another source than that of cron, or nothing would be new.
	command := strings.Replace(strings.ReplaceAll(line[0], "%%", "%"), "--if-running", "--source unit --if-running", 1)
	if r := shell(t, dir, command, "CREDENTIALS_DIRECTORY="+filepath.Join(dir, "credentials")); r.exit != 0 {
		t.Errorf("%s: %+v", command, r)
	}
	if n := strings.Count(read(dir, "events.ndjson"), "\n"); n != 2 {
		t.Errorf("unit: %d events", n)
	}

	// The unit is hardened as those that are installed.
	hardened := func(unit string) string {
		_, text, _ := strings.Cut(unit, "\nDynamicUser=")
		var lines []string
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "LoadCredential") && line != "\n" {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	if got, want := hardened(unit), hardened(readScript(t, "systemd/"+collectUnit)); got != want || len(want) < 500 {
		t.Errorf("the unit is not hardened as %s:\n%s", collectUnit, diff(want, got))
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("left out: systemd-analyze not found, apt-get install systemd")
	}
	for _, form := range []string{"unit", "timer"} {
		name := map[string]string{"unit": "intelpipe-feed-mine.service", "timer": "intelpipe-feed-mine.timer"}[form]
		write(t, dir, name, strings.ReplaceAll(show(form), "a b%%c", "a"))
	}
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", filepath.Join(dir, "intelpipe-feed-mine.service"), filepath.Join(dir, "intelpipe-feed-mine.timer")).CombinedOutput()
	if said := regexp.MustCompile(`(?m)^.*/(systemd|lib)/system/.*\n`).ReplaceAllString(string(out), ""); err != nil || said != "" {
		t.Errorf("%v: %s", err, said)
	}
}

// TestFeedsAtOnce: several feeds run at the same time, each a source of its own; their
// lines stay whole, the exit code is the highest, and a signal ends all.
func TestFeedsAtOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			http.NotFound(w, r)
		case "/bad":
			io.WriteString(w, healthy+"host,2026-11-20T09:00:00Z,1\n")
		default:
			io.WriteString(w, healthy+strings.Repeat("192.0.2.3,2026-11-20T09:00:00Z,24\n", 20_000))
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	links(t, filepath.Join(dir, "bin"))
	if err := os.Mkdir(filepath.Join(dir, "own"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"one", "two", "three", "none", "bad"} {
		write(t, dir, "own/"+id+".json", ownFeed(id, server.URL+"/"+id, ""))
	}
	r := shell(t, dir, "feeds run --feeds-dir own one two three none bad")
	for line := range strings.Lines(r.stdout) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("not a line: %.300s", line)
		}
	}
	if n := strings.Count(r.stdout, "\n"); n != 3*20_002+2 || r.exit != 3 {
		t.Errorf("%d lines, exit code %d, %s", n, r.exit, r.stderr)
	}
	for _, want := range []string{
		"feeds: none: collect-http: " + server.URL + "/none: 404 Not Found\n", "feeds: bad: parse-csv: ",
		"feeds: 2 of 5 feeds: none (exit code 3), bad (exit code 1)\n",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q is not in %s", want, r.stderr)
		}
	}
	// A second run asks only for what has changed, so that nothing is twice.
	for range 2 {
		if r := shell(t, dir, "feeds run --feeds-dir own one two -- expert-taxonomy then output-file --file events.ndjson"); r.exit != 0 {
			t.Errorf("%+v", r)
		}
	}
	sources, _ := filepath.Glob(filepath.Join(dir, "state/collect-http-*.source"))
	for i := range sources {
		sources[i] = filepath.Base(sources[i])
	}
	if !slices.Equal(sources, []string{"collect-http-one.source", "collect-http-two.source"}) {
		t.Errorf("sources %v", sources)
	}

	cmd := command(t, dir, "feeds", "run", "--feeds-dir", filepath.Join(dir, "own"), "--repeat", "one", "two", "--", "output-file", "--file", filepath.Join(dir, "more.ndjson"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for info, err := os.Stat(filepath.Join(dir, "more.ndjson")); err != nil || info.Size() == 0; info, err = os.Stat(filepath.Join(dir, "more.ndjson")) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v, %s", err, &stderr)
	}
}
