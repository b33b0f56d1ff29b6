package redis

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/server"
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

func expect(t *testing.T, s *server.Redis, want ...string) {
	t.Helper()
	if got := s.List("bot-queue"); !slices.Equal(got, want) {
		t.Errorf("the queue holds %q, want %q", got, want)
	}
}

func TestQueueIsThatOfIntelMQ(t *testing.T) {
	s := server.StartRedis(t)
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
	s := server.StartRedis(t, "--requirepass", "sesame")
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
	s := server.StartRedis(t)
	in, feed := io.Pipe()
	back, stdout := io.Pipe()
	type end struct {
		stderr string
		code   int
	}
	ended := make(chan end)
	go func() {
		stderr, code := run(t, in, s.Port, stdout, "--batch-age", "3600", "--retry-for", "0")
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
	if len(rest) > 0 || e.code != 3 || !strings.HasPrefix(e.stderr, "output-redis: redis 127.0.0.1:") {
		t.Errorf("%q, %+v", rest, e)
	}
	s.Restart()
	expect(t, s, firstPushed, thirdPushed)
}

func TestSlowFeedIsNotStuck(t *testing.T) {
	s := server.StartRedis(t)
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

// TestServerRefuses ends the stream at once where to try again is of no use.
func TestServerRefuses(t *testing.T) {
	s := server.StartRedis(t)
	for want, prepare := range map[string]func() []string{
		"raise its maxmemory": func() []string {
			s.Do("CONFIG", "SET", "maxmemory", "1")
			return []string{"--retry-for", "0"}
		},
		"something else of that name": func() []string {
			s.Do("SET", "bot-queue", "x")
			return nil
		},
	} {
		var stdout bytes.Buffer
		stderr, code := run(t, strings.NewReader(lines(commit(0), third, checkpoint(1), commit(1))), s.Port, &stdout, prepare()...)
		if code != 3 || !strings.Contains(stderr, want) || stdout.String() != lines(commit(0)) {
			t.Errorf("exit %d, %q, %q", code, stdout.String(), stderr)
		}
		s.Do("CONFIG", "SET", "maxmemory", "0")
		s.Do("DEL", "bot-queue")
	}
}

// TestLargeStream crosses the bounds of a batch.
func TestLargeStream(t *testing.T) {
	s := server.StartRedis(t)
	const events = batchCount + 10
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

// TestServerIsAway sends again until the server is there, and then all of it once:
// a connection that is refused has taken nothing.
func TestServerIsAway(t *testing.T) {
	s := server.StartRedis(t)
	in, feed := io.Pipe()
	back, stdout := io.Pipe()
	d := newDriver(s.Port, stdout)
	d.options.RetryFor = time.Hour
	d.options.Jitter = func(time.Duration) time.Duration { return time.Millisecond }
	warnings := 0
	d.warned = func() { warnings++; s.Restart() }
	ended := make(chan int)
	go func() {
		_, code := d.run(in)
		stdout.Close()
		ended <- code
	}()
	answers := bufio.NewScanner(back)
	io.WriteString(feed, lines(commit(0), first, checkpoint(1)))
	answers.Scan()
	answers.Scan()
	s.Kill()
	io.WriteString(feed, lines(third, checkpoint(2)))
	if answers.Scan(); answers.Text()+"\n" != lines(checkpoint(2)) {
		t.Errorf("got %q", answers.Text())
	}
	feed.Close()
	if code := <-ended; code != 0 || warnings != 1 || !strings.Contains(d.stderr.String(), ": retrying for up to 1h0m0s\n") {
		t.Errorf("exit %d, %d warnings, %s", code, warnings, &d.stderr)
	}
	expect(t, s, firstPushed, thirdPushed)
}

// TestAnswerIsLost closes the connection when the server has taken the events
// but before it can say so: they are there twice, rather than not at all.
func TestAnswerIsLost(t *testing.T) {
	s := server.StartRedis(t)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	lost := make(chan bool, 1)
	lost <- true
	go func() {
		for {
			client, err := proxy.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
			if err != nil {
				client.Close()
				return
			}
			go relay(client, server, lost)
		}
	}()
	d := newDriver(proxy.Addr().(*net.TCPAddr).Port, io.Discard)
	d.options.RetryFor = time.Hour
	if stderr, code := d.run(strings.NewReader(lines(first, third))); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	expect(t, s, firstPushed, thirdPushed, firstPushed, thirdPushed)
}

// relay passes requests and answers on, but for the answer to the LPUSH for which
// there is something in lost.
func relay(client, server net.Conn, lost chan bool) {
	defer client.Close()
	defer server.Close()
	request, answer := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := client.Read(request)
		if err != nil {
			return
		}
		server.Write(request[:n])
		m, err := server.Read(answer)
		if err != nil {
			return
		}
		if bytes.Contains(request[:n], []byte("LPUSH")) {
			select {
			case <-lost:
				return
			default:
			}
		}
		client.Write(answer[:m])
	}
}

// TestBarePipeKeeps has what the server does not take in the dump.
func TestBarePipeKeeps(t *testing.T) {
	s := server.StartRedis(t)
	s.Do("CONFIG", "SET", "maxmemory", "1")
	d := newDriver(s.Port, io.Discard)
	d.options.RetryFor = 0
	stderr, code := d.run(strings.NewReader(lines(third, second)))
	if code != 3 || !strings.Contains(stderr, "raise its maxmemory") || !strings.Contains(stderr, "gave up after 1 attempt in ") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if len(d.dump) != 2 || !strings.HasPrefix(d.dump[0], "stdin:1: redis ") || !strings.HasSuffix(d.dump[0], ": "+third) || !strings.HasPrefix(d.dump[1], "stdin:2: ") {
		t.Errorf("dump: %q", d.dump)
	}
}

func TestPass(t *testing.T) {
	s := server.StartRedis(t)
	var stdout bytes.Buffer
	d := newDriver(s.Port, &stdout)
	d.options.Pass = true
	if stderr, code := d.run(strings.NewReader(lines(commit(0), first, second, checkpoint(1)))); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if want := lines(commit(0), first, second, checkpoint(1)); stdout.String() != want {
		t.Errorf("%s, want %s", &stdout, want)
	}
}

func TestDryRun(t *testing.T) {
	var stdout bytes.Buffer
	d := newDriver(9, &stdout) // where no server is
	d.env.DryRun = true
	if stderr, code := d.run(strings.NewReader(lines(first, second))); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if want := lines(firstPushed, secondPushed); stdout.String() != want {
		t.Errorf("%s, want %s", &stdout, want)
	}
}
