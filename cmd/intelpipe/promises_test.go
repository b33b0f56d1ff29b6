package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// subject is a command set up the way its first good case has it.
type subject struct {
	spec   tool.Spec
	family string // collect, parse, expert, output, or the name of what is no stage
	dir    string
	args   []string
	stdin  string
}

func (s *subject) line(more ...string) []string {
	return append(append([]string{s.spec.Name}, s.args...), more...)
}

// forAll runs a test for every command that is wanted.
func forAll(t *testing.T, families []string, test func(t *testing.T, s *subject)) {
	for _, spec := range commands {
		family, _, _ := strings.Cut(spec.Name, "-")
		if _, ok := spec.New().(stage.Runner); ok {
			family = spec.Name
		}
		if _, ok := spec.New().(stage.Streaming); ok {
			family = keeper
		}
		if len(families) > 0 && !slices.Contains(families, family) {
			continue
		}
		if _, ok := spec.New().(stage.Receiver); ok {
			if _, prints := spec.New().(stage.Collector); !prints {
				continue // a server, which does not end by itself
			}
		}
		t.Run(spec.Name, func(t *testing.T) {
			files, _ := filepath.Glob("../../testdata/" + spec.Name + "/*.txtar")
			for _, file := range files {
				c, err := readCase(file)
				if err != nil || c.want["exit"] != "0" || slices.Contains(c.args, "then") {
					continue
				}
				s := &subject{spec: spec, family: family, dir: t.TempDir(), stdin: c.stdin}
				for _, f := range c.files {
					path := filepath.Join(s.dir, f.Name)
					os.MkdirAll(filepath.Dir(path), 0o755)
					if err := os.WriteFile(path, f.Data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				server := ""
				if c.http != "" {
					server = serve(t, c.http)
				}
				redis, kafka := c.redis(t), c.kafka(t)
				for _, arg := range c.args {
					s.args = append(s.args, strings.NewReplacer("@DIR@", s.dir, "@HTTP@", server, "@REDIS@", redis, "@KAFKA@", kafka).Replace(arg))
				}
				test(t, s)
				return
			}
			t.Fatalf("%s has no case that ends with exit code 0", spec.Name)
		})
	}
}

// keeper is the family of outputs that take reports, and no events.
const keeper = "output of reports"

var filters = []string{"parse", "expert", "output", keeper}

func TestEmptyInputGivesEmptyOutput(t *testing.T) {
	forAll(t, filters, func(t *testing.T, s *subject) {
		if r := asProcess(t, s.dir, s.line(), strings.NewReader("")); r.stdout != "" || r.stderr != "" || r.exit != 0 {
			t.Errorf("%+v", r)
		}
	})
}

func TestHelpAndVersion(t *testing.T) {
	forAll(t, nil, func(t *testing.T, s *subject) {
		for _, flag := range []string{"--help", "-h", "--version"} {
			r := asProcess(t, s.dir, []string{s.spec.Name, flag}, strings.NewReader(""))
			if !strings.Contains(r.stdout, s.spec.Name) || r.stderr != "" || r.exit != 0 {
				t.Errorf("%s: %+v", flag, r)
			}
		}
	})
}

var oneLine = regexp.MustCompile(`^[a-z0-9-]+: [^A-Z\n][^\n]*\n$`)

func TestUsageErrors(t *testing.T) {
	forAll(t, nil, func(t *testing.T, s *subject) {
		r := asProcess(t, s.dir, append([]string{s.spec.Name, "--no-such-flag"}, s.args...), strings.NewReader("{}\n"))
		if r.stdout != "" || r.exit != tool.ExitUsage {
			t.Errorf("%+v", r)
		}
		for line := range strings.Lines(r.stderr) {
			if !oneLine.MatchString(line) || !strings.HasPrefix(line, s.spec.Name+": ") {
				t.Errorf("stderr has %q", line)
			}
		}
		if !strings.Contains(r.stderr, "no-such-flag") {
			t.Errorf("stderr does not name the flag: %q", r.stderr)
		}
	})
}

// lookedUp is what experts that ask somebody add to their last line.
var lookedUp = regexp.MustCompile(`\)(; [a-z]+: asked [^;\n]*)+`)

// TestBadLinesCostThemselves puts good lines around every kind of bad one.
func TestBadLinesCostThemselves(t *testing.T) {
	good := `{"source.ip":"192.0.2.1","classification.type":"scanner","time.source":"2024-05-01T12:00:00+00:00","extra.n":%d}`
	for name, bad := range map[string]string{
		"truncated":         `{"source.ip":"192.0.2.`,
		"NUL":               "{\"comment\":\"a\x00b\"}",
		"Latin-1":           "{\"comment\":\"M\xfcnchen\"}",
		"no object":         `["x"]`,
		"foreign type":      `{"__type":"Message"}`,
		"control and more":  `{"__type":"Checkpoint","id":"x","source.ip":"192.0.2.1"}`,
		"lone surrogate":    `{"comment":"\ud800"}`,
		"two in one line":   `{"comment":"a"}{"comment":"b"}`,
		"terminal escapes":  "\x1b]0;owned\x07",
		"a million in deep": `{"extra.x":` + strings.Repeat("[", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			forAll(t, []string{"expert", "output"}, func(t *testing.T, s *subject) {
				args := s.line()
				if s.family == "output" {
					args = append(args, "--pass")
				}
				lines := func(middle string, end string) string {
					return fmt.Sprintf(good+"\n", 1) + middle + fmt.Sprintf(good, 2) + end
				}
				without := asProcess(t, t.TempDir(), args, strings.NewReader(lines("", "\n")))
				for file := range strings.SplitSeq("seen state", " ") {
					os.RemoveAll(filepath.Join(s.dir, file))
				}
				dir := s.dir
				r := asProcess(t, dir, args, strings.NewReader(lines(bad+"\n", "")))
				if r.exit != tool.ExitFailed || r.stdout != without.stdout {
					t.Errorf("exit %d, stdout %.300q, want %.300q", r.exit, r.stdout, without.stdout)
				}
				last := s.spec.Name + ": read 3, passed 2, failed 1 (kept: dump list " + s.spec.Name + ")\n"
				if s.family == "output" {
					last = strings.Replace(last, "passed", "written", 1)
				}
				said := strings.Replace(lookedUp.ReplaceAllString(r.stderr, ")"), "passed 0, dropped 2", "passed 2", 1) // stdout says that it is the same
				first, ok := strings.CutSuffix(said, last)
				if strings.Count(first, "\n") != 1 || !ok || !strings.HasPrefix(first, s.spec.Name+": stdin:2") || !printable(first) {
					t.Errorf("stderr %.300q", r.stderr)
				}
				dump, err := os.ReadFile(filepath.Join(dir, "state", s.spec.Name+".dump"))
				if err != nil || bytes.Count(dump, []byte("\n")) != 1 {
					t.Errorf("dump %.300q, %v", dump, err)
				}
			})
		})
	}
}

func printable(s string) bool {
	return strings.IndexFunc(strings.TrimSuffix(s, "\n"), func(r rune) bool { return r < 0x20 || r == 0x7f }) < 0
}

func TestUnwritableDumpBreaksTheStream(t *testing.T) {
	forAll(t, []string{"expert", "output"}, func(t *testing.T, s *subject) {
		if err := os.WriteFile(filepath.Join(s.dir, "state"), nil, 0o644); err != nil { // a file where a directory has to be
			t.Skipf("the case keeps files in its state directory: %v", err)
		}
		r := asProcess(t, s.dir, s.line(), strings.NewReader("{\n"))
		if r.exit != tool.ExitBroken || !strings.Contains(r.stderr, s.spec.Name+".dump") && !strings.Contains(r.stderr, "state") {
			t.Errorf("%+v", r)
		}
	})
}

func TestControlLinesPassInPlace(t *testing.T) {
	control := func(kind, id string) string { return `{"__type":"` + kind + `","id":"` + id + "\"}\n" }
	event := func(n int) string { return fmt.Sprintf(`{"comment":"x","extra.n":%d}`+"\n", n) }
	in := control("Commit", "S:0:n") + event(1) + event(2) + control("Checkpoint", "S:1:n") + event(3) +
		control("Checkpoint", "S:2:n") + control("Commit", "S:1:n") + control("Commit", "S:2:n")
	only := func(text string) string {
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if strings.Contains(line, `"S:`) {
				kept.WriteString(line)
			}
		}
		return kept.String()
	}
	forAll(t, []string{"expert", "output"}, func(t *testing.T, s *subject) {
		r := asProcess(t, s.dir, s.line(), strings.NewReader(in))
		if r.exit != 0 || only(r.stdout) != only(in) {
			t.Errorf("%+v", r)
		}
		if s.family == "output" && r.stdout != only(in) {
			t.Errorf("an output passed events on: %q", r.stdout)
		}
		if s.family == "expert" { // no event crosses a control line
			fused := inProcess(s.dir, s.line("then", "expert-pass"), strings.NewReader(in))
			piped := asProcess(t, t.TempDir(), []string{"expert-pass"}, strings.NewReader(r.stdout))
			if only(fused.stdout) != only(in) || piped.stdout != r.stdout {
				t.Errorf("fused %q, piped %q", fused.stdout, piped.stdout)
			}
		}
		// Without the last Commit the stream is broken.
		r = asProcess(t, s.dir, s.line(), strings.NewReader(control("Commit", "T:0:n")+event(4)+control("Checkpoint", "T:1:n")))
		if r.exit != tool.ExitBroken {
			t.Errorf("uncommitted: %+v", r)
		}
	})
	forAll(t, []string{"parse"}, func(t *testing.T, s *subject) {
		r := asProcess(t, s.dir, s.line("--input", "report"), strings.NewReader(control("Commit", "S:0:n")+control("Checkpoint", "S:1:n")+control("Commit", "S:1:n")))
		if r.exit != 0 || strings.Count(r.stdout, "\n") != 3 || r.stdout != only(r.stdout) {
			t.Errorf("%+v", r)
		}
	})
}

// TestEnvironmentChangesNoByte compares runs in different surroundings.
func TestEnvironmentChangesNoByte(t *testing.T) {
	forAll(t, append([]string{"collect"}, filters...), func(t *testing.T, s *subject) {
		variants := [][]string{
			nil, {"TZ=Asia/Kolkata"}, {"TZ=America/St_Johns", "LANG=tr_TR.UTF-8", "LC_ALL=C"},
			{"GOMAXPROCS=1", "GOGC=off"}, {"HOME=/nonexistent", "TERM=dumb", "COLUMNS=20", "NO_COLOR=1"},
		}
		var first string
		for i, env := range variants {
			cmd := command(t, s.dir, s.line()...)
			cmd.Env = append(cmd.Env, env...)
			cmd.Env = append(cmd.Env, "STATE_DIRECTORY="+t.TempDir())
			cmd.Stdin = strings.NewReader(s.stdin)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %v", env, err)
			}
			text := observed.ReplaceAllString(string(out), "$1")
			if i == 0 {
				first = text
			} else if text != first && !strings.Contains(strings.Join(s.args, " "), s.dir) {
				t.Errorf("%v: %q, want %q", env, text, first)
			}
		}
	})
}

// endless is input that never ends, each message different from the others.
func endless(s *subject, w io.Writer) error {
	for n := 0; ; n++ {
		text := s.stdin
		if s.family == keeper {
			text = fmt.Sprintf(`{"feed.name":"a","extra.n":%d,"__type":"Report","raw":"eA=="}`+"\n", n)
		} else if s.family != "parse" && s.spec.Name != "expert-domain-valid" { // which passes nothing without a domain
			text = fmt.Sprintf(`{"source.ip":"198.51.100.%d","source.port":%d,"classification.type":"scanner","extra.n":%d}`+"\n", n%256, n%65536, n)
		} else if text == "" {
			return fmt.Errorf("no input")
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
}

// endlessReports are parsers whose report may be repeated without an end. The others
// stand on the same frame.
var endlessReports = []string{"parse-blocklistde", "parse-csv", "parse-json", "parse-key-value"}

func TestClosedStdoutEndsQuietly(t *testing.T) {
	t.Parallel()
	forAll(t, filters, func(t *testing.T, s *subject) {
		if s.family == "parse" && !slices.Contains(endlessReports, s.spec.Name) {
			return
		}
		args := s.line()
		switch s.family {
		case "output", keeper:
			args = append(args, "--pass")
		case "parse":
			if len(s.stdin) == 0 {
				t.Fatal("the first case has no input")
			}
		}
		cmd := command(t, s.dir, args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		fed := make(chan error, 1)
		go func() { fed <- endless(s, in) }()
		if _, err := bufio.NewReader(io.LimitReader(out, 1)).ReadByte(); err != nil {
			t.Errorf("no output at all: %v, %s", err, stderr.String())
		}
		out.Close()
		select {
		case <-fed: // the write failed, since nobody reads any longer
		case <-time.After(60 * time.Second):
			cmd.Process.Kill()
			t.Fatal("it still reads its input")
		}
		in.Close()
		err = cmd.Wait()
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if stderr.Len() > 0 || !(err == nil || status.Signaled() && status.Signal() == syscall.SIGPIPE) {
			t.Errorf("%v, stderr %q", err, stderr.String())
		}
	})
}

// TestNothingIsStuck sends one message and keeps the input open: it has to
// come out all the same.
func TestNothingIsStuck(t *testing.T) {
	t.Parallel()
	forAll(t, []string{"expert", "output"}, func(t *testing.T, s *subject) {
		args := s.line()
		if s.family == "output" {
			args = append(args, "--pass")
		}
		sample := inProcess(t.TempDir(), args, strings.NewReader(s.stdin))
		if sample.stdout == "" {
			t.Fatal("the first case has no output")
		}
		os.RemoveAll(filepath.Join(s.dir, "state"))
		cmd := command(t, t.TempDir(), args...)
		in, _ := cmd.StdinPipe()
		out, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer in.Close()
		if _, err := io.WriteString(in, s.stdin); err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(out).ReadString('\n')
			got <- line
		}()
		select {
		case line := <-got:
			if line == "" {
				t.Error("no line came out")
			}
		case <-time.After(60 * time.Second):
			t.Error("the first message is stuck")
			cmd.Process.Kill()
		}
	})
}

// TestFiltersReadOnAfterSIGTERM sends the signal while the input is open.
func TestFiltersReadOnAfterSIGTERM(t *testing.T) {
	forAll(t, []string{"expert"}, func(t *testing.T, s *subject) {
		cmd := command(t, s.dir, s.line("--grace", "60")...)
		in, _ := cmd.StdinPipe()
		var out bytes.Buffer
		cmd.Stdout = &out
		control := `{"__type":"Commit","id":"S:0:n"}` + "\n"
		ready := &notify{want: control, seen: make(chan struct{})}
		cmd.Stdout = io.MultiWriter(&out, ready)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		io.WriteString(in, control)
		<-ready.seen // it reads, so it is past its start
		cmd.Process.Signal(syscall.SIGTERM)
		io.WriteString(in, `{"__type":"Checkpoint","id":"S:1:n"}`+"\n"+`{"__type":"Commit","id":"S:1:n"}`+"\n")
		in.Close()
		if err := cmd.Wait(); err != nil || strings.Count(out.String(), "\n") != 3 {
			t.Errorf("%v, %q", err, out.String())
		}
	})
}

// notify closes seen when want has been written.
type notify struct {
	want string
	text string
	seen chan struct{}
}

func (n *notify) Write(p []byte) (int, error) {
	had := strings.Contains(n.text, n.want)
	n.text += string(p)
	if !had && strings.Contains(n.text, n.want) {
		close(n.seen)
	}
	return len(p), nil
}

// TestDryRun has all outputs say what they would send, and touch nothing.
func TestDryRun(t *testing.T) {
	const event = `{"source.ip":"192.0.2.1","feed.name":"a","__type":"Event"}` + "\n"
	forAll(t, []string{"output"}, func(t *testing.T, s *subject) {
		s.dir = filepath.Join(t.TempDir(), "nothing")
		r := inProcess(s.dir, s.line("--dry-run"), strings.NewReader(event))
		if r.exit != 0 || s.spec.Name != "output-blackhole" && !strings.Contains(r.stdout, "192.0.2.1") || r.stderr != "" {
			t.Errorf("%+v", r)
		}
		if _, err := os.Stat(s.dir); err == nil {
			t.Error("something was written")
		}
		// What fails is told, and not kept; what was not sent is not remembered.
		r = inProcess(s.dir, s.line("--dry-run", "--record-limit", "100KiB"), strings.NewReader(event+"nonsense\n"+`{"raw":"`+strings.Repeat("x", 1<<20)+"\"}\n"))
		if r.exit != 1 || strings.Count(r.stderr, "stdin:") != 2 || strings.Contains(r.stderr, "kept") {
			t.Errorf("what fails: %+v", r)
		}
		words := append([]string{"expert-deduplicator", "--state", filepath.Join(t.TempDir(), "seen"), "then"}, s.line("--dry-run")...)
		r = inProcess(s.dir, words, strings.NewReader(event))
		if again := inProcess(s.dir, words, strings.NewReader(event)); r.exit != 0 || again != r {
			t.Errorf("behind an expert: %+v, then %+v", r, again)
		}
		// In a stream of an unknown source nothing comes back.
		r = inProcess(s.dir, s.line("--dry-run"), strings.NewReader(`{"__type":"Commit","id":"S:0:n"}`+"\n"+event))
		if r.exit != 2 || r.stdout != "" || !strings.Contains(r.stderr, "--dry-run: not in a stream with control lines") {
			t.Errorf("control lines: %+v", r)
		}
		if s.spec.Name == "output-blackhole" {
			return
		}
		r = inProcess(s.dir, s.line("--dry-run", "--pass"), strings.NewReader(event))
		if r.exit != 2 || !strings.Contains(r.stderr, "--dry-run: not with --pass") {
			t.Errorf("with --pass: %+v", r)
		}
		r = inProcess(t.TempDir(), append([]string{"collect-file", "/dev/null", "then"}, s.line("--dry-run")...), strings.NewReader(""))
		if r.exit != 2 || !strings.Contains(r.stderr, "--dry-run: not in the pipeline of a source") {
			t.Errorf("in a pipeline: %+v", r)
		}
	})
}

// TestOutputsOfReports holds outputs that take reports to what others promise.
func TestOutputsOfReports(t *testing.T) {
	const report = `{"feed.name":"%d","__type":"Report","raw":"eA=="}` + "\n"
	one, two := fmt.Sprintf(report, 1), fmt.Sprintf(report, 2)
	forAll(t, []string{keeper}, func(t *testing.T, s *subject) {
		for _, bad := range []string{`{"feed.name":"`, `["x"]`, `{"__type":"Message"}`, `{"source.ip":"192.0.2.1"}`} {
			r := asProcess(t, s.dir, s.line("--pass"), strings.NewReader(one+bad+"\n"+two))
			if r.exit != tool.ExitFailed || r.stdout != one+two || !strings.HasPrefix(r.stderr, s.spec.Name+": stdin:2") || !strings.Contains(r.stderr, "read 3, written 2, failed 1") {
				t.Errorf("%s: %+v", bad, r)
			}
		}
		control := func(kind, id string) string { return `{"__type":"` + kind + `","id":"` + id + "\"}\n" }
		in := control("Commit", "S:0:n") + one + control("Checkpoint", "S:1:n") + two + control("Checkpoint", "S:2:n") + control("Commit", "S:2:n")
		if r := asProcess(t, s.dir, s.line("--pass"), strings.NewReader(in)); r.exit != 0 || r.stdout != in {
			t.Errorf("control lines: %+v", r)
		}
		if r := asProcess(t, s.dir, s.line(), strings.NewReader(control("Commit", "T:0:n")+one+control("Checkpoint", "T:1:n"))); r.exit != tool.ExitBroken {
			t.Errorf("uncommitted: %+v", r)
		}
		s.dir = filepath.Join(t.TempDir(), "nothing")
		if r := inProcess(s.dir, s.line("--dry-run"), strings.NewReader(one)); r.exit != 0 || !strings.Contains(r.stdout, `"feed.name":"1"`) {
			t.Errorf("dry run: %+v", r)
		}
		if _, err := os.Stat(s.dir); err == nil {
			t.Error("something was written")
		}
		if r := inProcess(s.dir, s.line("--dry-run"), strings.NewReader(in)); r.exit != 2 {
			t.Errorf("dry run with control lines: %+v", r)
		}
	})
}
