package redis

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/server"
	output "github.com/intelpipe/intelpipe/internal/output/redis"
	"github.com/intelpipe/intelpipe/internal/tool"
)

var specs = []tool.Spec{
	{Name: "collect-redis", New: func() any { return new(Command) }},
	{Name: "output-redis", New: func() any { return new(output.Command) }},
}

// TestMain lets the test binary be both commands, too.
func TestMain(m *testing.M) {
	if os.Getenv("REDIS_TEST_PROCESS") != "" {
		tool.Main(specs...)
	}
	os.Exit(m.Run())
}

const (
	queue, internal = "expert-queue", "expert-queue-internal"
	target          = "output-queue"
)

// suite is a server, and a state directory for the sources of a test.
type suite struct {
	*testing.T
	server *server.Redis
	dir    string
}

func newSuite(t *testing.T) *suite { return &suite{t, server.StartRedis(t), t.TempDir()} }

func (s *suite) push(list string, messages ...string) {
	s.Helper()
	for _, m := range messages {
		s.server.Do("LPUSH", list, m)
	}
}

func (s *suite) expect(list string, want ...string) {
	s.Helper()
	if got := s.server.List(list); !slices.Equal(got, want) {
		s.Errorf("%s holds %q, want %q", list, got, want)
	}
}

func (s *suite) words(flags ...string) []string {
	return append([]string{"collect-redis", "--redis-server-port", strconv.Itoa(s.server.Port), "--redis-queue", queue}, flags...)
}

// then is the pipeline to the second queue in one process.
func (s *suite) then() []string {
	return []string{"then", "output-redis", "--redis-server-port", strconv.Itoa(s.server.Port), "--redis-queue", target}
}

type result struct {
	stdout, stderr string
	code           int
}

// run runs collect-redis in this process.
func (s *suite) run(words ...string) result {
	var out, errs bytes.Buffer
	code := tool.Run(context.Background(), specs, tool.System{
		Args: words, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string { return map[string]string{"STATE_DIRECTORY": s.dir}[name] },
	})
	return result{out.String(), errs.String(), code}
}

// process runs collect-redis as a process, which finds output-redis in its PATH.
func (s *suite) process(words ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	bin := filepath.Join(s.dir, "bin")
	os.Mkdir(bin, 0o755)
	os.Symlink(self, filepath.Join(bin, "output-redis"))
	return &exec.Cmd{Path: self, Args: words, Env: []string{
		"REDIS_TEST_PROCESS=1", "STATE_DIRECTORY=" + s.dir, "PATH=" + bin + ":" + os.Getenv("PATH"),
		"PORT=" + strconv.Itoa(s.server.Port),
	}}
}

const (
	one   = `{"source.ip": "192.0.2.1", "extra.\u00e4": "\u00e4", "__type": "Event"}`
	two   = `{"feed.name": "a", "raw": "eA==", "__type": "Report"}`
	three = `{"extra.n":3,"__type":"Event"}`

	onePushed   = `{"__type": "Event", "extra.ä": "ä", "source.ip": "192.0.2.1"}`
	twoPushed   = `{"__type": "Report", "feed.name": "a", "raw": "eA=="}`
	threePushed = `{"__type": "Event", "extra.n": 3}`
)

func TestPrintTakesNothing(t *testing.T) {
	s := newSuite(t)
	s.push(internal, one)
	s.push(queue, two, three)
	for range 2 {
		if r := s.run(s.words()...); r != (result{one + "\n" + two + "\n" + three + "\n", "", 0}) {
			t.Errorf("%+v", r)
		}
	}
	s.expect(internal, one)
	s.expect(queue, two, three)
	if r := s.run(s.words("--follow")...); r.code != 2 || !strings.Contains(r.stderr, "--follow: needs a pipeline") {
		t.Errorf("%+v", r)
	}
}

func TestLeftFromACrashComesFirst(t *testing.T) {
	s := newSuite(t)
	s.push(internal, three, two)
	s.push(queue, one)
	if r := s.run(append(s.words(), s.then()...)...); r != (result{}) {
		t.Errorf("%+v", r)
	}
	s.expect(queue)
	s.expect(internal)
	s.expect(target, threePushed, twoPushed, onePushed)
}

func TestManyWindows(t *testing.T) {
	s := newSuite(t)
	const events = 1234
	args := []any{queue}
	for n := range events {
		args = append(args, fmt.Sprintf(`{"extra.n": %d, "__type": "Event"}`, n))
	}
	s.server.Do("LPUSH", args...)
	for range 300 { // a crash has left more than one window
		s.server.Do("RPOPLPUSH", queue, internal)
	}
	if r := s.run(append(s.words("--window-messages", "100"), s.then()...)...); r != (result{}) {
		t.Errorf("%+v", r)
	}
	s.expect(internal)
	var want []string
	for n := range events {
		want = append(want, fmt.Sprintf(`{"__type": "Event", "extra.n": %d}`, n))
	}
	s.expect(target, want...)
}

// TestBadMessages do not block the queue, and control lines do not come
// through.
func TestBadMessages(t *testing.T) {
	s := newSuite(t)
	bad := []string{`{"source.ip": "192.0.2.`, "", "\x80", `{"__type": "Commit", "id": "S:1:n"}`, `{"__type":"Checkpoint","id":"S:1:n"}`, `["x"]`, `{"__type": "Message"}`, "{\"comment\": \"a\nb\"}"}
	s.push(queue, one)
	s.push(queue, bad...)
	s.push(queue, "{\n  \"extra.n\": 3,\r\n  \"__type\": \"Event\"\n}\n")
	r := s.run(s.words()...)
	if r.code != 1 || strings.Count(r.stdout, "\n") != 2 || strings.Contains(r.stdout, `"S:1`) {
		t.Errorf("bare: %+v", r)
	}
	dump := filepath.Join(s.dir, "collect-redis.dump")
	os.Remove(dump)
	r = s.run(append(s.words(), s.then()...)...)
	if r.code != 1 || strings.Count(r.stderr, "\n") != len(bad)+1 || !strings.Contains(r.stderr, "a control line is no message") {
		t.Errorf("%+v", r)
	}
	s.expect(queue)
	s.expect(internal)
	s.expect(target, onePushed, threePushed)
	text, err := os.ReadFile(dump)
	if err != nil || strings.Count(string(text), "\n") != len(bad) || !strings.Contains(string(text), `S:1:n`) {
		t.Errorf("the dump has %s, %v", text, err)
	}
}

// TestNothingIsGivenUp when the pipeline ends with nothing acknowledged.
func TestNothingIsGivenUp(t *testing.T) {
	s := newSuite(t)
	s.push(queue, one, two)
	r := s.run(append(s.words("--restarts", "1"), "--", "sh", "-c", "head -n 2 >/dev/null")...)
	if r.code != 3 || !strings.Contains(r.stderr, internal) {
		t.Errorf("%+v", r)
	}
	s.expect(queue)
	s.expect(internal, one, two)
	if r := s.run(append(s.words(), s.then()...)...); r != (result{}) {
		t.Errorf("%+v", r)
	}
	s.expect(target, onePushed, twoPushed)
	s.expect(internal)
}

// TestSecondReader notices that its messages are gone.
func TestSecondReader(t *testing.T) {
	s := newSuite(t)
	s.push(queue, one, two)
	pipeline := fmt.Sprintf(`while read -r l; do case $l in *Checkpoint*) redis-cli -n 2 -p %d RPOP %s >/dev/null;; esac; case $l in *Checkpoint*|*Commit*) printf '%%s\n' "$l";; esac; done`, s.server.Port, internal)
	if _, err := exec.LookPath("redis-cli"); err != nil {
		t.Skip("left out: redis-cli not found, apt-get install redis-tools")
	}
	r := s.run(append(s.words(), "--", "sh", "-c", pipeline)...)
	if r.code != 3 || !strings.Contains(r.stderr, "changed by somebody else") {
		t.Errorf("%+v", r)
	}
	s.expect(internal) // what has arrived is removed all the same
}

// TestFollow waits for messages, and stops when it is told to.
func TestFollow(t *testing.T) {
	s := newSuite(t)
	cmd := s.process(append(s.words("--follow"), s.then()...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for n, m := range []string{one, two} {
		s.push(queue, m)
		for len(s.server.List(target)) <= n || len(s.server.List(internal)) > 0 { // or the test runs out of time
			time.Sleep(10 * time.Millisecond)
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, %s", err, stderr.String())
	}
	s.expect(target, onePushed, twoPushed)
	s.expect(queue)
}
