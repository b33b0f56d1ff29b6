package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"golang.org/x/tools/txtar"

	"github.com/intelpipe/intelpipe/internal/dev/cases"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// testCase is one file testdata/COMMAND/CASE.txtar: a sentence, and sections with
// what goes in and what comes out, raw as text; see package cases.
type testCase struct {
	file    string
	archive *txtar.Archive
	args    []string
	stdin   string
	files   []txtar.File
	http    string            // answers of a server, see serve
	lists   string            // of a Redis server, see redis
	topics  string            // of a Kafka broker, see kafka
	want    map[string]string // stdout, stderr, dump, exit, and files left behind, as far as given
}

// TestCases runs every case in process, as a process, and fused between two
// stages that change nothing. All have to agree with what the case says. With
// INTELPIPE_UPDATE=COMMAND it makes the cases of COMMAND say what came out.
func TestCases(t *testing.T) {
	for _, spec := range commands {
		t.Run(spec.Name, func(t *testing.T) {
			files, err := filepath.Glob("../../testdata/" + spec.Name + "/*.txtar")
			if err != nil {
				t.Fatal(err)
			}
			if len(files) == 0 {
				t.Errorf("%s has no case in testdata/%s", spec.Name, spec.Name)
			}
			for _, file := range files {
				c, err := readCase(file)
				if err != nil {
					t.Errorf("%s: %v", file, err)
					continue
				}
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { c.run(t, spec) })
			}
		})
	}
}

func readCase(file string) (*testCase, error) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return nil, err
	}
	c := &testCase{file: file, archive: archive, want: map[string]string{"exit": "0"}}
	if strings.TrimSpace(string(archive.Comment)) == "" {
		return nil, fmt.Errorf("it has to begin with a sentence")
	}
	for _, f := range archive.Files {
		switch text := string(f.Data); f.Name {
		case "args":
			if c.args, err = words(text); err != nil {
				return nil, err
			}
		case "stdin":
			c.stdin = cases.Unreadable(text)
		case "report":
			c.stdin = cases.Report(text)
		case "stdin.quoted": // for bytes that a text file cannot hold
			if c.stdin, err = strconv.Unquote(strings.TrimSpace(text)); err != nil {
				return nil, err
			}
		case "stdout", "stderr", "dump":
			c.want[f.Name] = cases.Readable(cases.Unreadable(text))
		case "http":
			c.http = text
		case "redis":
			c.lists = text
		case "kafka":
			c.topics = text
		case "exit":
			c.want["exit"] = strings.TrimSpace(text)
		default:
			if name, ok := strings.CutPrefix(f.Name, "after/"); ok {
				c.want["after/"+name] = cases.Readable(cases.Unreadable(text))
			} else if name, ok := strings.CutSuffix(f.Name, ".base64"); ok { // a file that is no text
				data, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", f.Name, err)
				}
				c.files = append(c.files, txtar.File{Name: name, Data: data})
			} else {
				c.files = append(c.files, txtar.File{Name: f.Name, Data: []byte(cases.Unreadable(text))})
			}
		}
	}
	for _, name := range []string{"stdout", "dump"} {
		if _, ok := c.want[name]; !ok {
			c.want[name] = ""
		}
	}
	return c, nil
}

// words splits like a shell, as far as cases need it.
func words(text string) ([]string, error) {
	var list []string
	var word strings.Builder
	var quote rune
	open := false
	for _, r := range strings.TrimSpace(text) {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ' || r == '\n' || r == '\t':
			if open {
				list = append(list, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("args: unbalanced %c", quote)
	}
	if open {
		list = append(list, word.String())
	}
	return list, nil
}

// errand reports whether the case is of parse-csv --guess or expert-sieve --check, which
// take no part in a chain.
func (c *testCase) errand() bool {
	return slices.ContainsFunc(c.args, func(arg string) bool { return strings.HasPrefix(arg, "--guess") || arg == "--check" })
}

func (c *testCase) run(t *testing.T, spec tool.Spec) {
	cmd := spec.New()
	_, isRunner := cmd.(stage.Runner)
	_, isCollector := cmd.(stage.Collector)
	family, _, _ := strings.Cut(spec.Name, "-")
	isStage := !isRunner && family != spec.Name

	type way struct {
		name string
		run  func(dir string, line []string, stdin string) result
	}
	ways := []way{
		{"in process", func(dir string, line []string, stdin string) result {
			return inProcess(dir, line, strings.NewReader(stdin))
		}},
		{"a process", func(dir string, line []string, stdin string) result {
			return asProcess(t, dir, line, strings.NewReader(stdin))
		}},
	}
	if isStage && !slices.Contains(c.args, "then") && !slices.Contains(c.args, "--dry-run") && !c.errand() { // which are for the last one, and one alone
		ways = append(ways, way{"fused", func(dir string, line []string, stdin string) result {
			if family == "expert" || family == "output" && !isCollector {
				line = append([]string{"expert-pass", "--record-limit", "1GiB", "then"}, line...)
			}
			if c.want["exit"] != "2" {
				line = append(line, "then", "expert-pass")
			}
			return inProcess(dir, line, strings.NewReader(stdin))
		}})
	}
	for _, way := range ways {
		got := c.try(t, spec.Name, way.run)
		if os.Getenv("INTELPIPE_UPDATE") == spec.Name {
			c.update(t, got)
			return
		}
		for name, want := range c.want {
			if way.name == "fused" && name == "stderr" {
				continue // the stage before may have named the line
			}
			if name == "stderr" && told(want) == want {
				got[name] = told(got[name]) // the line that sums up is tested where a case has it
			}
			if got[name] != want {
				t.Errorf("%s: %s is not what the case says (- what it says, + what came out):\n%sstderr: %s", way.name, name, diff(want, got[name]), got["stderr"])
			}
		}
	}
}

// try runs the case in a directory of its own and returns what came out.
func (c *testCase) try(t *testing.T, name string, run func(string, []string, string) result) map[string]string {
	dir := t.TempDir()
	for _, f := range c.files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(f.Data), "@DIR@", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	server := ""
	if c.http != "" {
		server = serve(t, c.http)
	}
	redis, kafka := c.redis(t), c.kafka(t)
	line := []string{name}
	for _, arg := range c.args {
		line = append(line, strings.NewReplacer("@DIR@", dir, "@HTTP@", server, "@REDIS@", redis, "@KAFKA@", kafka).Replace(arg))
	}
	begun := time.Now().UTC().Truncate(time.Second)
	r := run(dir, line, strings.ReplaceAll(c.stdin, "@HTTP@", server))
	got := map[string]string{"stdout": r.stdout, "stderr": r.stderr, "exit": strconv.Itoa(r.exit), "dump": ""}
	if dump, err := os.ReadFile(filepath.Join(dir, "state", name+".dump")); err == nil {
		got["dump"] = dumpTime.ReplaceAllString(string(dump), "")
	}
	for want := range c.want {
		if file, ok := strings.CutPrefix(want, "after/"); ok {
			if data, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
				got[want] = string(data)
			} else {
				got[want] = "absent\n"
			}
		}
	}
	for key, text := range got {
		text = observed.ReplaceAllStringFunc(text, func(s string) string {
			parts := observed.FindStringSubmatch(s)
			if at, err := time.Parse("2006-01-02T15:04:05+00:00", parts[2]); err == nil && !at.Before(begun) && !at.After(time.Now()) {
				return parts[1] + "NOW"
			}
			return s
		})
		if kafka != "" {
			text = strings.ReplaceAll(text, kafka, "@KAFKA@")
		}
		if text = strings.ReplaceAll(text, dir, "@DIR@"); server != "" {
			text = strings.ReplaceAll(text, server, "@HTTP@")
		}
		got[key] = cases.Readable(text)
	}
	return got
}

// serve answers as the section http of a case says: lines "GET PATH STATUS",
// each with the body behind it. It returns the address of the server.
func serve(t *testing.T, answers string) string {
	type answer struct {
		status int
		body   string
	}
	known := map[string]*answer{}
	var last *answer
	for line := range strings.Lines(answers) {
		var method, path string
		a := &answer{}
		if n, _ := fmt.Sscanf(line, "%s %s %d", &method, &path, &a.status); n == 3 && (method == "GET" || method == "POST") {
			last = a
			known[method+" "+path] = a
		} else if last != nil {
			last.body += line
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := known[r.Method+" "+r.URL.RequestURI()]
		if a == nil {
			t.Errorf("unexpected %s of %s", r.Method, r.URL)
			a = &answer{status: 500}
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// redis is the port of a Redis server, started for a case that wants one. The
// section redis has lines "LIST TEXT" with what is pushed in database 2.
func (c *testCase) redis(t *testing.T) string {
	if !c.wantsRedis() {
		return ""
	}
	server := miniredis.RunT(t)
	for line := range strings.Lines(c.lists) {
		list, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if _, err := server.DB(2).Lpush(list, text); err != nil {
			t.Fatal(err)
		}
	}
	return server.Port()
}

// wantsServer says that the case asks somebody.
func (c *testCase) wantsServer() bool { return c.http != "" || c.wantsRedis() || c.wantsKafka() }

func (c *testCase) wantsRedis() bool { return slices.Contains(c.args, "@REDIS@") }

var (
	// What differs from run to run, or with the directory, of an entry of a dump.
	dumpTime = regexp.MustCompile(`"(?:id|time|source)":"[^"]*",|"window":\d+,`)
	observed = regexp.MustCompile(`(time\.observation\\*":\s*\\*")([-0-9T:+]*)`)
)

// update writes what came out into the case.
func (c *testCase) update(t *testing.T, got map[string]string) {
	for name, text := range got {
		given := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == name })
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		switch {
		case given >= 0:
			c.archive.Files[given].Data = []byte(text)
		case name == "exit" && text != "0\n", name == "stdout" && text != "", name == "dump" && text != "":
			c.archive.Files = append(c.archive.Files, txtar.File{Name: name, Data: []byte(text)})
		}
	}
	if err := os.WriteFile(c.file, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
