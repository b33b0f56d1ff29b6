package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// link is one stage of a chain: a command with the arguments of one of its
// cases, and the files they need.
type link struct {
	name string
	c    *testCase
}

// nobody is a server that cases name where nobody must be asked: a chain would ask,
// and wait for as long as lookups are tried again.
const nobody = "127.0.0.1:1"

// TestChains runs random chains twice, as processes in a shell pipe and fused
// with then: output, dumps, files and exit code have to be the same.
func TestChains(t *testing.T) {
	heads, middles := map[string][]link{}, []link{}
	for _, spec := range commands {
		family, _, _ := strings.Cut(spec.Name, "-")
		files, _ := filepath.Glob("../../testdata/" + spec.Name + "/*.txtar")
		for _, file := range files {
			c, err := readCase(file)
			if err != nil {
				t.Fatal(err)
			}
			if c.want["exit"] != "0" && c.want["exit"] != "1" || slices.Contains(c.args, "then") || c.wantsServer() || c.errand() || slices.Contains(c.args, nobody) {
				continue
			}
			switch l := (link{spec.Name, c}); family {
			case "collect", "parse":
				heads[spec.Name] = append(heads[spec.Name], l)
			case "expert", "output":
				middles = append(middles, l)
			}
		}
	}
	if len(middles) < 10 {
		t.Fatal("there are too few cases to make chains of")
	}
	names := []string{""} // a chain may also begin with an expert
	for name := range heads {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 100 {
		var chain []link
		stdin := mixed(r)
		if name := names[r.IntN(len(names))]; name != "" {
			head := heads[name][r.IntN(len(heads[name]))]
			chain = append(chain, head)
			stdin = head.c.stdin
		}
		for range 2 + r.IntN(4) {
			chain = append(chain, middles[r.IntN(len(middles))])
		}
		if strings.HasPrefix(chain[0].name, "collect-") {
			// With an output at its end the fused one would be a source, which
			// gives up what has arrived.
			chain = append(chain, link{"expert-pass", new(testCase)})
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) { compare(t, chain, stdin) })
	}
}

// mixed is a stream of different events with bad lines in between.
func mixed(r *rand.Rand) string {
	var b strings.Builder
	types := []string{"scanner", "phishing", "c2-server", "nonsense", "spam"}
	for n := range 200 {
		switch r.IntN(20) {
		case 0:
			b.WriteString("{\"broken\":\n")
		case 1:
			b.WriteString("{\"comment\":\"M\xfcnchen\"}\n")
		default:
			fmt.Fprintf(&b, `{"source.ip":"192.0.2.%d","source.port":%d, "classification.type": "%s","source.url":"http://www%d.example.org:8%d/a","destination.fqdn":"example.org","feed.name":"F","raw":"eA==","extra.n":%d,"time.source":"2026-11-0%dT00:00:00+00:00","__type":"Event"}`+"\n",
				r.IntN(8), r.IntN(3), types[r.IntN(len(types))], r.IntN(3), r.IntN(99), n%7, 1+r.IntN(9))
		}
	}
	return b.String()
}

func compare(t *testing.T, chain []link, stdin string) {
	piped, fused := runChain(t, chain, stdin, true), runChain(t, chain, stdin, false)
	for name := range piped {
		if random := strings.HasSuffix(name, "/.id") || strings.HasSuffix(name, "/.id.lock"); !random && piped[name] != fused[name] {
			t.Errorf("%s differs\n piped: %.2000s\n fused: %.2000s\nstderr piped: %.500s\nstderr fused: %.500s", name, piped[name], fused[name], piped["stderr"], fused["stderr"])
		}
	}
	for name := range fused {
		if _, ok := piped[name]; !ok {
			t.Errorf("only the fused chain left %s: %.300s", name, fused[name])
		}
	}
}

// runChain returns all that a chain leaves behind, by name.
func runChain(t *testing.T, chain []link, stdin string, asPipe bool) map[string]string {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	for i, l := range chain {
		own := filepath.Join(dir, fmt.Sprint(i))
		for _, f := range l.c.files {
			path := filepath.Join(own, f.Name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		os.MkdirAll(own, 0o755)
		words := []string{l.name}
		for _, arg := range l.c.args {
			words = append(words, quote(strings.ReplaceAll(arg, "@DIR@", own)))
		}
		stages = append(stages, strings.Join(words, " "))
	}
	script := strings.Join(stages, " then ")
	if asPipe {
		script = strings.Join(stages, " | ")
		script = "set -o pipefail; " + script
	}
	// A function per command finds the test binary under the command's name.
	var prelude strings.Builder
	for _, spec := range specs {
		fmt.Fprintf(&prelude, "%s() { (exec -a %s %s \"$@\"); }\n", spec.Name, spec.Name, quote(self))
	}
	cmd := exec.Command("bash", "-c", prelude.String()+script)
	cmd.Env = append(environment(dir), "INTELPIPE_NOW=2026-11-05T12:00:00Z") // or the two chains see two seconds
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run()
	left := map[string]string{"stdout": stdout.String(), "stderr": "", "exit": fmt.Sprint(cmd.ProcessState.ExitCode())}
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch text := string(data); {
		case strings.HasSuffix(name, ".dump"):
			// Two stages of one command share a dump and write in any order.
			lines := strings.Split(dumpTime.ReplaceAllString(text, ""), "\n")
			slices.Sort(lines)
			left[name] = strings.Join(lines, "\n")
		case strings.HasPrefix(name, "state/"): // a store's own format, with times
			left[filepath.Dir(name)+" has state"] = "yes"
		case chosen.MatchString(name):
			left[filepath.Dir(name)+" holds "+observation.ReplaceAllString(strings.ReplaceAll(text, dir, "@DIR@"), "")] = "yes"
		default:
			left[name] = text
		}
		return nil
	})
	for name, text := range left {
		text = observation.ReplaceAllString(observed.ReplaceAllString(text, "$1"), "")
		left[name] = strings.ReplaceAll(text, dir, "@DIR@")
	}
	left["stderr"] = ""
	if t.Failed() {
		left["stderr"] = stderr.String()
	}
	return left
}

// chosen tells the names that output-files and output-spool give their files.
var (
	chosen      = regexp.MustCompile(`/[^/]+\.[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+[^/]*$|/[0-9]{20}-[0-9]+-[0-9a-f]{8}-[^/]*\.ndjson$`)
	observation = regexp.MustCompile(`"(time\.)?observation": ?"[^"]*"`)
)

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
