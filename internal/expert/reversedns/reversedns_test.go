package reversedns

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/miekg/dns"

	resolver "github.com/intelpipe/intelpipe/internal/client/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestHost has what owners of addresses write into PTR records.
func TestHost(t *testing.T) {
	for name, want := range map[string]string{
		"www.example.org": "www.example.org", "WWW.Example.ORG": "www.example.org", "localhost": "localhost",
		"a_b.example.org": "a_b.example.org", "-a-.example.org": "-a-.example.org", "192-0-2-1.example.org": "192-0-2-1.example.org",
		"xn--bcher-kva.example.org": "xn--bcher-kva.example.org", "b\u00fccher.example.org": "xn--bcher-kva.example.org",
		"": "", ".": "", "-": "", "N/A": "", "1234": "", "192.0.2.1": "", "2001:db8::1": "", "a..example.org": "",
		`a\032b.example.org`: "", `a\000.example.org`: "", `a\.b.example.org`: "", `\195\188.example.org`: "",
		"a b.example.org": "", "a\x1b[2J.example.org": "", "<script>.example.org": "", "a@example.org": "", "*.example.org": "",
		"0/25.example.org": "", "www.example.org:80": "", strings.Repeat("a", 64) + ".example.org": "",
	} {
		if got, ok := host(name); ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q, %v, want %q", name, got, ok, want)
		}
	}
}

// serve answers PTR queries with the names that records has for the query, all
// for a minute; SERVFAIL and NXDOMAIN stand for themselves.
func serve(t *testing.T, records map[string]string, asked *atomic.Int64) string {
	started := make(chan struct{})
	s := &dns.Server{Addr: "127.0.0.1:0", Net: "udp", NotifyStartedFunc: func() { close(started) }}
	s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		reply := new(dns.Msg).SetReply(q)
		switch text := records[q.Question[0].Name]; text {
		case "SERVFAIL":
			reply.Rcode = dns.RcodeServerFailure
		case "NXDOMAIN":
			reply.Rcode = dns.RcodeNameError
			rr, _ := dns.NewRR("in-addr.arpa. 900 IN SOA ns.example.org. root.example.org. 1 2 3 4 900")
			reply.Ns = append(reply.Ns, rr)
		default:
			for name := range strings.FieldsSeq(text) {
				rr, err := dns.NewRR(q.Question[0].Name + " 120 IN PTR " + name)
				if err != nil {
					panic(err)
				}
				reply.Answer = append(reply.Answer, rr)
			}
		}
		w.WriteMsg(reply)
	})
	ended := make(chan error, 1)
	go func() { ended <- s.ListenAndServe() }()
	select {
	case <-started:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Shutdown() })
	return s.PacketConn.LocalAddr().String()
}

// TestRedis reads what IntelMQ keeps, and keeps what it can read, for as long as
// the name servers say; an answer without a host for --cache-ttl-invalid-response,
// and a failure not at all.
func TestRedis(t *testing.T) {
	asked := new(atomic.Int64)
	server := serve(t, map[string]string{
		"1.2.0.192.in-addr.arpa.": "192.0.2.1. WWW.example.org.", "2.2.0.192.in-addr.arpa.": `a\032b.example.org.`,
		"3.2.0.192.in-addr.arpa.": "NXDOMAIN", "4.2.0.192.in-addr.arpa.": "SERVFAIL", "5.2.0.192.in-addr.arpa.": "",
		"7.2.0.192.in-addr.arpa.": "mended.example.org.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.": "six.example.org.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.": "one.example.org.",
	}, asked)
	redis := miniredis.RunT(t)
	db := redis.DB(7)
	const bits = "110000000000000000000010" // of 192.0.2
	for key, text := range map[string]string{bits + "00000110": "Old.Example.org.", bits + "00000111": `a\032b.example.org.`, bits + "00001000": none} {
		db.Set(key, text)
	}
	c := &Command{CacheTtlInvalidResponse: 30, DNS: resolver.Flags{Nameserver: server, Timeout: 10}, Flags: lookup.Flags{
		RedisCacheHost: redis.Host(), RedisCachePort: redis.Server().Addr().Port, RedisCacheDB: 7, RedisCacheTTL: 86400, CacheTTLMissing: 86400, OnError: "pass"}}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time out of memory
		for address, want := range map[string]string{
			"192.0.2.1": "www.example.org", "192.0.2.2": "", "192.0.2.3": "", "192.0.2.4": "", "192.0.2.5": "", "192.0.2.6": "old.example.org",
			"192.0.2.7": "mended.example.org", "192.0.2.8": "", "2001:db8::1": "six.example.org", "::1": "one.example.org", "no address": "",
		} {
			m := event.New(event.Event, nil)
			if err := m.Decode([]byte(`{"source.ip":"` + address + `"}`)); err != nil {
				t.Fatal(err)
			}
			if err := c.Process(context.Background(), m, func(*event.Message) error { return nil }); err != nil || m.Get("source.reverse_dns") != want {
				t.Errorf("%s: got %s, %v, want %s", address, m, err, want)
			}
		}
	}
	if n := asked.Load(); n != 8 {
		t.Errorf("the server was asked %d times", n)
	}
	for key, want := range map[string]struct {
		text string
		ttl  time.Duration
	}{
		bits + "00000001": {"www.example.org.", 2 * time.Minute}, bits + "00000010": {none, 30 * time.Second}, bits + "00000011": {none, 15 * time.Minute},
		bits + "00000100": {}, bits + "00000101": {none, 30 * time.Second}, bits + "00000111": {"mended.example.org.", 2 * time.Minute},
		"10000000000001" + "0000110110111000" + strings.Repeat("0", 95) + "1": {"six.example.org.", 2 * time.Minute}, "6_1": {"one.example.org.", 2 * time.Minute},
	} {
		if text, _ := db.Get(key); text != want.text || db.TTL(key) != want.ttl {
			t.Errorf("%s is %q for %v, want %q for %v", key, text, db.TTL(key), want.text, want.ttl)
		}
	}
	if n := len(db.Keys()); n != 9 {
		t.Errorf("%d keys: %v", n, db.Keys())
	}
}

// TestNotRemembered: with --cache-ttl-invalid-response 0 whoever has no name is
// asked for each time.
func TestNotRemembered(t *testing.T) {
	asked := new(atomic.Int64)
	server := serve(t, map[string]string{"1.2.0.192.in-addr.arpa.": "SERVFAIL"}, asked)
	c := &Command{DNS: resolver.Flags{Nameserver: server, Timeout: 10}, Flags: lookup.Flags{RedisCacheTTL: 86400, CacheTTLMissing: 86400, OnError: "dump"}}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	for n, address := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"} {
		m := event.New(event.Event, nil)
		m.Set("destination.ip", address)
		err := c.Process(context.Background(), m, func(*event.Message) error { return nil })
		if failed := n < 2; (err != nil) != failed || m.Has("destination.reverse_dns") {
			t.Errorf("%s: %s, %v", address, m, err)
		}
	}
	if n := asked.Load(); n != 4 {
		t.Errorf("the server was asked %d times", n)
	}
}
