package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stage/stagetest"
)

// reader is collect-kafka as a process with a pipeline of two processes, which
// moves events to the second topic.
type reader struct {
	s      *suite
	state  string
	flags  []string
	cmd    *exec.Cmd
	ended  chan error
	starts int
}

func (s *suite) reader(name string, flags ...string) *reader {
	return &reader{s: s, state: filepath.Join(s.dir, name), flags: append([]string{"--restarts", "1000", "--window-messages", "50", "--window-age", "0.2"}, flags...)}
}

func (r *reader) start(flags ...string) {
	script := "cat | output-kafka --timeout 5 --bootstrap-servers $BROKER --topic " + target
	words := append(r.s.words(r.flags...), flags...)
	os.MkdirAll(r.state, 0o700)
	r.cmd = r.s.process(r.state, append(words, "--", "sh", "-c", script)...)
	stderr, err := os.OpenFile(r.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.s.Fatal(err)
	}
	defer stderr.Close()
	r.cmd.Stderr = stderr
	if err := r.cmd.Start(); err != nil {
		r.s.Fatal(err)
	}
	r.starts++
	cmd, ended := r.cmd, make(chan error, 1)
	r.ended = ended
	go func() { ended <- cmd.Wait() }()
}

func (r *reader) log() string { return filepath.Join(r.state, "stderr") }

// kill kills the reader or a process of its pipeline. A reader that has ended is
// started again as systemd would.
func (r *reader) kill(rnd *rand.Rand) {
	select {
	case <-r.ended:
		r.start("--follow")
	default:
	}
	all := killing.Family(r.cmd.Process.Pid)
	victim := all[rnd.IntN(len(all))]
	syscall.Kill(victim, syscall.SIGKILL)
	if victim == all[0] {
		<-r.ended
		r.start("--follow")
	}
}

// stop ends the reader as systemd does, which has to work.
func (r *reader) stop() {
	r.s.Helper()
	r.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-r.ended; err != nil {
		text, _ := os.ReadFile(r.log())
		r.s.Errorf("SIGTERM: %v\n%s", err, text)
	}
}

// drain takes what is left.
func (r *reader) drain() {
	r.s.Helper()
	r.start()
	if err := <-r.ended; err != nil {
		text, _ := os.ReadFile(r.log())
		r.s.Errorf("the last run: %v\n%s", err, text)
	}
}

// count tells how many of the events are not in the second topic, and how many
// times one is there again.
func (s *suite) count(events int) (lost, twice int) {
	s.Helper()
	seen := map[string]int{}
	all := s.server.Values(target)
	for _, text := range all {
		seen[text]++
	}
	for _, text := range numbers(1, events) {
		if seen[text] == 0 {
			lost++
		}
	}
	return lost, len(all) - len(seen)
}

// spread writes events to all partitions of the first topic.
func (s *suite) spread(partitions int32, from, to int) {
	s.Helper()
	var records []*kgo.Record
	for i, text := range numbers(from, to) {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i) % partitions, Value: []byte(text)})
	}
	s.server.Produce(records...)
}

// await waits until the second topic has as many messages.
func (s *suite) await(messages int64) {
	s.Helper()
	for range 6000 {
		if s.server.Cluster.PartitionInfo(target, 0).HighWatermark >= messages {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatalf("%d messages do not come", messages)
}

// TestChaos kills the reader or a process of its pipeline, again and again, and
// now and then the broker.
func TestChaos(t *testing.T) {
	kills, window, open := killing.Times(t, 6), 50, 3
	for _, flags := range [][]string{nil, {"--group", group, "--group-instance-id", "one"}} {
		s := newSuite(t, 2)
		rnd := rand.New(rand.NewPCG(1, 1))
		r := s.reader("one", flags...)
		r.start("--follow")
		const each = 400
		for kill := range kills {
			s.spread(2, each*kill+1, each*(kill+1))
			time.Sleep(time.Duration(rnd.IntN(400)) * time.Millisecond)
			r.kill(rnd)
			if kill%10 == 3 {
				s.server.Kill()
				time.Sleep(time.Duration(rnd.IntN(1000)) * time.Millisecond)
				s.server.Restart()
			}
		}
		r.cmd.Process.Signal(syscall.SIGTERM)
		<-r.ended
		r.drain()
		lost, twice := s.count(each * kills)
		t.Logf("%v: %d events, %d kills, %d lost, %d twice, %d starts", flags, each*kills, kills, lost, twice, r.starts)
		if lost > 0 || twice > (kills+1)*open*window {
			t.Errorf("%d lost, %d twice", lost, twice)
		}
	}
}

// TestRebalance has a second member come and go while events come: each event
// arrives once, since what a member has in its hands is committed first.
func TestRebalance(t *testing.T) {
	s := newSuite(t, 4)
	one, two := s.reader("one", "--group", group), s.reader("two", "--group", group)
	one.start("--follow")
	events := 0
	more := func(rounds int) {
		for range rounds {
			s.spread(4, events+1, events+100)
			events += 100
			time.Sleep(50 * time.Millisecond)
		}
	}
	more(10)
	s.await(100)
	two.start("--follow")
	more(10)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := s.server.Cluster.WaitGroupStable(ctx, group, 2); err != nil {
		t.Fatal(err)
	}
	more(10)
	two.stop()
	more(10)
	s.await(int64(events))
	one.stop()
	lost, twice := s.count(events)
	t.Logf("%d events, %d lost, %d twice", events, lost, twice)
	if lost > 0 || twice > 0 {
		for _, r := range []*reader{one, two} {
			text, _ := os.ReadFile(r.log())
			t.Logf("%s", text)
		}
		t.Errorf("%d lost, %d twice", lost, twice)
	}
}

// TestBrokerGoesAway for a while, and then for longer than --timeout.
func TestBrokerGoesAway(t *testing.T) {
	for _, flags := range [][]string{nil, {"--group", group, "--group-instance-id", "one"}} {
		s := newSuite(t, 1)
		r := s.reader("one", append(flags, "--timeout", "10")...)
		r.start("--follow")
		s.spread(1, 1, 500)
		s.await(500)
		s.server.Kill()
		time.Sleep(time.Second)
		s.server.Restart()
		s.spread(1, 501, 1000)
		s.await(1000)
		r.stop()
		if lost, twice := s.count(1000); lost > 0 || twice > 0 {
			t.Errorf("%v: %d lost, %d twice", flags, lost, twice)
		}
		r.flags = append(r.flags, "--timeout", "1")
		r.start("--follow")
		s.spread(1, 1001, 1100)
		s.await(1100)
		s.server.Kill()
		err := <-r.ended
		text, _ := os.ReadFile(r.log())
		if err == nil || err.Error() != "exit status 3" || !strings.Contains(string(text), "no answer within 1s, see --timeout: ") {
			t.Errorf("%v: %v, %s", flags, err, text)
		}
		s.server.Restart()
		r.drain()
		if lost, _ := s.count(1100); lost > 0 {
			t.Errorf("%v: %d lost", flags, lost)
		}
	}
}

// TestCrashes leaves windows open, and one acknowledged of which the group was not
// told. Nothing that is acknowledged comes again, and the rest as it was.
func TestCrashes(t *testing.T) {
	for _, name := range []string{"", group} {
		s := newSuite(t, 1)
		s.server.Push(topic, numbers(1, 95)...)
		c := &Command{Events: true}
		c.BootstrapServers, c.Timeout, c.SSLCheckHostname = []string{s.server.Addr()}, 60, true
		c.Topic, c.Group, c.StartOffset, c.MaxMessage = []string{topic}, name, "earliest", 1<<20
		if err := c.Start(t.Context(), stage.Standalone()); err != nil {
			t.Fatal(err)
		}
		var got, positions []string
		d := stagetest.Driver{Receiver: c, Window: 10, Open: 3, Emit: func(m *event.Message) error {
			got = append(got, string(m.Line()))
			return nil
		}}
		want := func(from, to int) {
			t.Helper()
			if fmt.Sprint(got) != fmt.Sprint(numbers(from, to)) {
				t.Errorf("%s: got %q, want %d to %d", name, got, from, to)
			}
			got = nil
		}
		d.Sent = func(window []stage.Delivery) error {
			for _, m := range window {
				positions = append(positions, m.Position)
			}
			if len(positions) == 50 {
				return stagetest.ErrCrash // after windows 1 and 2; the first delivery says where the partition begins
			}
			return nil
		}
		if err := d.Run(t.Context()); err == nil {
			t.Error("no crash")
		}
		want(1, 49)
		open := positions[20:]
		positions = nil
		d.Forget = true
		if err := d.Run(t.Context()); err == nil {
			t.Error("no crash")
		}
		want(20, 49)
		if fmt.Sprint(positions) != fmt.Sprint(open) {
			t.Errorf("%s: the positions were %q, and are %q", name, open, positions)
		}
		if n := s.server.Committed(group, topic); name != "" && n != 19 {
			t.Errorf("%d is committed", n)
		}
		d.Forget, d.Sent = false, nil
		if err := d.Run(t.Context()); err != nil {
			t.Error(err)
		}
		want(30, 95)
		if n := s.server.Committed(group, topic); name != "" && n != 95 {
			t.Errorf("%d is committed", n)
		}
	}
}
