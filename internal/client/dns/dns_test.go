package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/intelpipe/intelpipe/internal/dev/server"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// serve answers on a free port of UDP and TCP and returns its address.
func serve(t *testing.T, handle func(w dns.ResponseWriter, query *dns.Msg)) string {
	t.Helper()
	var udp net.PacketConn
	var tcp net.Listener
	for range 20 {
		var err error
		if udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if tcp, err = net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			break
		}
		udp.Close() // somebody else has that port of TCP
	}
	if tcp == nil {
		t.Fatal("no port is free for both UDP and TCP")
	}
	for _, s := range []*dns.Server{{PacketConn: udp}, {Listener: tcp}} {
		started := make(chan struct{})
		s.Handler = dns.HandlerFunc(handle)
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe()
		<-started
		t.Cleanup(func() { s.Shutdown() })
	}
	return udp.LocalAddr().String()
}

// answers replies with records in the form of zone files, or a code.
func answers(w dns.ResponseWriter, query *dns.Msg, code int, records ...string) {
	reply := new(dns.Msg).SetRcode(query, code)
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		if rr.Header().Rrtype == dns.TypeSOA {
			reply.Ns = append(reply.Ns, rr)
		} else {
			reply.Answer = append(reply.Answer, rr)
		}
	}
	w.WriteMsg(reply)
}

func resolver(t *testing.T, server string, timeout float64) *Resolver {
	t.Helper()
	r, err := New(Flags{Nameserver: server, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFailures(t *testing.T) {
	var asked atomic.Int32
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		switch q.Question[0].Name {
		case "missing.example.org.":
			answers(w, q, dns.RcodeNameError, "example.org. 60 IN SOA ns.example.org. a.example.org. 1 2 3 4 60")
		case "nodata.example.org.":
			answers(w, q, dns.RcodeSuccess)
		case "servfail.example.org.":
			answers(w, q, dns.RcodeServerFailure)
		case "refused.example.org.":
			answers(w, q, dns.RcodeRefused)
		case "loop.example.org.":
			answers(w, q, dns.RcodeSuccess, "loop.example.org. 60 IN CNAME loop.example.org.")
		case "other.example.org.":
			q.Question[0].Name = "evil.example.org."
			answers(w, q, dns.RcodeSuccess, "evil.example.org. 60 IN A 192.0.2.66")
		}
	})
	r := resolver(t, server, 5)
	for _, c := range []struct {
		name  string
		want  error
		times int32 // that the server is asked
	}{
		{"missing.example.org", ErrNotFound, 1},
		{"nodata.example.org", ErrNoData, 1},
		{"servfail.example.org", ErrTemporary, 1},
		{"refused.example.org", ErrRefused, 1},
		{"other.example.org", ErrTemporary, 1},
		{strings.Repeat("a", 64) + ".example.org", ErrNotFound, 0},
		{"a..example.org", ErrNotFound, 0},
	} {
		asked.Store(0)
		got, err := r.Lookup(context.Background(), c.name, A)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
		var again *stage.RetryAfter
		if missing := c.want == ErrNotFound || c.want == ErrNoData; errors.Is(err, lookup.ErrNotThere) != missing || errors.As(err, &again) != (c.want == ErrTemporary) {
			t.Errorf("%s: a lookup takes %v for something else", c.name, err)
		}
		if n := asked.Load(); n != c.times {
			t.Errorf("%s: the server was asked %d times, want %d", c.name, n, c.times)
		}
	}
	if _, err := r.Lookup(context.Background(), "loop.example.org", A); !errors.Is(err, ErrTemporary) {
		t.Errorf("an alias of itself: %v", err)
	}
}

// TestNames has names that are asked for in another form, and names that no host
// can have.
func TestNames(t *testing.T) {
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		name := q.Question[0].Name
		answers(w, q, dns.RcodeSuccess, name+" 60 IN TXT "+name)
	})
	r := resolver(t, server, 5)
	for name, want := range map[string]string{
		"www.example.org": "www.example.org.", "WWW.Example.org.": "www.example.org.", "_a.example": "_a.example.", "*.example.org": "*.example.org.",
		"b\u00fccher.example": "xn--bcher-kva.example.", "B\u00dcCHER\u3002example\u3002": "xn--bcher-kva.example.", "stra\u00dfe.example": "strasse.example.",
		"0/25.2.0.192.in-addr.arpa": "0/25.2.0.192.in-addr.arpa.",
		"a b.example":               "", "a@b.example": "", `"a".example`: "", `a\.b.example`: "", "a(b.example": "", "a;b.example": "", "a\x00.example": "", "a\n.example": "",
		"a\u00adb c.example": "", "\u202ea.example": "", "a\xff.example": "a.example.", "b\u00fc..example": "", strings.Repeat("\u00fc", 70) + ".example": "",
	} {
		got, err := r.Lookup(context.Background(), name, TXT)
		if want == "" && !errors.Is(err, ErrNotFound) || want != "" && (err != nil || got[0] != want) {
			t.Errorf("%q: got %v, %v, want %s", name, got, err, want)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r := resolver(t, silent.LocalAddr().String(), 0.01)
	if _, err := r.Lookup(context.Background(), "www.example.org", A); !errors.Is(err, ErrTemporary) {
		t.Errorf("got %v", err)
	}
}

// TestGarbage has a server, or somebody who is faster than it, that sends what is
// no answer. Each is a failure for now, and no record is made of it.
func TestGarbage(t *testing.T) {
	whole := func(query []byte) []byte {
		var q dns.Msg
		if err := q.Unpack(query); err != nil {
			panic(err)
		}
		rr, _ := dns.NewRR("www.example.org. 60 IN A 192.0.2.66")
		reply := new(dns.Msg).SetReply(&q)
		reply.Answer = append(reply.Answer, rr)
		data, _ := reply.Pack()
		return data
	}
	for name, garble := range map[string]func(query []byte) []byte{
		"noise":            func([]byte) []byte { return []byte("\xff\x00HTTP/1.1 400 Bad Request\r\n\r\n") },
		"nothing":          func([]byte) []byte { return nil },
		"half a header":    func(query []byte) []byte { return whole(query)[:6] },
		"half an answer":   func(query []byte) []byte { data := whole(query); return data[:len(data)-3] },
		"a header alone":   func(query []byte) []byte { return whole(query)[:12] },
		"the query itself": func(query []byte) []byte { return query },
		"another number":   func(query []byte) []byte { data := whole(query); data[0] ^= 1; return data },
		"a loop of names": func(query []byte) []byte {
			data := whole(query)
			return append(data[:12], 0xc0, 12, 0, 1, 0, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			go func() {
				query := make([]byte, 1500)
				for {
					n, from, err := server.ReadFrom(query)
					if err != nil {
						return
					}
					server.WriteTo(garble(query[:n]), from)
				}
			}()
			got, err := resolver(t, server.LocalAddr().String(), 0.1).Lookup(context.Background(), "www.example.org", A)
			var again *stage.RetryAfter
			if got != nil || !errors.Is(err, ErrTemporary) || !errors.As(err, &again) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// TestTruncatedTwice: the server says that there is more, and breaks off where it
// is asked for that.
func TestTruncatedTwice(t *testing.T) {
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if w.LocalAddr().Network() == "tcp" {
			w.Write([]byte("half"))
			w.Close()
			return
		}
		reply := new(dns.Msg).SetReply(q)
		rr, _ := dns.NewRR("www.example.org. 60 IN A 192.0.2.66")
		reply.Answer, reply.Truncated = append(reply.Answer, rr), true
		w.WriteMsg(reply)
	})
	if got, err := resolver(t, server, 5).Lookup(context.Background(), "www.example.org", A); got != nil || !errors.Is(err, ErrTemporary) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSecondServer(t *testing.T) {
	good := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		answers(w, q, dns.RcodeSuccess, q.Question[0].Name+" 60 IN A 192.0.2.1")
	})
	var asked atomic.Int32
	bad := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		answers(w, q, dns.RcodeRefused)
	})
	r := resolver(t, bad, 5)
	r.servers = []string{bad, good}
	for _, name := range []string{"a.example.org", "b.example.org"} {
		if got, err := r.Lookup(context.Background(), name, A); err != nil || !slices.Equal(got, []string{"192.0.2.1"}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the bad server was asked %d times: the good one is not remembered", n)
	}
}

func TestTruncatedAnswerComesByTCP(t *testing.T) {
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if w.LocalAddr().Network() == "udp" {
			reply := new(dns.Msg).SetReply(q)
			reply.Truncated = true
			w.WriteMsg(reply)
			return
		}
		var records []string
		for i := range 200 {
			records = append(records, fmt.Sprintf("big.example.org. 60 IN A 192.0.2.%d", i))
		}
		answers(w, q, dns.RcodeSuccess, records...)
	})
	got, err := resolver(t, server, 5).Lookup(context.Background(), "big.example.org", A)
	if err != nil || len(got) != 200 || got[7] != "192.0.2.7" {
		t.Errorf("got %d addresses, %v", len(got), err)
	}
}

func TestAliases(t *testing.T) {
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		switch q.Question[0].Name {
		case "www.example.org.":
			answers(w, q, dns.RcodeSuccess, "www.example.org. 60 IN CNAME WEB.example.org.",
				"web.example.org. 60 IN CNAME far.example.net.", "other.example.org. 60 IN A 192.0.2.66")
		case "far.example.net.":
			answers(w, q, dns.RcodeSuccess, "far.example.net. 60 IN A 192.0.2.9")
		case "dead.example.org.":
			answers(w, q, dns.RcodeNameError, "dead.example.org. 60 IN CNAME gone.example.org.")
		}
	})
	r := resolver(t, server, 5)
	if got, err := r.Lookup(context.Background(), "WWW.example.org", A); err != nil || !slices.Equal(got, []string{"192.0.2.9"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := r.Lookup(context.Background(), "dead.example.org", A); !errors.Is(err, ErrNotFound) {
		t.Errorf("alias of a name that does not exist: %v", err)
	}
}

// TestTTL: a lookup keeps an answer as long as the shortest of its records says.
func TestTTL(t *testing.T) {
	var asked atomic.Int32
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		ttl := "60"
		if strings.HasPrefix(q.Question[0].Name, "brief") {
			ttl = "0"
		}
		answers(w, q, dns.RcodeSuccess, q.Question[0].Name+" 60 IN CNAME x.example.org.", "x.example.org. "+ttl+" IN A 192.0.2.1")
	})
	r := resolver(t, server, 5)
	l, err := lookup.New(t.Context(), stage.Standalone(), &lookup.Flags{RedisCacheTTL: 3600}, "names", r.Fetch(A))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int32{"long.example.org": 1, "brief.example.org": 3} {
		asked.Store(0)
		for range 3 {
			if got, found, err := l.Get(t.Context(), name); !slices.Equal(got, []string{"192.0.2.1"}) || !found || err != nil {
				t.Errorf("%s: %v, %v, %v", name, got, found, err)
			}
		}
		if n := asked.Load(); n != want {
			t.Errorf("%s: asked %d times, want %d", name, n, want)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, f := range []Flags{
		{Nameserver: "127.0.0.1", Timeout: 0},
		{Nameserver: ":53", Timeout: 1}, {Nameserver: "a:b:c", Timeout: 1},
	} {
		if _, err := New(f); err == nil || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for server, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "2001:db8::1": "[2001:db8::1]:53", "[2001:db8::1]:5353": "[2001:db8::1]:5353", "ns.example.org": "ns.example.org:53",
	} {
		if got, err := address(server); got != want || err != nil {
			t.Errorf("%s: got %s, %v", server, got, err)
		}
	}
}

func TestReverse(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1":   "1.2.0.192.in-addr.arpa.",
		"2001:db8::1": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
	} {
		if got := Reverse(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %s", addr, got)
		}
	}
}

// TestDnsmasq asks a server that was not written by us.
func TestDnsmasq(t *testing.T) {
	server := server.Dnsmasq(t, `local=/example.org/
host-record=www.example.org,192.0.2.10
host-record=six.example.org,2001:db8::10
cname=alias.example.org,www.example.org
txt-record=text.example.org,abuse@example.org
`)
	r := resolver(t, server, 5)
	for _, c := range []struct {
		name string
		typ  Type
		want []string
		err  error
	}{
		{name: "www.example.org", typ: A, want: []string{"192.0.2.10"}},
		{name: "alias.example.org", typ: A, want: []string{"192.0.2.10"}},
		{name: "six.example.org", typ: A, err: ErrNoData},
		{name: "missing.example.org", typ: A, err: ErrNotFound},
		{name: "example.com", typ: A, err: ErrRefused},
		{name: Reverse(netip.MustParseAddr("192.0.2.10")), typ: PTR, want: []string{"www.example.org"}},
		{name: "text.example.org", typ: TXT, want: []string{"abuse@example.org"}},
	} {
		got, err := r.Lookup(context.Background(), c.name, c.typ)
		if !slices.Equal(got, c.want) || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
}
