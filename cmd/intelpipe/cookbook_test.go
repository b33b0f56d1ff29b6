package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// A recipe is one section of intelpipe-cookbook(7): the blocks to be pasted into a
// shell, and after some of them what they print.
type recipe struct {
	title  string
	blocks []block
}

type block struct {
	commands string
	prints   string
	said     bool // whether the page says what it prints
}

// readCookbook takes the page apart. A block stands between .EX and .EE; one
// behind a paragraph that ends with "It prints" is the output of the block before.
func readCookbook(t *testing.T) []recipe {
	t.Helper()
	text, err := os.ReadFile("../../man/intelpipe-cookbook.7")
	if err != nil {
		t.Fatal(err)
	}
	var recipes []recipe
	var code *strings.Builder
	before := ""
	for line := range strings.Lines(string(text)) {
		title, isTitle := strings.CutPrefix(line, ".SS ")
		switch {
		case isTitle:
			recipes = append(recipes, recipe{title: strings.TrimSpace(title)})
		case line == ".EX\n":
			code = new(strings.Builder)
		case line == ".EE\n" && len(recipes) > 0:
			last := &recipes[len(recipes)-1]
			if n := len(last.blocks); before == "It prints\n" && n > 0 {
				last.blocks[n-1].prints, last.blocks[n-1].said = code.String(), true
			} else {
				last.blocks = append(last.blocks, block{commands: code.String()})
			}
			code = nil
		case code != nil:
			code.WriteString(typed.Replace(line))
		case line != ".PP\n":
			before = line
		}
	}
	return recipes
}

// typed is what roff's escapes stand for.
var typed = strings.NewReplacer(`\-`, "-", `\e`, `\`, `\(aq`, "'", `\(ti`, "~", `\(ha`, "^", `\(ga`, "`", `\&`, "")

// TestCookbook does each job of intelpipe-cookbook(7) in a directory of its own, as
// somebody does who pastes one block after the other into a shell.
func TestCookbook(t *testing.T) {
	t.Parallel()
	recipes := readCookbook(t)
	if len(recipes) < 12 {
		t.Errorf("only %d recipes were found", len(recipes))
	}
	feeds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/list.json" && r.Header.Get("Auth-Key") == "k3y-of-mine" {
			io.WriteString(w, listedInCookbook)
			return
		}
		if r.URL.Path != "/ssh.txt" {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "ssh.txt", time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC), strings.NewReader("192.0.2.4\n198.51.100.7\n"))
	}))
	defer feeds.Close()
	for _, j := range recipes {
		t.Run(j.title, func(t *testing.T) {
			dir := t.TempDir()
			if j.title == "Write a parser" {
				if testing.Short() {
					t.Skip("left out: it builds a copy of the source")
				}
				copyTree(t, dir)
			}
			links(t, filepath.Join(dir, "bin"))
			fakeSystemctl(t, dir)
			redis := miniredis.RunT(t)
			place := strings.NewReplacer(
				"https://feeds.example.org", feeds.URL,
				"/etc/intelpipe", filepath.Join(dir, "etc"),
				"/var/lib/intelpipe", filepath.Join(dir, "state"),
			)
			const mark = "\x1e"
			var script strings.Builder
			for _, b := range j.blocks {
				script.WriteString(place.Replace(b.commands) + "printf '" + mark + "'\n")
			}
			// A loop of the page that waits for something would wait for ever.
			r := shell(t, dir, "exec timeout 300 bash -c "+quote("set -e\nexec 2>&1\n"+script.String()), standstill, "GOFLAGS=-trimpath", "GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "INTELPIPE_REDIS_SERVER_PORT="+redis.Port())
			if r.exit != 0 {
				t.Fatalf("exit code %d\n%s", r.exit, r.stdout)
			}
			outputs := strings.Split(r.stdout, mark)
			for i, b := range j.blocks {
				outputs[i] = dumpID.ReplaceAllString(outputs[i], "  c702906bd73db5f9  ") // it is random
				if b.said && outputs[i] != b.prints {
					t.Errorf("block %d prints something else than the page says:\n%s", i+1, diff(b.prints, outputs[i]))
				} else if !b.said && outputs[i] != "" && !strings.Contains(b.commands, "make ") {
					t.Errorf("block %d prints something of which the page says nothing:\n%s", i+1, outputs[i])
				}
			}
		})
	}
}

// listedInCookbook is the answer of a service that wants a key.
const listedInCookbook = `{"count": 2, "data": [
  {"host": "192.0.2.4", "what": "ssh-login", "last": 1795082400},
  {"host": "bad.example.org", "what": "phish", "last": 1795086000}]}
`

// fakeSystemctl puts a systemctl into dir/bin that starts a unit as systemd would: it
// runs what the unit's lines say, in the state directory.
func fakeSystemctl(t *testing.T, dir string) {
	t.Helper()
	for _, sub := range []string{"etc", "state", "units"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{collectUnit, pipelineUnit} {
		var script strings.Builder
		for _, key := range []string{"ExecStartPre", "ExecStart"} {
			for _, line := range setting(readScript(t, "systemd/"+name), key) {
				script.WriteString(strings.NewReplacer(
					"%i", "\"$1\"", "%S/intelpipe", filepath.Join(dir, "state"), "$$", "$",
					"/etc/intelpipe", filepath.Join(dir, "etc"), "/usr/local/bin", filepath.Join(dir, "bin"), " --follow", "",
				).Replace(line) + " </dev/null\n")
			}
		}
		write(t, dir, "units/"+name, "set -e\ncd "+quote(filepath.Join(dir, "state"))+"\n"+script.String())
	}
	write(t, dir, "bin/systemctl", `#!/bin/bash
case "$1 $2" in
"enable --now") test -e `+quote(mustAbs(t, "../../scripts/systemd"))+`/"${3/@*./@.}" ;;
start\ *@*.service)
	instance=${2#*@}
	exec bash `+quote(filepath.Join(dir, "units"))+`/"${2/@*./@.}" "${instance%.service}" ;;
*) exit 2 ;;
esac
`)
	if err := os.Chmod(filepath.Join(dir, "bin/systemctl"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// goEnv is a setting of the go command. A test that gives a process another home
// directory keeps the caches where they are.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// dumpID is the id of an entry in what dump list prints.
var dumpID = regexp.MustCompile(`  [a-f][0-9a-f]{15}  `)
