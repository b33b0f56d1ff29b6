package redis

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/redis/redistest"
	"github.com/intelpipe/intelpipe/internal/tool"
)

const (
	first  = `{"source.ip":"192.0.2.1","raw":"eA==","feed.accuracy":100.0,"comment":"ä","__type":"Event"}`
	second = `{"raw":"eQ==","feed.name":"a","__type":"Report"}`
	third  = `{"extra.n":1}`

	firstPushed  = `{"__type": "Event", "comment": "ä", "feed.accuracy": 100.0, "raw": "eA==", "source.ip": "192.0.2.1"}`
	secondPushed = `{"__type": "Report", "feed.name": "a", "raw": "eQ=="}`
	thirdPushed  = `{"__type": "Event", "extra.n": 1}`
)

func lines(list ...string) string { return strings.Join(list, "\n") + "\n" }

func checkpoint(n int) string { return fmt.Sprintf(`{"__type":"Checkpoint","id":"S:%d:n"}`, n) }
func commit(n int) string     { return fmt.Sprintf(`{"__type":"Commit","id":"S:%d:n"}`, n) }

// run runs the command and returns what it wrote.
func run(t *testing.T, stdin io.Reader, port int, stdout io.Writer, flags ...string) (stderr string, code int) {
	t.Helper()
	var errs bytes.Buffer
	state := t.TempDir()
	code = tool.Run(context.Background(), []tool.Spec{{Name: "output-redis", New: func() any { return new(Command) }}}, tool.Process{
		Args:  append([]string{"output-redis", "--redis-server-port", strconv.Itoa(port), "--redis-queue", "bot-queue", "--retry-for", "0"}, flags...),
		Stdin: stdin, Stdout: stdout, Stderr: &errs,
		Getenv: func(name string) string { return map[string]string{"STATE_DIRECTORY": state}[name] },
	})
	return errs.String(), code
}

func expect(t *testing.T, s *redistest.Server, want ...string) {
	t.Helper()
	if got := s.List("bot-queue"); !slices.Equal(got, want) {
		t.Errorf("the queue holds %q, want %q", got, want)
	}
}

func TestQueueIsThatOfIntelMQ(t *testing.T) {
	s := redistest.Start(t)
	if stderr, code := run(t, strings.NewReader(lines(first, second, third)), s.Port, io.Discard); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	expect(t, s, firstPushed, secondPushed, thirdPushed)
	s.Do("DEL", "bot-queue")
	if _, code := run(t, strings.NewReader(lines(first)), s.Port, io.Discard, "--hierarchical-output", "--no-with-type"); code != 0 {
		t.Errorf("exit %d", code)
	}
	expect(t, s, `{"comment": "ä", "feed": {"accuracy": 100.0}, "raw": "eA==", "source": {"ip": "192.0.2.1"}}`)
}

func TestPassword(t *testing.T) {
	s := redistest.Start(t, "--requirepass", "sesame")
	stderr, code := run(t, strings.NewReader(""), s.Port, io.Discard)
	if code != 3 || !strings.Contains(stderr, "--redis-password-file") {
		t.Errorf("without: exit %d, %s", code, stderr)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if stderr, code := run(t, strings.NewReader(lines(third)), s.Port, io.Discard, "--redis-password-file", file); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestWindow sends the events of a window at its checkpoint and not before.
func TestWindow(t *testing.T) {
	s := redistest.Start(t)
	in, feed := io.Pipe()
	back, stdout := io.Pipe()
	type end struct {
		stderr string
		code   int
	}
	ended := make(chan end)
	go func() {
		stderr, code := run(t, in, s.Port, stdout)
		stdout.Close()
		ended <- end{stderr, code}
	}()
	answer := make([]byte, 100)
	io.WriteString(feed, lines(commit(0), first, third))
	if n, _ := back.Read(answer); string(answer[:n]) != lines(commit(0)) {
		t.Errorf("got %q", answer[:n])
	}
	expect(t, s)
	io.WriteString(feed, lines(checkpoint(1)))
	if n, _ := back.Read(answer); string(answer[:n]) != lines(checkpoint(1)) {
		t.Errorf("got %q", answer[:n])
	}
	expect(t, s, firstPushed, thirdPushed)

	// The server dies: nothing more is acknowledged.
	s.Kill()
	go io.WriteString(feed, lines(second, checkpoint(2)))
	rest, _ := io.ReadAll(back)
	e := <-ended
	if len(rest) > 0 || e.code != 3 || !strings.HasPrefix(e.stderr, "output-redis: 1 event cannot be sent: redis 127.0.0.1:") {
		t.Errorf("%q, %+v", rest, e)
	}
	s.Restart()
	expect(t, s, firstPushed, thirdPushed)
}

func TestSlowFeedIsNotStuck(t *testing.T) {
	s := redistest.Start(t)
	in, feed := io.Pipe()
	ended := make(chan int)
	go func() {
		_, code := run(t, in, s.Port, io.Discard)
		ended <- code
	}()
	io.WriteString(feed, lines(third))
	for len(s.List("bot-queue")) == 0 { // or the test runs out of time
		time.Sleep(10 * time.Millisecond)
	}
	feed.Close()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d", code)
	}
	expect(t, s, thirdPushed)
}

func TestServerRefuses(t *testing.T) {
	s := redistest.Start(t)
	for want, prepare := range map[string]func(){
		"raise its maxmemory": func() { s.Do("CONFIG", "SET", "maxmemory", "1") },
		"something else of that name": func() {
			s.Do("CONFIG", "SET", "maxmemory", "0")
			s.Do("SET", "bot-queue", "x")
		},
	} {
		prepare()
		var stdout bytes.Buffer
		stderr, code := run(t, strings.NewReader(lines(commit(0), third, checkpoint(1), commit(1))), s.Port, &stdout)
		if code != 3 || !strings.Contains(stderr, want) || stdout.String() != lines(commit(0)) {
			t.Errorf("exit %d, %q, %q", code, stdout.String(), stderr)
		}
		s.Do("CONFIG", "SET", "maxmemory", "0")
		s.Do("DEL", "bot-queue")
	}
}

// TestLargeStream crosses the bounds of a batch.
func TestLargeStream(t *testing.T) {
	s := redistest.Start(t)
	const events = 20_000 + 10
	var b strings.Builder
	for n := range events {
		fmt.Fprintf(&b, `{"extra.n":%d}`+"\n", n)
	}
	if stderr, code := run(t, strings.NewReader(b.String()), s.Port, io.Discard); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	got := s.List("bot-queue")
	if len(got) != events {
		t.Fatalf("%d events", len(got))
	}
	for n, text := range got {
		if text != fmt.Sprintf(`{"__type": "Event", "extra.n": %d}`, n) {
			t.Fatalf("%d: %s", n, text)
		}
	}
}
