package kafka

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/intelpipe/intelpipe/internal/client/kafka/kafkatest"
	output "github.com/intelpipe/intelpipe/internal/output/kafka"
	"github.com/intelpipe/intelpipe/internal/tool"
)

var specs = []tool.Spec{
	{Name: "collect-kafka", New: func() any { return new(Command) }},
	{Name: "output-kafka", New: func() any { return new(output.Command) }},
}

// TestMain lets the test binary be both commands, too.
func TestMain(m *testing.M) {
	if os.Getenv("KAFKA_TEST_PROCESS") != "" {
		tool.Main(specs...)
	}
	os.Exit(m.Run())
}

const topic, target, group = "events", "archive", "readers"

// suite is a broker with two topics, and a state directory.
type suite struct {
	*testing.T
	server *kafkatest.Server
	dir    string
}

func newSuite(t *testing.T, partitions int32, options ...kfake.Opt) *suite {
	s := &suite{t, kafkatest.Start(t, options...), t.TempDir()}
	s.server.Topic(topic, partitions, nil)
	s.server.Topic(target, 1, nil)
	return s
}

func (s *suite) words(flags ...string) []string {
	return append([]string{"collect-kafka", "--bootstrap-servers", s.server.Addr(), "--topic", topic, "--events"}, flags...)
}

// then is the way to the second topic in one process.
func (s *suite) then() []string {
	return []string{"then", "output-kafka", "--bootstrap-servers", s.server.Addr(), "--topic", target}
}

type result struct {
	stdout, stderr string
	code           int
}

// run runs collect-kafka in this process.
func (s *suite) run(words ...string) result {
	return s.with(nil, words...)
}

func (s *suite) with(env map[string]string, words ...string) result {
	var out, errs bytes.Buffer
	code := tool.Run(context.Background(), specs, tool.System{
		Args: words, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string {
			if name == "STATE_DIRECTORY" {
				return s.dir
			}
			return env[name]
		},
	})
	return result{out.String(), errs.String(), code}
}

// process runs collect-kafka as a process, which finds output-kafka in its PATH.
func (s *suite) process(state string, words ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	bin := filepath.Join(s.dir, "bin")
	os.Mkdir(bin, 0o755)
	os.Symlink(self, filepath.Join(bin, "output-kafka"))
	return &exec.Cmd{Path: self, Args: words, Env: []string{
		"KAFKA_TEST_PROCESS=1", "STATE_DIRECTORY=" + state, "PATH=" + bin + ":" + os.Getenv("PATH"), "BROKER=" + s.server.Addr(),
	}}
}

func (s *suite) expect(topic string, want ...string) {
	s.Helper()
	if got := s.server.Values(topic); !slices.Equal(got, want) {
		s.Errorf("%s has %q, want %q", topic, got, want)
	}
}

func numbers(from, to int) (all []string) {
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprintf(`{"__type": "Event", "extra.n": %d}`, n))
	}
	return all
}

func lines(list ...string) string { return strings.Join(list, "\n") + "\n" }

var observation = map[string]string{"INTELPIPE_NOW": "2026-01-31T12:00:00Z"}

func TestPrintTakesNothing(t *testing.T) {
	s := newSuite(t, 1)
	s.server.Push(topic, numbers(1, 3)...)
	for _, flags := range [][]string{nil, {"--group", group}} {
		for range 2 {
			if r := s.run(s.words(flags...)...); r != (result{lines(numbers(1, 3)...), "", 0}) {
				t.Errorf("%+v", r)
			}
		}
	}
	if r := s.run(s.words("--follow")...); r.code != 2 || !strings.Contains(r.stderr, "--follow: needs a pipeline") {
		t.Errorf("%+v", r)
	}
	if n := s.server.Committed(group, topic); n != -1 {
		t.Errorf("%d was committed", n)
	}
}

// TestReports has messages as they come, with all that stands beside them.
func TestReports(t *testing.T) {
	s := newSuite(t, 1)
	at := time.Date(2026, 1, 30, 10, 0, 0, 0, time.UTC)
	s.server.Produce(
		&kgo.Record{Topic: topic, Value: []byte("1,2\n"), Key: []byte("k"), Timestamp: at, Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("b")}, {Key: "c", Value: []byte("\xff")}}},
		&kgo.Record{Topic: topic, Key: []byte("k"), Timestamp: at},
		&kgo.Record{Topic: topic, Value: []byte("\xff"), Timestamp: at})
	words := []string{"collect-kafka", "--bootstrap-servers", s.server.Addr(), "--topic", topic, "--name", "Feed"}
	r := s.with(observation, words...)
	const rest = `"feed.name":"Feed","feed.accuracy":100.0,"time.observation":"2026-01-31T12:00:00+00:00","__type":"Report"}`
	if want := lines(`{"raw":"MSwyCg==",`+rest, `{"raw":"/w==",`+rest); r != (result{want, "", 0}) {
		t.Errorf("%+v", r)
	}
	r = s.with(observation, append(words, "--metadata")...)
	for _, want := range []string{
		`"extra.kafka.topic":"events","extra.kafka.partition":0,"extra.kafka.offset":0,"extra.kafka.timestamp":"2026-01-30T10:00:00+00:00","extra.kafka.key":"k","extra.kafka.headers":{"a":"b","c":"/w=="},`,
		`"extra.kafka.offset":2,`,
	} {
		if !strings.Contains(r.stdout, want) || r.code != 0 {
			t.Errorf("%+v", r)
		}
	}
}

// TestGoesOn takes each message once, run for run, with a group and without.
func TestGoesOn(t *testing.T) {
	for _, flags := range [][]string{nil, {"--group", group}, {"--group", group, "--group-instance-id", "one"}} {
		s := newSuite(t, 1)
		s.server.Push(topic, numbers(1, 30)...)
		words := append(s.words(append(flags, "--window-messages", "7")...), s.then()...)
		if r := s.run(words...); r != (result{}) {
			t.Errorf("%v: %+v", flags, r)
		}
		s.server.Push(topic, numbers(31, 35)...)
		for range 2 {
			if r := s.run(words...); r != (result{}) {
				t.Errorf("%v: %+v", flags, r)
			}
		}
		s.expect(target, numbers(1, 35)...)
		if n := s.server.Committed(group, topic); flags != nil && n != 35 {
			t.Errorf("%v: %d is committed", flags, n)
		}
	}
}

// TestStartOffset begins where it is told, and from then on where it was, even if
// nothing had come.
func TestStartOffset(t *testing.T) {
	for _, flags := range [][]string{nil, {"--group", group}} {
		s := newSuite(t, 2)
		s.server.Push(topic, numbers(1, 3)...)
		words := append(s.words(append(flags, "--start-offset", "latest")...), s.then()...)
		if r := s.run(words...); r != (result{}) {
			t.Errorf("%v: %+v", flags, r)
		}
		s.expect(target)
		s.server.Push(topic, numbers(4, 5)...)
		s.server.Produce(&kgo.Record{Topic: topic, Partition: 1, Value: []byte(numbers(6, 6)[0])})
		for range 2 {
			if r := s.run(words...); r != (result{}) {
				t.Errorf("%v: %+v", flags, r)
			}
		}
		if got := s.server.Values(target); len(got) != 3 {
			t.Errorf("%v: %q", flags, got)
		}
	}
	s := newSuite(t, 1)
	for day := 1; day <= 3; day++ {
		s.server.Produce(&kgo.Record{Topic: topic, Value: []byte(numbers(day, day)[0]), Timestamp: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)})
	}
	for start, want := range map[string]int{"2026-01-02T00:00:00Z": 2, "2026-01-03T01:00:00+01:00": 1, "2026-02-01T00:00:00Z": 0} {
		if r := s.run(s.words("--start-offset", start)...); strings.Count(r.stdout, "\n") != want || r.code != 0 {
			t.Errorf("%s: %+v", start, r)
		}
	}
	if r := s.run(s.words("--start-offset", "soon")...); r.code != 2 || !strings.Contains(r.stderr, "earliest, latest or a time") {
		t.Errorf("%+v", r)
	}
}

// TestBadMessages go into the dump, and the others on.
func TestBadMessages(t *testing.T) {
	s := newSuite(t, 1)
	bad := []string{`{"source.ip": "192.0.2.`, "\x80", `{"__type": "Commit", "id": "S:1:n"}`, `["x"]`, `{"comment": "` + strings.Repeat("x", 2000) + `"}`}
	s.server.Push(topic, numbers(1, 1)...)
	s.server.Push(topic, bad...)
	s.server.Push(topic, numbers(2, 2)...)
	r := s.run(append(s.words("--max-message", "1000"), s.then()...)...)
	if r.code != 1 || strings.Count(r.stderr, "\n") != len(bad)+1 || !strings.Contains(r.stderr, "events/0:3: a control line is no message") || !strings.Contains(r.stderr, "events/0:5: 2015 bytes are too large, see --max-message") {
		t.Errorf("%+v", r)
	}
	if got := s.server.Values(target); len(got) != 2 {
		t.Errorf("%q", got)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "collect-kafka.dump"))
	if err != nil || strings.Count(string(text), "\n") != len(bad) {
		t.Errorf("the dump has %s, %v", text, err)
	}
	if r := s.run(append(s.words(), s.then()...)...); r != (result{}) {
		t.Errorf("again: %+v", r)
	}
}

// TestErrors end at once, each with a way out.
func TestErrors(t *testing.T) {
	s := newSuite(t, 1)
	for want, words := range map[string][]string{
		`there is no topic "evnets"; did you mean events?`:           {"--topic", "evnets"},
		`there is no topic "quite-another"; it has to be made first`: {"--topic", "quite-another"},
		`kafka 127.0.0.1:9: `:                                          {"--topic", topic, "--bootstrap-servers", "127.0.0.1:9"},
		`--group-instance-id: only a group has members`:                {"--topic", topic, "--group-instance-id", "x"},
		`--topic: "a b": the name of a topic has letters`:              {"--topic", "a b"},
		`--sasl-username: the password is missing`:                     {"--topic", topic, "--sasl-username", "x"},
		`see --ssl and --timeout`:                                      {"--topic", topic, "--ssl", "--timeout", "1"},
		`--ssl-cafile: open ` + s.dir + `/none: no such file or direc`: {"--topic", topic, "--ssl-cafile", s.dir + "/none"},
	} {
		begun := time.Now()
		r := s.run(append([]string{"collect-kafka", "--bootstrap-servers", s.server.Addr()}, words...)...)
		code := 3
		if strings.HasPrefix(want, "--") {
			code = 2
		}
		if r.code != code || !strings.Contains(r.stderr, want) || strings.Count(r.stderr, "\n") > 2 || time.Since(begun) > 20*time.Second {
			t.Errorf("%s: %+v", want, r)
		}
	}
}

// TestNothingIsGivenUp when the pipeline ends with nothing acknowledged.
func TestNothingIsGivenUp(t *testing.T) {
	s := newSuite(t, 1)
	s.server.Push(topic, numbers(1, 2)...)
	for _, flags := range [][]string{nil, {"--group", group}} {
		r := s.run(append(s.words(append(flags, "--restarts", "1")...), "--", "sh", "-c", "head -n 2 >/dev/null")...)
		if r.code != 3 || !strings.Contains(r.stderr, "events/0") {
			t.Errorf("%+v", r)
		}
	}
	if n := s.server.Committed(group, topic); n > 0 {
		t.Errorf("%d is committed", n)
	}
	if r := s.run(append(s.words("--group", group), s.then()...)...); r != (result{}) {
		t.Errorf("%+v", r)
	}
	if got := s.server.Values(target); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

// TestDeleted says how many messages a broker has deleted before they were read,
// and begins anew with a topic that was made anew.
func TestDeleted(t *testing.T) {
	for _, flags := range [][]string{nil, {"--group", group}} {
		s := newSuite(t, 1)
		s.server.Push(topic, numbers(1, 10)...)
		words := append(s.words(flags...), s.then()...)
		if r := s.run(words...); r != (result{}) {
			t.Errorf("%v: %+v", flags, r)
		}
		s.server.Push(topic, numbers(11, 20)...)
		if err := s.server.Cluster.DeleteRecords(topic, 0, 15); err != nil {
			t.Fatal(err)
		}
		r := s.run(words...)
		if r.code != 1 || !strings.Contains(r.stderr, "events/0: the broker has deleted 5 messages before they were read, from offset 10") {
			t.Errorf("%v: %+v", flags, r)
		}
		if got := s.server.Values(target); len(got) != 15 {
			t.Errorf("%v: %d messages", flags, len(got))
		}
		if flags != nil {
			continue // the broker forgets the offsets with the topic
		}
		if err := s.server.Cluster.DeleteTopic(topic); err != nil {
			t.Fatal(err)
		}
		s.server.Topic(topic, 1, nil)
		s.server.Push(topic, numbers(21, 22)...)
		r = s.run(words...)
		if r.code != 0 || !strings.Contains(r.stderr, "events/0: there is no offset 20, the topic ends at 2 and must be another one") {
			t.Errorf("%v: %+v", flags, r)
		}
		if got := s.server.Values(target); len(got) != 17 {
			t.Errorf("%v: %d messages", flags, len(got))
		}
	}
}
