package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/client/kafka/kafkatest"
	"github.com/intelpipe/intelpipe/internal/manual"
)

// links makes a directory like the one that make fills: a link to this program
// under the name of each command, and as intelpipe.
func links(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names(), "intelpipe", "intelpipe-full") {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func names() []string {
	var all []string
	for _, spec := range commands {
		all = append(all, spec.Name)
	}
	return all
}

// shell runs a script with bash in dir, with the commands in dir/bin.
func shell(t *testing.T, dir, script string, env ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(append(environment(dir), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH")), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// TestReadme runs the blocks of the README one after the other in one shell.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	links(t, filepath.Join(dir, "bin"))
	const mark = "\x1e"
	var blocks []string
	for i, part := range strings.Split(string(text), "\n```sh\n") {
		if block, _, ok := strings.Cut(part, "\n```"); i > 0 && ok {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) < 6 {
		t.Fatalf("%d blocks", len(blocks))
	}
	// The shell finds the commands only by what the first block says.
	script := "set -e; PATH=" + quote(os.Getenv("PATH")) + "\n" + strings.Join(blocks, "\nprintf '"+mark+"'\n")
	r := shell(t, dir, script)
	if r.exit != 0 {
		t.Fatalf("exit code %d\n%s\n%s", r.exit, r.stdout, r.stderr)
	}
	said := map[string]string{} // the output of a block, by how the block begins
	for i, out := range strings.Split(r.stdout, mark) {
		said[blocks[i]] = out
	}
	find := func(word string) string {
		i := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, word) })
		if i < 0 {
			t.Fatalf("no block has %q", word)
		}
		return said[blocks[i]]
	}
	for _, want := range []struct{ block, text string }{
		{"parse-blocklistde --name", `"feed.name":"SSH attacks"`},
		{"parse-blocklistde --name", `"source.ip":"198.51.100.7"`},
		{"parse-blocklistde --name", `"raw":"MTkyLjAuMi40"`},
		{"localhost", "exit code 1\n"},
		{"localhost", `not a valid IPAddress: "localhost"`}, // by dump list
		{"localhost", `"source.ip":"127.0.0.1"`},            // once it has been mended
		{"wc -l", "1\n"},                                    // the other address belongs to no known network
		{"collect-spool", `"source.ip": "192.0.2.4"`},
		{"collect-spool", `"source.ip": "198.51.100.7"`},
	} {
		if got := find(want.block); !strings.Contains(got, want.text) {
			t.Errorf("%q is not in the output of the block with %q:\n%s", want.text, want.block, got)
		}
	}
	if n := strings.Count(find("parse-blocklistde --name"), "\n"); n != 2 {
		t.Errorf("two lines gave %d events", n)
	}
	// The fused chain has the bytes of the pipe, but for the accuracy that
	// the block with the pipe removes as well.
	piped, fused := find("--keys raw,feed.accuracy"), find("intelpipe parse-blocklistde then")
	fused = strings.ReplaceAll(fused, `"feed.accuracy":100.0,`, "")
	if observed.ReplaceAllString(piped, "$1") != observed.ReplaceAllString(fused, "$1") || piped == "" {
		t.Errorf("piped %q\nfused %q", piped, fused)
	}
	want := "parse-blocklistde: ssh.txt:2: column ip: source.ip: not a valid IPAddress: \"localhost\"\n" +
		"parse-blocklistde: read 2, passed 1, failed 1 (kept: dump list parse-blocklistde)\n"
	if r.stderr != want {
		t.Errorf("stderr %q, want %q", r.stderr, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "state", "*.dump")); len(left) > 0 {
		t.Errorf("the README leaves %v behind", left)
	}
}

// examples returns the indented lines of the section Examples of a manual.
func examples(doc string) []string {
	_, section, _ := strings.Cut(doc, "# Examples\n")
	section, _, _ = strings.Cut(section, "\n# ")
	var commands []string
	for line := range strings.Lines(section) {
		if text, ok := strings.CutPrefix(line, "\t"); ok {
			commands = append(commands, strings.TrimSuffix(text, "\n"))
		}
	}
	return commands
}

// TestExamples runs the examples of every manual, as a user would who copies
// them into a shell one after the other, without a network. What talks to Redis or
// Kafka finds a server where the environment says.
func TestExamples(t *testing.T) {
	t.Parallel()
	redis, kafka := miniredis.RunT(t), kafkatest.Start(t)
	kafka.Topic("feeds", 1, nil)
	kafka.Topic("events", 1, nil)
	for _, spec := range commands {
		t.Run(spec.Name, func(t *testing.T) {
			commands := examples(spec.Page().Doc)
			if !strings.Contains(strings.Join(commands, "\n"), spec.Name) {
				t.Errorf("the section Examples of the package comment shows no %s: %q", spec.Name, commands)
			}
			dir := t.TempDir()
			links(t, filepath.Join(dir, "bin"))
			redis.FlushAll()
			r := shell(t, dir, "set -e -o pipefail\n"+strings.Join(commands, "\n"), "INTELPIPE_REDIS_SERVER_PORT="+redis.Port(), "INTELPIPE_BOOTSTRAP_SERVERS="+kafka.Addr())
			if r.exit != 0 {
				t.Errorf("%q: %+v", commands, r)
			}
			if strings.Contains(r.stderr, "usage") || strings.Contains(r.stderr, "--help") {
				t.Errorf("the examples are called wrongly: %s", r.stderr)
			}
		})
	}
}

// TestHelpFitsAScreen holds the help of every command to 80 columns and to what
// a person takes in at once: its own flags and two examples.
func TestHelpFitsAScreen(t *testing.T) {
	for _, spec := range commands {
		t.Run(spec.Name, func(t *testing.T) {
			for _, flag := range []string{"--help", "--help-all"} {
				r := inProcess(t.TempDir(), []string{spec.Name, flag}, strings.NewReader(""))
				for line := range strings.Lines(r.stdout) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
						t.Errorf("%s: %d columns: %s", flag, n, line)
					}
				}
				if n := strings.Count(r.stdout, "\n"); flag == "--help" && n > 50 {
					t.Errorf("%d lines:\n%s", n, r.stdout)
				}
			}
			r := inProcess(t.TempDir(), []string{spec.Name, "--help"}, strings.NewReader(""))
			_, shown, _ := strings.Cut(r.stdout, "\nExamples:\n")
			if strings.Count(shown, spec.Name) < 2 || strings.Contains(r.stdout, "--record-limit") {
				t.Errorf("not two examples, or flags that are not its own:\n%s", r.stdout)
			}
		})
	}
}

// TestManPages lets the formatters of man pages look for mistakes, each over all
// pages at once.
func TestManPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../man/*.[157]")
	if err != nil || len(pages) < len(tools) {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text := read(".", page)
		parts := []string{"NAME", "DESCRIPTION", "SEE ALSO"}
		if strings.HasSuffix(page, ".1") {
			parts = append(parts, "SYNOPSIS", "EXAMPLES", "EXIT STATUS")
		}
		for _, part := range parts {
			if !strings.Contains(text, "\n.SH "+part+"\n") {
				t.Errorf("%s has no %s", page, part)
			}
		}
		if !regexp.MustCompile(`(?m)^\.TH [A-Z0-9-]+ [157] ` + manual.Released + ` intelpipe `).MatchString(text) {
			t.Errorf("%s: its head has no date of the release, %s", page, manual.Released)
		}
	}
	for _, program := range [][]string{
		{"mandoc", "-T", "lint", "-W", "warning"},
		{"groff", "-man", "-K", "utf8", "-T", "utf8", "-ww", "-z"},
	} {
		if _, err := exec.LookPath(program[0]); err != nil {
			t.Skipf("left out: %s not found, apt-get install man-db mandoc", program[0])
		}
		if out, err := exec.Command(program[0], append(program[1:], pages...)...).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", program[0], err, out)
		}
	}
}
