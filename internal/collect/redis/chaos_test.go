package redis

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
	"github.com/intelpipe/intelpipe/internal/dev/server"
)

// TestChaos kills the source, a process of its pipeline or the server, again
// and again, while messages move from one queue to another. INTELPIPE_KILLS is
// the number of kills of processes; the server is killed a tenth as often.
func TestChaos(t *testing.T) {
	kills, window := killing.Times(t, 2), 50
	events := 400 * kills
	const open = 3 // windows
	// The test could lose what it puts into the queue itself, if the server
	// did not write that at once.
	s := &suite{t, server.StartRedis(t, "--appendfsync", "always"), t.TempDir()}
	c := &chaos{suite: s, rnd: rand.New(rand.NewPCG(1, 1)), window: window}
	c.start("--follow")
	servers := 0
	for kill := range kills {
		args := []any{queue}
		for n := events * kill / kills; n < events*(kill+1)/kills; n++ {
			args = append(args, fmt.Sprintf(`{"extra.n": %d, "__type": "Event"}`, n))
		}
		s.server.Do("LPUSH", args...)
		time.Sleep(time.Duration(c.rnd.IntN(60)) * time.Millisecond)
		c.kill()
		if kill%10 == 1 {
			servers++
			time.Sleep(time.Duration(c.rnd.IntN(60)) * time.Millisecond)
			s.server.Kill()
			s.server.Restart()
		}
	}
	c.drain()
	s.expect(queue)
	s.expect(internal)
	seen := map[string]int{}
	all := s.server.List(target)
	for _, m := range all {
		seen[m]++
	}
	lost := 0
	for n := range events {
		if seen[fmt.Sprintf(`{"__type": "Event", "extra.n": %d}`, n)] == 0 {
			lost++
		}
	}
	twice := len(all) - len(seen)
	t.Logf("%d events, %d kills, %d of the server: %d lost, %d twice, %d starts of the source", events, kills, servers, lost, twice, c.starts)
	if lost > 0 || len(seen) != events || twice > (kills+servers)*open*window {
		t.Errorf("%d lost, %d different ones, %d twice", lost, len(seen), twice)
	}
}

type chaos struct {
	*suite
	rnd    *rand.Rand
	window int
	source *exec.Cmd
	ended  chan error
	starts int
}

// start starts the source with a pipeline of two processes and a shell.
func (c *chaos) start(flags ...string) {
	script := "cat | output-redis --retry-for 5 --redis-server-port $PORT --redis-queue " + target
	words := append(c.words("--restarts", "1000", "--window-messages", strconv.Itoa(c.window), "--open-windows", "3"), flags...)
	c.source = c.process(append(words, "--", "sh", "-c", script)...)
	stderr, err := os.OpenFile(filepath.Join(c.dir, "stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.Fatal(err)
	}
	defer stderr.Close()
	c.source.Stderr = stderr
	if err := c.source.Start(); err != nil {
		c.Fatal(err)
	}
	c.starts++
	source, ended := c.source, make(chan error, 1)
	c.ended = ended
	go func() { ended <- source.Wait() }()
}

// kill kills one process. A source that has ended, since it was that or the
// server has gone, is started again as systemd would.
func (c *chaos) kill() {
	select {
	case <-c.ended:
		c.start("--follow")
	default:
	}
	all := killing.Family(c.source.Process.Pid)
	victim := all[c.rnd.IntN(len(all))]
	syscall.Kill(victim, syscall.SIGKILL)
	if victim == c.source.Process.Pid {
		<-c.ended
		c.start("--follow")
	}
}

// drain ends the source, and empties the queue.
func (c *chaos) drain() {
	c.source.Process.Signal(syscall.SIGTERM)
	<-c.ended
	c.start()
	if err := <-c.ended; err != nil {
		text, _ := os.ReadFile(filepath.Join(c.dir, "stderr"))
		c.Errorf("the last run: %v\n%s", err, text)
	}
}
