package main

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// nameServer is a name server that answers when so many questions wait for it, and
// counts them.
type nameServer struct {
	together int
	answer   string // a record without the name, or "" for SERVFAIL

	mu      sync.Mutex
	asked   map[string]int
	waiting []func()
}

// serve starts the server and returns the flags by which it is asked.
func (s *nameServer) serve(t *testing.T) []string {
	s.asked = map[string]int{}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(s.handle)}
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go server.ActivateAndServe()
	<-started
	t.Cleanup(func() { server.Shutdown() })
	return []string{"expert-gethostbyname", "--nameserver", conn.LocalAddr().String(), "--timeout", "60", "--verbose"}
}

func (s *nameServer) handle(w dns.ResponseWriter, q *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := q.Question[0].Name
	s.asked[name]++
	reply := new(dns.Msg).SetReply(q)
	if s.answer == "" {
		reply.Rcode = dns.RcodeServerFailure
	} else if rr, err := dns.NewRR(name + " " + s.answer); err == nil {
		reply.Answer = append(reply.Answer, rr)
	}
	s.waiting = append(s.waiting, func() { w.WriteMsg(reply) })
	if len(s.waiting) >= s.together {
		for _, send := range s.waiting {
			send()
		}
		s.waiting = nil
	}
}

// total is how many questions there were, and for how many names.
func (s *nameServer) total() (questions, names int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.asked {
		questions += n
	}
	return questions, len(s.asked)
}

// hosts are n events with so many names.
func hosts(n, names int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"source.fqdn\":\"host%d.example.org\",\"source.port\":%d}\n", i%names, i%65536)
	}
	return b.String()
}

// TestManyJobs: with --jobs 64 there are 64 questions on their way, for the server
// answers no sooner, and what comes out are the bytes of --jobs 1.
func TestManyJobs(t *testing.T) {
	input := hosts(640, 640)
	var out []string
	for _, jobs := range []int{1, 64} {
		s := &nameServer{together: jobs, answer: "60 IN A 192.0.2.1"}
		r := inProcess(t.TempDir(), append(s.serve(t), "--jobs", fmt.Sprint(jobs)), strings.NewReader(input))
		if r.exit != 0 || !strings.HasSuffix(r.stderr, "; names: asked 640\n") {
			t.Fatalf("--jobs %d: exit code %d: %s", jobs, r.exit, r.stderr)
		}
		out = append(out, r.stdout)
	}
	if out[0] != out[1] || strings.Count(out[0], `"source.ip":"192.0.2.1"`) != 640 {
		t.Error("--jobs 64 gives other bytes than --jobs 1")
	}
}

// TestCacheOfProcesses: 100,000 events with 100 names are 100 questions, of two
// processes at the same time together, and none of the next run.
func TestCacheOfProcesses(t *testing.T) {
	dir := t.TempDir()
	s := &nameServer{answer: "3600 IN A 192.0.2.1"}
	words := append(s.serve(t), "--cache", filepath.Join(dir, "answers"))
	input := hosts(100_000, 100)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if r := asProcess(t, dir, words, strings.NewReader(input)); r.exit != 0 || strings.Count(r.stdout, `"source.ip":"192.0.2.1"`) != 100_000 {
				t.Errorf("exit code %d: %s", r.exit, r.stderr)
			}
		})
	}
	all.Wait()
	if questions, _ := s.total(); questions != 100 {
		t.Errorf("%d questions", questions)
	}
	r := asProcess(t, dir, append(words, "--offline"), strings.NewReader(input))
	if questions, _ := s.total(); questions != 100 || r.exit != 0 || !strings.HasSuffix(r.stderr, "; names: asked 0, from cache 100000\n") {
		t.Errorf("the next run: %d questions, exit code %d: %s", questions, r.exit, r.stderr)
	}
}

// TestFailingServer: as --on-error says, and a failure is nothing that the next
// run remembers.
func TestFailingServer(t *testing.T) {
	dir := t.TempDir()
	s := &nameServer{}
	words := append(s.serve(t), "--cache", filepath.Join(dir, "answers"), "--retries", "0", "--jobs", "1")
	for _, c := range []struct {
		how          string
		exit, passed int
		last         string
	}{
		{"dump", 1, 0, "; names: asked 1, from cache 1, failed 2\n"},
		{"pass", 0, 2, "read 2, passed 2; names: asked 1, from cache 1, failed 2\n"},
		{"stop", 3, 0, ""},
	} {
		before, _ := s.total()
		r := asProcess(t, dir, append(slices.Clone(words), "--on-error", c.how), strings.NewReader(hosts(2, 1)))
		after, _ := s.total()
		if r.exit != c.exit || strings.Count(r.stdout, "\n") != c.passed || !strings.Contains(r.stderr, c.last) || after != before+1 {
			t.Errorf("--on-error %s: exit code %d, %d questions, %s%s", c.how, r.exit, after-before, r.stdout, r.stderr)
		}
	}
}
