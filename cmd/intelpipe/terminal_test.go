package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal: a process gets its end, the test sits at the
// other one as the person would.
type terminal struct {
	person, process *os.File
	mu              sync.Mutex
	seen            bytes.Buffer
	closed          chan struct{}
}

// newTerminal opens a terminal without echo that changes no byte it prints.
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Close() })
	mode, err := unix.IoctlGetTermios(int(process.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag &^= unix.ECHO
	mode.Oflag &^= unix.OPOST
	if err := unix.IoctlSetTermios(int(process.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	term := &terminal{person: person, process: process, closed: make(chan struct{})}
	go func() {
		defer close(term.closed)
		buf := make([]byte, 64<<10)
		for {
			n, err := person.Read(buf)
			term.mu.Lock()
			term.seen.Write(buf[:n])
			term.mu.Unlock()
			if err != nil { // all processes have closed their end
				return
			}
		}
	}()
	return term
}

func (term *terminal) text() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.seen.String()
}

// end waits until everything that was printed has been seen.
func (term *terminal) end() string {
	term.process.Close()
	<-term.closed
	return term.text()
}

const ctrlD = "\x04"

// TestHintAtTerminal starts filters by hand, as somebody does who forgot that
// they read stdin.
func TestHintAtTerminal(t *testing.T) {
	forAll(t, filters, func(t *testing.T, s *subject) {
		term := newTerminal(t)
		var stdout, stderr bytes.Buffer
		cmd := command(t, s.dir, s.line()...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = term.process, &stdout, &stderr
		if _, err := io.WriteString(term.person, ctrlD); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Run(); err != nil || stdout.Len() > 0 {
			t.Errorf("%v, stdout %q", err, stdout.String())
		}
		if !oneLine.MatchString(stderr.String()) || !strings.HasPrefix(stderr.String(), s.spec.Name+": ") || !strings.Contains(stderr.String(), "ctrl-d") || !printable(stderr.String()) {
			t.Errorf("stderr %q", stderr.String())
		}
	})
}

// TestNoHintWithoutReading has commands at a terminal that do not read it.
func TestNoHintWithoutReading(t *testing.T) {
	forAll(t, []string{"collect", "dump"}, func(t *testing.T, s *subject) {
		term := newTerminal(t)
		var stdout, stderr bytes.Buffer
		cmd := command(t, s.dir, s.line()...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = term.process, &stdout, &stderr
		if err := cmd.Run(); err != nil || strings.Contains(stderr.String(), "terminal") {
			t.Errorf("%v, stderr %q", err, stderr.String())
		}
	})
}

// TestTypedEvents works on what is typed, line by line.
func TestTypedEvents(t *testing.T) {
	in, out := newTerminal(t), newTerminal(t)
	var stderr bytes.Buffer
	cmd := command(t, t.TempDir(), "expert-taxonomy")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in.process, out.process, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in.person, `{"classification.type":"scanner"}`+"\n")
	const want = `{"classification.type":"scanner","classification.taxonomy":"information-gathering"}` + "\n"
	if !eventually(func() bool { return out.text() == want }) {
		t.Errorf("got %q before the end, want %q", out.text(), want)
	}
	io.WriteString(in.person, ctrlD)
	if err := cmd.Wait(); err != nil || out.end() != want {
		t.Errorf("%v, %q", err, out.text())
	}
}

// eventually waits for what has to come, for no longer than it takes to say
// that it will not.
func eventually(happened func() bool) bool {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if happened() {
			return true
		}
	}
	return happened()
}

// TestSameBytesOnTerminal compares what a command prints on a terminal with
// what it writes into a pipe.
func TestSameBytesOnTerminal(t *testing.T) {
	forAll(t, nil, func(t *testing.T, s *subject) {
		for _, args := range [][]string{s.line(), {s.spec.Name, "--help"}} {
			run := func(stdout *terminal) string {
				var out, stderr bytes.Buffer
				cmd := command(t, s.dir, args...)
				cmd.Env = append(cmd.Env, standstill, "TERM=xterm-256color", "STATE_DIRECTORY="+t.TempDir())
				if s.family == "dump" {
					cmd.Env = append(cmd.Env, "STATE_DIRECTORY="+s.dir+"/state")
				}
				cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(s.stdin), &out, &stderr
				if stdout != nil {
					cmd.Stdout = stdout.process
				}
				if err := cmd.Run(); err != nil {
					t.Fatalf("%q: %v, %s", args, err, stderr.String())
				}
				if stdout != nil {
					return stdout.end()
				}
				return out.String()
			}
			if s.spec.Name == "dump" && len(s.args) > 0 && s.args[0] == "delete" {
				continue // it cannot be done twice
			}
			if piped, shown := run(nil), run(newTerminal(t)); piped != shown {
				t.Errorf("%q: on the terminal %q, in a pipe %q", args, shown, piped)
			}
		}
	})
}

var progressLine = regexp.MustCompile(`^(\r\x1b\[K[a-z-]+: [0-9]+ [a-z]+[^\r\n]*)+(\r\x1b\[K)+[a-z-]+: read [0-9]+, passed [0-9]+\n$`)

// TestProgress types until the command says how far it has come. Its stdin is
// a terminal only because the test has to be slow without being a pipe.
func TestProgress(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{
		"events":       {"expert-taxonomy"},
		"a bare table": {"parse-csv", "--columns", "comment,extra.n", "--type", "scanner"},
	} {
		t.Run(name, func(t *testing.T) {
			in, stderr := newTerminal(t), newTerminal(t)
			var stdout bytes.Buffer
			cmd := command(t, t.TempDir(), words...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in.process, &stdout, stderr.process
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line := "x,1\n"
			if words[0] == "expert-taxonomy" {
				line = `{"comment":"x","extra.n":1}` + "\n"
			}
			shown := eventually(func() bool {
				io.WriteString(in.person, strings.Repeat(line, 20))
				return strings.Contains(stderr.text(), "\r")
			})
			if !shown {
				t.Errorf("nothing tells how far it has come: %q", stderr.text())
			}
			io.WriteString(in.person, ctrlD)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			_, progress, _ := strings.Cut(stderr.end(), "\n") // behind the hint
			if shown && !progressLine.MatchString(progress) {
				t.Errorf("progress %q", progress)
			}
			if strings.ContainsAny(stdout.String(), "\r\x1b") || !strings.HasPrefix(stdout.String(), "{") {
				t.Errorf("stdout %.300q", stdout.String())
			}
		})
	}
}

// TestNoProgressWithoutTerminal has the same work with stderr in a pipe, or
// with data on the same terminal, where progress would be in the way.
func TestNoProgressWithoutTerminal(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"stderr is a pipe", "stdout is a terminal"} {
		t.Run(where, func(t *testing.T) {
			in, screen := newTerminal(t), newTerminal(t)
			var stdout, stderr bytes.Buffer
			cmd := command(t, t.TempDir(), "expert-taxonomy")
			cmd.Env = append(cmd.Env, "TERM=xterm-256color", "FORCE_COLOR=1", "CLICOLOR_FORCE=1")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in.process, &stdout, &stderr
			if where == "stdout is a terminal" {
				cmd.Stdout, cmd.Stderr = screen.process, screen.process
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// Longer than it takes until progress is shown elsewhere.
			for begun := time.Now(); time.Since(begun) < 1500*time.Millisecond; time.Sleep(time.Millisecond) {
				io.WriteString(in.person, strings.Repeat(`{"comment":"x","extra.n":1}`+"\n", 20))
			}
			io.WriteString(in.person, "{\n"+ctrlD)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			text := stderr.String()
			if where == "stdout is a terminal" {
				text = screen.end()
			}
			if strings.ContainsAny(text, "\r\x1b") || !strings.Contains(text, "expert-taxonomy: stdin:") {
				t.Errorf("%.600q", text)
			}
		})
	}
}
