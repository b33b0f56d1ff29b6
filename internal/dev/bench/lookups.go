package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// What is asked of lookups, of which the far end is a name server in this process.
const (
	slow       = 20 * time.Millisecond // to answer
	slowKeys   = 1280                  // events, each with a key of its own
	manyEvents = 100_000
	fewKeys    = 100
	fasterBy   = 50 // with 64 jobs
)

// readyBar is how long an expert may take to start on a million prefixes and to
// answer for one event.
const readyBar = 50 * time.Millisecond

// extra are rows that are no ratio of two jobs.
type extra struct {
	rows   [][]string
	missed []string
}

// add adds a row: what was measured, in words, and what was wanted.
func (x *extra) add(task, ours, name, ref, refName, ratio, bar string, ok bool, err error) {
	verdict := "ok"
	switch {
	case err != nil:
		verdict = "FAILED"
		x.missed = append(x.missed, fmt.Sprintf("%s: %v", task, err))
	case !ok:
		verdict = "MISSED"
		x.missed = append(x.missed, fmt.Sprintf("%s: %s%s, bar %s", task, ours, ratio, bar))
	}
	x.rows = append(x.rows, []string{task, ours, name, ref, refName, ratio, bar, verdict})
}

// measureReady starts expert-asn-lookup for one event, and says what memory it
// takes for all.
func (x *extra) measureReady(ctx context.Context, p places, env []string) {
	const task = "ready with a million prefixes"
	one := filepath.Join(p.dir, "one.ndjson")
	if err := os.WriteFile(one, []byte(`{"source.ip":"192.0.2.1"}`+"\n"), 0o600); err != nil {
		x.add(task, "", "expert-asn-lookup", "", "", "", "", false, err)
		return
	}
	j := job{input: one, lines: 1, procs: [][]string{p.command("expert-asn-lookup", "--database", p.table())}}
	err := j.check(ctx, env)
	least := time.Duration(0)
	for range startRuns {
		if u, failed := j.run(ctx, env, nil); failed != nil {
			err = failed
		} else if least == 0 || u.wall < least {
			least = u.wall
		}
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
	x.add(task, ms(least), "expert-asn-lookup", "", "", "", "≤ "+ms(readyBar), least <= readyBar, err)

	j.input = p.events()
	u, err := j.run(ctx, env, nil)
	size := ""
	if info, err := os.Stat(p.table()); err == nil {
		size = fmt.Sprintf("%.1f MiB", mebibytes(info.Size()))
	}
	x.add("memory with a million prefixes", fmt.Sprintf("%.1f MiB", mebibytes(u.rss)), "expert-asn-lookup", size, "compiled file", "", "none", true, err)
}

// measureLookups counts what expert-reverse-dns asks, and how long it waits.
func (x *extra) measureLookups(ctx context.Context, p places, env []string) error {
	server, err := startNames()
	if err != nil {
		return err
	}
	defer server.stop()
	distinct, repeated := filepath.Join(p.dir, "distinct.ndjson"), filepath.Join(p.dir, "repeated.ndjson")
	if err := writeAddresses(distinct, slowKeys, slowKeys); err != nil {
		return err
	}
	if err := writeAddresses(repeated, manyEvents, fewKeys); err != nil {
		return err
	}
	lookup := func(input string, flags ...string) job {
		args := append([]string{"expert-reverse-dns", "--nameserver", server.addr}, flags...)
		return job{input: input, procs: [][]string{p.command(args...)}}
	}

	server.wait.Store(int64(slow))
	ours, ref := sha256.New(), sha256.New()
	many, one := lookup(distinct, "--jobs", "64"), lookup(distinct, "--jobs", "1")
	fast, err := many.timed(ctx, env, ours)
	if err == nil {
		var alone time.Duration
		if alone, err = one.timed(ctx, env, ref); err == nil && !bytes.Equal(ours.Sum(nil), ref.Sum(nil)) {
			err = fmt.Errorf("the bytes are not the same")
		}
		ratio := float64(alone) / float64(max(fast, 1))
		x.add("wait for a server of 20 ms", fmt.Sprintf("%.2f s", fast.Seconds()), "expert-reverse-dns --jobs 64", fmt.Sprintf("%.2f s", alone.Seconds()), "--jobs 1",
			fmt.Sprintf("%.2f", ratio), bar{fasterBy, atLeast}.String(), ratio >= fasterBy, err)
	} else {
		x.add("wait for a server of 20 ms", "", "expert-reverse-dns --jobs 64", "", "", "", "", false, err)
	}

	server.wait.Store(int64(slow / 10))
	requests := func(task string, want int64, work func() error) {
		before := server.asked.Load()
		err := work()
		n := server.asked.Load() - before
		x.add(task, fmt.Sprint(n), "requests", "", "", "", fmt.Sprintf("= %d", want), n == want, err)
	}
	run := func(flags ...string) func() error {
		return func() error {
			j := lookup(repeated, flags...)
			j.lines = manyEvents
			return j.check(ctx, env)
		}
	}
	cache := []string{"--cache", filepath.Join(p.dir, "cache")}
	shared := []string{"--cache", filepath.Join(p.dir, "shared")}
	requests(fmt.Sprintf("%d events, %d keys", manyEvents, fewKeys), fewKeys, run("--jobs", "64"))
	requests("the same with --cache", fewKeys, run(cache...))
	requests("once more with --cache", 0, run(cache...))
	requests("two at once on one --cache", fewKeys, func() error {
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			both.Go(func() { errs[i] = run(shared...)() })
		}
		both.Wait()
		if errs[0] != nil {
			return errs[0]
		}
		return errs[1]
	})
	return ctx.Err()
}

// timed runs the job and returns the time that has passed.
func (j *job) timed(ctx context.Context, env []string, out hash.Hash) (time.Duration, error) {
	u, err := j.run(ctx, env, out)
	return u.wall, err
}

// writeAddresses writes n events, with addresses that repeat after so many.
func writeAddresses(file string, n, keys int) error {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"source.ip":"2001:db8::%x","extra.number":%d}`+"\n", 1+i%keys, i)
	}
	return os.WriteFile(file, b.Bytes(), 0o600)
}

// names is a name server that has a name for every address, waits before it says
// so, and counts.
type names struct {
	server *dns.Server
	addr   string
	wait   atomic.Int64
	asked  atomic.Int64
}

func startNames() (*names, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &names{addr: conn.LocalAddr().String()}
	n.server = &dns.Server{PacketConn: conn, Handler: n}
	go n.server.ActivateAndServe()
	return n, nil
}

func (n *names) stop() { n.server.Shutdown() }

// ServeDNS answers one question.
func (n *names) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	n.asked.Add(1)
	time.Sleep(time.Duration(n.wait.Load()))
	reply := new(dns.Msg).SetReply(q)
	if len(q.Question) == 1 {
		name := q.Question[0].Name
		reply.Answer = []dns.RR{&dns.PTR{
			Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: 3600},
			Ptr: fmt.Sprintf("host-%c%c%c.example.org.", name[4], name[2], name[0]),
		}}
	}
	w.WriteMsg(reply)
}
