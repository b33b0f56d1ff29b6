package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// standstill makes time.observation the same in all runs.
const standstill = "INTELPIPE_NOW=2026-11-20T12:00:00Z"

// entry is an entry of a dump as anybody would read it.
type entry struct {
	Time, Command, Reason, File string
	Line, Column                int
	Message, Base64             string
}

func (e *entry) text(t *testing.T) string {
	if e.Base64 == "" {
		return e.Message
	}
	text, err := base64.StdEncoding.DecodeString(e.Base64)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func dumped(t *testing.T, dir, command string) []entry {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "state", command+".dump"))
	if err != nil {
		t.Error(err)
	}
	var all []entry
	for line := range strings.Lines(string(text)) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%.300q: %v", line, err)
		}
		if e.Time == "" || e.Command != command || e.Reason == "" {
			t.Errorf("%.300q", line)
		}
		all = append(all, e)
	}
	return all
}

// bad is a file with something wrong between two good pieces.
type bad struct {
	name, command      string // with its flags
	before, bad, after string
	place              string // in the message
	reason             string // a part of it
	lost               string // what the dump leaves out, since it quotes nothing
}

const (
	event1, event2 = `{"source.ip":"192.0.2.1","extra.n":1}` + "\n", `{"source.ip":"192.0.2.2","extra.n":2}` + "\n"
	table          = "parse-csv --columns source.ip,source.port,extra.note --type scanner"
	row1, row2     = "192.0.2.1,80,a\n", "192.0.2.2,81,\"b, c\"\n"
)

func report(raw string) string {
	return `{"feed.name":"F","feed.url":"https://example.org/all.txt","time.observation":"2026-11-20T12:00:00+00:00","raw":"` + base64.StdEncoding.EncodeToString([]byte(raw)) + `","__type":"Report"}` + "\n"
}

var badFiles = []bad{
	// Events.
	{name: "truncated JSON", command: "expert-taxonomy", before: event1, bad: `{"source.ip":"192.0.2.` + "\n", after: event2, place: "stdin:2:23"},
	{name: "NUL bytes", command: "expert-taxonomy", before: event1, bad: "{\"comment\":\"a\x00b\"}\n", after: event2, place: "stdin:2:14"},
	{name: "nothing but NUL bytes", command: "expert-taxonomy", before: event1, bad: strings.Repeat("\x00", 4096) + "\n", after: event2, place: "stdin:2:1"},
	{name: "Latin-1", command: "expert-taxonomy", before: event1, bad: "{\"comment\":\"M\xfcnchen\"}\n", after: event2, place: "stdin:2:14"},
	{name: "truncated last line", command: "expert-taxonomy", before: event1 + event2, bad: `{"source.ip":"192.0.2.3","extra.n`, place: "stdin:3:34"},
	{name: "truncated JSON", command: "output-file --file /dev/null --pass", before: event1, bad: `{"source.ip":` + "\n", after: event2, place: "stdin:2:14"},
	{name: "Latin-1", command: "output-file --file /dev/null --pass", before: event1, bad: "{\"comment\":\"M\xfcnchen\"}\n", after: event2, place: "stdin:2:14"},
	{name: "../ in a name", command: "output-file --file files/{event[comment]}/x --format-filename --pass",
		before: `{"comment":"a"}` + "\n", bad: `{"comment":".."}` + "\n", after: `{"comment":"b"}` + "\n", place: "stdin:2", reason: `..`},

	// Reports.
	{name: "truncated report", command: "parse-blocklistde", before: report("192.0.2.1\n"), bad: `{"feed.name":"F","raw":"MTky` + "\n", after: report("192.0.2.2\n"), place: "stdin:2:29"},
	{name: "Latin-1 in a report", command: "parse-blocklistde", before: report("192.0.2.1\n"), bad: "{\"feed.name\":\"\xfc\",\"raw\":\"MTkyLjAuMi45\"}\n", after: report("192.0.2.2\n"), place: "stdin:2:15"},
	{name: "raw is no base64", command: "parse-blocklistde", before: report("192.0.2.1\n"), bad: `{"feed.name":"F","raw":"MTky*jAuMi45"}` + "\n", after: report("192.0.2.2\n"), place: "stdin:2"},

	// What feeds hold.
	{name: "wrong address in a list", command: "parse-blocklistde", before: "192.0.2.1\n", bad: "192.0.2.300\n", after: "192.0.2.2\n", place: "input:2", reason: `"192.0.2.300"`},
	{name: "truncated last line of a list", command: "parse-blocklistde", before: "192.0.2.1\n192.0.2.2\n", bad: "192.0.", place: "input:3", reason: `"192.0."`},
	{name: "Latin-1 in a list", command: "parse-blocklistde", before: "192.0.2.1\n", bad: "M\xfcnchen\n", after: "192.0.2.2\n", place: "input:2:2", reason: "0xfc"},
	{name: "NUL bytes in a list", command: "parse-blocklistde", before: "192.0.2.1\n", bad: "no\x00where\n", after: "192.0.2.2\n", place: "input:2:3"},
	{name: "field of 131,073 bytes", command: table, before: row1, bad: "192.0.2.9,80," + strings.Repeat("x", 131073) + "\n", after: row2, place: "input:2:14"},
	{name: "field of 131,073 bytes in quotes", command: table, before: row1, bad: "192.0.2.9,80,\"" + strings.Repeat("x", 131073) + "\"\n", after: row2, place: "input:2:14", lost: `"`},
	{name: "unbalanced quote", command: table, before: row1, bad: "192.0.2.9,\"80,a\n", after: row1 + row1, place: "input:2:11"},
	{name: "unbalanced quote where all is in quotes", command: table, before: `"192.0.2.1","80","a"` + "\n", bad: `"192.0.2.9","80","a` + "\n",
		after: `"192.0.2.2","81","b"` + "\n" + `"192.0.2.3","82","c"` + "\n", place: "input:2:18"},
	{name: "unbalanced quote in the last line", command: table, before: row1 + row2, bad: `192.0.2.9,80,"a`, place: "input:3:14"},
	{name: "Latin-1 in a row", command: table, before: row1, bad: "192.0.2.9,http\xfc,a\n", after: row2, place: "input:2:15", reason: "0xfc"},
	{name: "NUL bytes in a row", command: table, before: row1, bad: "192.0.2.9,htt\x00p,a\n", after: row2, place: "input:2:14"},
	{name: "truncated JSON", command: "parse-json --splitlines", before: `{"source.ip":"192.0.2.1"}` + "\n", bad: `{"source.ip":"192.0` + "\n", after: `{"source.ip":"192.0.2.2"}` + "\n", place: "input:2"},
	{name: "wrong address in an array", command: "parse-abusech-feodotracker", before: `[{"ip_address":"192.0.2.1","port":80,"status":"online","last_online":"2026-11-20","first_seen":"2026-11-01 10:00:00","malware":"X"},`,
		bad:   `{"ip_address":"nowhere","port":80,"status":"online","last_online":"2026-11-20","first_seen":"2026-11-01 10:00:00","malware":"X"},`,
		after: `{"ip_address":"192.0.2.2","port":80,"status":"online","last_online":"2026-11-20","first_seen":"2026-11-01 10:00:00","malware":"X"}]`, place: "input:1:133", reason: `"nowhere"`},
}

// TestBadInput has files with one bad piece: it costs itself, is told in one
// line that says where it was, and is in the dump, from where it fails in the
// same way once more.
func TestBadInput(t *testing.T) {
	for _, b := range badFiles {
		command, _, _ := strings.Cut(b.command, " ")
		t.Run(command+"/"+b.name, func(t *testing.T) {
			run := func(dir, input string) result {
				links(t, filepath.Join(dir, "bin"))
				if err := os.WriteFile(filepath.Join(dir, "input"), []byte(input), 0o644); err != nil {
					t.Fatal(err)
				}
				return shell(t, dir, b.command+" < input", standstill)
			}
			clean := run(t.TempDir(), b.before+b.after)
			if clean.exit != 0 || clean.stderr != "" || strings.Count(clean.stdout, "\n") < 2 {
				t.Fatalf("without it: %+v", clean)
			}
			dir := t.TempDir()
			r := run(dir, b.before+b.bad+b.after)
			if r.exit != 1 {
				t.Errorf("exit code %d", r.exit)
			}
			if r.stdout != clean.stdout {
				t.Errorf("the neighbours were harmed: got %.1000q, want %.1000q", r.stdout, clean.stdout)
			}
			prefix := command + ": " + b.place + ": "
			if !strings.HasSuffix(r.stderr, ", failed 1 (kept: dump list "+command+")\n") {
				t.Errorf("stderr %.300q does not say where it is kept", r.stderr)
			}
			r.stderr = told(r.stderr)
			if strings.Count(r.stderr, "\n") != 1 || !strings.HasPrefix(r.stderr, prefix) || !strings.Contains(r.stderr, b.reason) || !printable(r.stderr) || len(r.stderr) > 1000 {
				t.Errorf("stderr %.300q, want one line with %q", r.stderr, prefix)
			}
			entries := dumped(t, dir, command)
			if len(entries) != 1 {
				t.Fatalf("%d entries in the dump", len(entries))
			}
			first := entries[0]
			place := fmt.Sprintf("%s:%d", first.File, first.Line)
			if first.Column > 0 {
				place += fmt.Sprintf(":%d", first.Column)
			}
			if place != b.place {
				t.Errorf("the entry's place is %s", place)
			}
			b.recovered(t, first.text(t), strings.HasPrefix(b.place, "input:"))
			again := shell(t, dir, "set -o pipefail; dump replay "+command+" | "+b.command, standstill)
			again.stderr = told(again.stderr)
			if again.exit != 1 || again.stdout != "" || strings.Count(again.stderr, "\n") != 1 || !strings.HasSuffix(again.stderr, ": "+first.Reason+"\n") {
				t.Errorf("replayed: exit code %d, stdout %.300q, stderr %.300q, first %.300q", again.exit, again.stdout, again.stderr, first.Reason)
			}
			if entries = dumped(t, dir, command); len(entries) != 2 || entries[1].text(t) != first.text(t) {
				t.Errorf("replayed: %.2000q", fmt.Sprint(entries))
			}
			if outside, err := filepath.Glob(filepath.Join(dir, "x")); err != nil || len(outside) > 0 {
				t.Errorf("a file outside: %v, %v", outside, err)
			}
		})
	}
}

// recovered checks that the entry has the bad piece, as it was or as a report.
func (b *bad) recovered(t *testing.T, text string, asReport bool) {
	if !asReport {
		if text != strings.TrimSuffix(b.bad, "\n") {
			t.Errorf("the dump has %.300q", text)
		}
		return
	}
	var message map[string]any
	if err := json.Unmarshal([]byte(text), &message); err != nil || message["__type"] != "Report" {
		t.Errorf("%.300q is no report: %v", text, err)
	}
	raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(message["raw"]))
	want := strings.Trim(b.bad, "\n,")
	if b.lost != "" {
		want = strings.ReplaceAll(want, b.lost, "")
	}
	loose := strings.NewReplacer(", ", ",", ": ", ":")
	if err != nil || !strings.Contains(loose.Replace(string(raw)), want) {
		t.Errorf("the report has %.300q, %v, and not %.300q", raw, err, want)
	}
}

// zipped makes an archive of names and contents in turn.
func zipped(t *testing.T, files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBadDownloads fetches what a server should not send, into a parser.
func TestBadDownloads(t *testing.T) {
	for _, test := range []struct {
		name   string
		serve  func(w http.ResponseWriter)
		stderr string // of collect-http
		want   []string
	}{
		{"zip bomb", func(w http.ResponseWriter) {
			w.Write(zipped(t, "a.txt", "192.0.2.1\n", "bomb.txt", strings.Repeat("\x00", 48<<20), "c.txt", "192.0.2.3\n"))
		}, `bomb\.txt: .*suspiciously much more`, []string{"192.0.2.1", "192.0.2.3"}},
		{"../ in an archive", func(w http.ResponseWriter) {
			w.Write(zipped(t, "a.txt", "192.0.2.1\n", "../b.txt", "192.0.2.2\n", "c.txt", "192.0.2.3\n"))
		}, `\.\./b\.txt: .*unsafe`, []string{"192.0.2.1", "192.0.2.3"}},
		{"redirect to a file", func(w http.ResponseWriter) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}, `http://127\.0\.0\.1:\d+/list\.zip: redirect to file:///etc/passwd: only http and https`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { test.serve(w) }))
			defer server.Close()
			for _, join := range []string{"|", "then"} {
				dir := t.TempDir()
				links(t, filepath.Join(dir, "bin"))
				r := shell(t, dir, "set -o pipefail; collect-http --http-url "+server.URL+"/list.zip "+join+" parse-blocklistde", standstill)
				if r.exit != 1 {
					t.Errorf("%s: exit code %d", join, r.exit)
				}
				if n := strings.Count(r.stdout, "\n"); n != len(test.want) {
					t.Errorf("%s: %d events, want %d: %.600s", join, n, len(test.want), r.stdout)
				}
				for _, address := range test.want {
					if !strings.Contains(r.stdout, `"source.ip":"`+address+`"`) {
						t.Errorf("%s: %s is missing", join, address)
					}
				}
				if say := told(r.stderr); strings.Count(say, "\n") != 1 || !regexp.MustCompile("^collect-http: "+test.stderr).MatchString(say) || !printable(strings.ReplaceAll(say, "\n", "")) {
					t.Errorf("%s: stderr %q", join, r.stderr)
				}
				if entries := dumped(t, dir, "collect-http"); len(entries) != 1 || !strings.Contains(entries[0].Message, server.URL+"/list.zip") {
					t.Errorf("%s: dump %+v", join, entries)
				}
				if outside, _ := filepath.Glob(filepath.Join(dir, "..", "b.txt")); len(outside) > 0 {
					t.Errorf("%s: a file outside", join)
				}
			}
		})
	}
}
