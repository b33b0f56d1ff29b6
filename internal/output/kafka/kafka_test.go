package kafka

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/intelpipe/intelpipe/internal/client/kafka/kafkatest"
	"github.com/intelpipe/intelpipe/internal/tool"
)

var specs = []tool.Spec{{Name: "output-kafka", New: func() any { return new(Command) }}}

// TestMain lets the test binary be output-kafka, too.
func TestMain(m *testing.M) {
	if os.Getenv("KAFKA_TEST_PROCESS") != "" {
		tool.Main(append(specs, tool.Spec{Name: "another", New: func() any { return new(Command) }})...)
	}
	os.Exit(m.Run())
}

// run runs output-kafka in this process.
func run(t *testing.T, s *kafkatest.Server, stdin io.Reader, flags ...string) (stdout, stderr, dump string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	state := t.TempDir()
	addr := "127.0.0.1:9" // where nobody is
	if s != nil {
		addr = s.Addr()
	}
	code = tool.Run(context.Background(), specs, tool.System{
		Args: append([]string{"output-kafka", "--bootstrap-servers", addr}, flags...), Stdin: stdin, Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string { return map[string]string{"STATE_DIRECTORY": state}[name] },
	})
	text, _ := os.ReadFile(filepath.Join(state, "output-kafka.dump"))
	return out.String(), errs.String(), string(text), code
}

func start(t *testing.T, partitions int32, configs map[string]string) *kafkatest.Server {
	s := kafkatest.Start(t)
	s.Topic("events", partitions, configs)
	return s
}

const (
	first  = `{"source.ip":"192.0.2.1","raw":"eA==","feed.name":"a","comment":"ä","__type":"Event"}`
	second = `{"raw":"eQ==","feed.name":"b","__type":"Report"}`
	third  = `{"extra.n":1}`
)

func lines(list ...string) string { return strings.Join(list, "\n") + "\n" }

func checkpoint(n int) string { return fmt.Sprintf(`{"__type":"Checkpoint","id":"S:%d:n"}`, n) }
func commit(n int) string     { return fmt.Sprintf(`{"__type":"Commit","id":"S:%d:n"}`, n) }

func TestMessages(t *testing.T) {
	s := start(t, 1, nil)
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		if _, stderr, _, code := run(t, s, strings.NewReader(lines(first, second, third)), "--topic", "events", "--compression", codec); code != 0 || stderr != "" {
			t.Errorf("exit %d, %s", code, stderr)
		}
	}
	want := []string{
		`{"__type": "Event", "comment": "ä", "feed.name": "a", "raw": "eA==", "source.ip": "192.0.2.1"}`,
		`{"__type": "Report", "feed.name": "b", "raw": "eQ=="}`, `{"__type": "Event", "extra.n": 1}`,
	}
	if got := s.Values("events"); !slices.Equal(got, slices.Repeat(want, 5)) {
		t.Errorf("%q", got)
	}
	s.Topic("other", 1, nil)
	run(t, s, strings.NewReader(lines(first)), "--topic", "other", "--hierarchical-output", "--no-with-type", "--no-keep-raw-field")
	run(t, s, strings.NewReader(lines(first)), "--topic", "other", "--single-key", "raw")
	if got := s.Values("other"); !slices.Equal(got, []string{`{"comment": "ä", "feed": {"name": "a"}, "source": {"ip": "192.0.2.1"}}`, "x"}) {
		t.Errorf("%q", got)
	}
}

// TestKeysAndHeaders has events with the same key in the same partition, and the
// same id for an event that comes again.
func TestKeysAndHeaders(t *testing.T) {
	s := start(t, 8, nil)
	var in []string
	for n := range 200 {
		in = append(in, fmt.Sprintf(`{"source.port":%d,"extra.n":%d,"feed.name":"f"}`, n%10+1, n))
	}
	in = append(in, `{"extra.n":200}`)
	stream := lines(append(append([]string{commit(0)}, in...), checkpoint(1), commit(1))...)
	for range 2 {
		if out, stderr, _, code := run(t, s, strings.NewReader(stream), "--topic", "events", "--key", "source.port", "--headers", "feed.name,source.port"); code != 0 || out != lines(commit(0), checkpoint(1), commit(1)) {
			t.Errorf("exit %d, %s, %s", code, out, stderr)
		}
	}
	partitions, ids, last := map[string]int32{}, map[string]string{}, map[string]string{}
	for _, r := range s.Records("events") {
		headers := map[string]string{}
		for _, h := range r.Headers {
			headers[h.Key] = string(h.Value)
		}
		text, id := string(r.Value), headers["intelpipe-id"]
		if old, ok := ids[text]; id == "" || ok && old != id {
			t.Errorf("%s has the ids %q and %q", text, old, id)
		}
		ids[text] = id
		if strings.Contains(text, `"extra.n": 200}`) {
			if r.Key != nil || len(headers) != 1 {
				t.Errorf("%q, %q", r.Key, headers)
			}
			continue
		}
		key := string(r.Key)
		if old, ok := partitions[key]; ok && old != r.Partition {
			t.Errorf("the key %s is in the partitions %d and %d", key, old, r.Partition)
		}
		partitions[key] = r.Partition
		if headers["feed.name"] != "f" || headers["source.port"] != key {
			t.Errorf("%s: %q", text, headers)
		}
		last[key] = text
	}
	if len(partitions) != 10 || len(ids) != 201 {
		t.Errorf("%d keys, %d ids", len(partitions), len(ids))
	}
}

// TestTopicOfEvent sends each event to its topic, and lets those fail that have
// none.
func TestTopicOfEvent(t *testing.T) {
	s := start(t, 1, nil)
	s.Topic("events-a", 1, nil)
	s.Topic("events-b", 1, nil)
	in := []string{`{"feed.code":"a","extra.n":1}`, `{"feed.code":"b","extra.n":2}`, `{"feed.code":"none"}`, `{"feed.code":"a/b"}`, `{"extra.n":3}`, `{"feed.code":"a","extra.n":4}`}
	flags := []string{"--topic", "events-{event[feed.code]}", "--format-topic"}
	_, stderr, dump, code := run(t, s, strings.NewReader(lines(in...)), flags...)
	if code != 1 || strings.Count(dump, "\n") != 3 || !strings.Contains(stderr, "topic events-none: there is no such topic") {
		t.Errorf("exit %d, %s, %s", code, stderr, dump)
	}
	if a, b := s.Values("events-a"), s.Values("events-b"); len(a) != 2 || len(b) != 1 {
		t.Errorf("%q, %q", a, b)
	}
	out, stderr, _, code := run(t, nil, strings.NewReader(lines(in[0])), append(flags, "--dry-run")...)
	if out != "events-a\t"+`{"__type": "Event", "extra.n": 1, "feed.code": "a"}`+"\n" || code != 0 {
		t.Errorf("exit %d, %q, %s", code, out, stderr)
	}
	for want, flags := range map[string][]string{
		`invalid key "feed.cod"`:   {"--topic", "{event[feed.cod]}", "--format-topic"},
		`a field is written`:       {"--topic", "{event}", "--format-topic"},
		`--topic: "a/b": the name`: {"--topic", "a/b"},
	} {
		if _, stderr, _, code := run(t, s, strings.NewReader(""), flags...); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("exit %d, %s", code, stderr)
		}
	}
}

// TestTooLarge has a topic that takes less than --max-message says: a batch of many
// small events is too large for it, and they arrive all the same.
func TestTooLarge(t *testing.T) {
	for _, codec := range []string{"none", "zstd"} {
		s := start(t, 1, map[string]string{"max.message.bytes": "3000"})
		var in []string
		for n := range 300 {
			in = append(in, fmt.Sprintf(`{"extra.n":%d}`, n))
		}
		large := fmt.Sprintf(`{"comment":"%s"}`, noise(8000))
		huge := fmt.Sprintf(`{"comment":"%s"}`, noise(2_000_000))
		_, stderr, dump, code := run(t, s, strings.NewReader(lines(slices.Concat(in[:100], []string{large}, in[100:], []string{huge})...)), "--topic", "events", "--compression", codec)
		if code != 1 || strings.Count(dump, "\n") != 2 || !strings.Contains(stderr, "stdin:101: topic events: larger than the topic takes (max.message.bytes) or than --max-message\n") {
			t.Errorf("exit %d, %s", code, stderr)
		}
		got := s.Values("events")
		for n, text := range got {
			if text != fmt.Sprintf(`{"__type": "Event", "extra.n": %d}`, n) {
				t.Fatalf("%d: %s", n, text)
			}
		}
		if len(got) != 300 {
			t.Errorf("%d messages", len(got))
		}
	}
}

// noise is text that no codec makes much smaller.
func noise(n int) string {
	b := make([]byte, n)
	state := uint32(1)
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-"[state>>26]
	}
	return string(b)
}

// TestAnswers has brokers that answer with errors: some pass, some stay.
func TestAnswers(t *testing.T) {
	s := start(t, 1, nil)
	for _, e := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend} {
		s.Cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: 2})
		if _, stderr, _, code := run(t, s, strings.NewReader(lines(first, second, third)), "--topic", "events"); code != 0 {
			t.Errorf("%v: exit %d, %s", e, code, stderr)
		}
	}
	if got := s.Values("events"); len(got) != 12 {
		t.Errorf("there are %d messages", len(got))
	}
	f := s.Cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	begun := time.Now()
	_, stderr, dump, code := run(t, s, strings.NewReader(lines(first, second)), "--topic", "events")
	if code != 3 || !strings.Contains(stderr, "the user may not use this topic") || strings.Count(dump, "\n") != 2 || time.Since(begun) > 10*time.Second {
		t.Errorf("exit %d, %s, %s", code, stderr, dump)
	}
	f.Remove()
	s.Cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: 1})
	if _, stderr, dump, code := run(t, s, strings.NewReader(lines(first)), "--topic", "events"); code != 1 || strings.Count(dump, "\n") != 1 {
		t.Errorf("exit %d, %s, %s", code, stderr, dump)
	}
}

// TestBrokerGoesAway in the middle of a stream: all arrives, and once.
func TestBrokerGoesAway(t *testing.T) {
	s := start(t, 1, nil)
	in, feed := io.Pipe()
	type end struct {
		stderr string
		code   int
	}
	ended := make(chan end)
	go func() {
		_, stderr, _, code := run(t, s, in, "--topic", "events", "--timeout", "1", "--batch-age", "0.01")
		ended <- end{stderr, code}
	}()
	const events = 300
	restarted := make(chan bool)
	for n := range events {
		fmt.Fprintf(feed, `{"extra.n":%d}`+"\n", n)
		if n == 100 {
			s.Kill()
			go func() {
				time.Sleep(2500 * time.Millisecond)
				s.Restart()
				close(restarted)
			}()
		}
	}
	feed.Close()
	<-restarted
	if e := <-ended; e.code != 0 || !strings.Contains(e.stderr, "no answer within 1s, see --timeout: ") || !strings.Contains(e.stderr, ": retrying for up to ") {
		t.Errorf("%+v", e)
	}
	got := s.Values("events")
	for n, text := range got {
		if text != fmt.Sprintf(`{"__type": "Event", "extra.n": %d}`, n) {
			t.Fatalf("%d: %s", n, text)
		}
	}
	if len(got) != events {
		t.Errorf("%d messages", len(got))
	}
}

// TestBarePipeKeeps has what could not be sent in the dump.
func TestBarePipeKeeps(t *testing.T) {
	s := start(t, 1, nil)
	in, feed := io.Pipe()
	go func() {
		io.WriteString(feed, lines(third))
		for s.Cluster.PartitionInfo("events", 0).HighWatermark == 0 { // or the test runs out of time
			time.Sleep(10 * time.Millisecond)
		}
		s.Kill()
		io.WriteString(feed, lines(first, second))
		feed.Close()
	}()
	_, stderr, dump, code := run(t, s, in, "--topic", "events", "--timeout", "0.5", "--retry-for", "1", "--batch-age", "0.1")
	if code != 3 || strings.Count(dump, "\n") != 2 || !strings.Contains(stderr, "see --retry-for") {
		t.Errorf("exit %d, %s, %s", code, stderr, dump)
	}
	s.Restart()
	if got := s.Values("events"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// TestKilled kills output-kafka in a stream with checkpoints: what it had passed on
// has arrived.
func TestKilled(t *testing.T) {
	s := start(t, 1, nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		cmd := &exec.Cmd{
			Path: self, Args: []string{"output-kafka", "--bootstrap-servers", s.Addr(), "--topic", "events", "--batch-events", "10"},
			Env: []string{"KAFKA_TEST_PROCESS=1", "STATE_DIRECTORY=" + t.TempDir()},
		}
		stdin, _ := cmd.StdinPipe()
		stdout, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			io.WriteString(stdin, lines(commit(0)))
			for window := 1; ; window++ {
				for n := range 25 {
					if _, err := fmt.Fprintf(stdin, `{"extra.round":%d,"extra.window":%d,"extra.n":%d}`+"\n", round, window, n); err != nil {
						return
					}
				}
				io.WriteString(stdin, lines(checkpoint(window)))
			}
		}()
		back := make([]byte, 64<<10)
		var answers string
		for windows := 3 + 4*round; strings.Count(answers, "Checkpoint") < windows; {
			n, err := stdout.Read(back)
			if err != nil {
				t.Fatal(err)
			}
			answers += string(back[:n])
		}
		cmd.Process.Signal(syscall.SIGKILL)
		rest, _ := io.ReadAll(stdout)
		cmd.Wait()
		got := strings.Join(s.Values("events"), "\n")
		for window := 1; window <= strings.Count(answers+string(rest), "Checkpoint"); window++ {
			for n := range 25 {
				if want := fmt.Sprintf(`"extra.n": %d, "extra.round": %d, "extra.window": %d}`, n, round, window); !strings.Contains(got, want) {
					t.Fatalf("%s is lost", want)
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	s := start(t, 1, nil)
	begun := time.Now()
	_, stderr, _, code := run(t, s, strings.NewReader(lines(first)), "--topic", "evnts")
	if code != 3 || !strings.Contains(stderr, `there is no topic "evnts"; did you mean events?`) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	_, stderr, _, code = run(t, nil, strings.NewReader(lines(first)), "--topic", "events")
	if code != 3 || !strings.Contains(stderr, "kafka 127.0.0.1:9: ") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if time.Since(begun) > 10*time.Second {
		t.Errorf("it took %v", time.Since(begun))
	}
}
