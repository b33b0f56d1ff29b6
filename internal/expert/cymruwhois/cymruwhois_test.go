package cymruwhois

import (
	"context"
	"encoding/json"
	"reflect"
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

func TestSmallest(t *testing.T) {
	const day = "2007-06-07T00:00:00+00:00"
	for _, c := range []struct {
		name    string
		answers []string
		want    network
		err     string
	}{
		{"all", []string{"64496 | 192.0.2.0/24 | AT | ripencc | 2007-06-07"}, network{ASN: "64496", Network: "192.0.2.0/24", CC: "AT", Registry: "ripencc", Allocated: day}, ""},
		{"without blanks", []string{"64496|192.0.2.0/24|AT|ripencc|2007-06-07"}, network{ASN: "64496", Network: "192.0.2.0/24", CC: "AT", Registry: "ripencc", Allocated: day}, ""},
		{"several AS", []string{"64496 64497 | 192.0.2.0/24 | | | "}, network{ASN: "64496", Network: "192.0.2.0/24"}, ""},
		{"no AS", []string{"NA | 192.0.2.0/24 | NA | NA | NA"}, network{Network: "192.0.2.0/24"}, ""},
		{"an AS that is none", []string{"{64496} | 192.0.2.0/24 | | | "}, network{Network: "192.0.2.0/24"}, ""},
		{"an AS beyond 32 bits", []string{"4294967296 | 192.0.2.0/24 | | | "}, network{Network: "192.0.2.0/24"}, ""},
		{"no network", []string{"64496 | | AT | | "}, network{ASN: "64496", CC: "AT"}, ""},
		{"nothing", []string{"NA | NA | | | "}, network{}, ""},
		{"a network behind none", []string{"64496 | | | | ", "64497 | 192.0.2.0/24 | | | "}, network{ASN: "64497", Network: "192.0.2.0/24"}, ""},
		{"none behind a network", []string{"64497 | 192.0.2.0/24 | | | ", "64496 | | | | "}, network{ASN: "64497", Network: "192.0.2.0/24"}, ""},
		{"the smallest", []string{"1 | 192.0.0.0/16 | | | ", "2 | 192.0.2.0/25 | | | ", "3 | 192.0.2.0/24 | | | "}, network{ASN: "2", Network: "192.0.2.0/25"}, ""},
		{"the first of equals", []string{"1 | 192.0.2.0/24 | | | ", "2 | 192.0.2.0/24 | | | "}, network{ASN: "1", Network: "192.0.2.0/24"}, ""},
		{"the whole Internet", []string{"1 | ::/0 | | | "}, network{ASN: "1", Network: "::/0"}, ""},
		{"a date that is none", []string{"1 | ::/0 | | | 2007-02-30"}, network{ASN: "1", Network: "::/0"}, ""},
		{"four columns", []string{"64496 | 192.0.2.0/24 | AT | ripencc"}, network{}, "five columns"},
		{"a network that is none", []string{"64496 | 192.0.2.0/33 | AT | ripencc | "}, network{}, "no network"},
		{"empty", []string{""}, network{}, "five columns"},
		{"garbage behind an answer", []string{"1 | ::/0 | | | ", "\x1b[2J"}, network{}, `\x1b`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := smallest(c.answers)
			if n != c.want && c.err == "" || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %+v, %v, want %+v, %s", n, err, c.want, c.err)
			}
		})
	}
}

// serve answers TXT queries with a text, and SERVFAIL to a text of that name;
// what texts has not is NXDOMAIN.
func serve(t *testing.T, texts map[string]string, asked *atomic.Int64) string {
	started := make(chan struct{})
	s := &dns.Server{Addr: "127.0.0.1:0", Net: "udp", NotifyStartedFunc: func() { close(started) }}
	s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		reply := new(dns.Msg).SetReply(q)
		switch text, ok := texts[q.Question[0].Name]; {
		case !ok:
			reply.Rcode = dns.RcodeNameError
		case text == "SERVFAIL":
			reply.Rcode = dns.RcodeServerFailure
		default:
			head := dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 86400}
			reply.Answer = append(reply.Answer, &dns.TXT{Hdr: head, Txt: []string{text}})
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

// TestProcess reads what IntelMQ keeps in Redis, keeps what it can read, and
// takes from the outside what fits into fields.
func TestProcess(t *testing.T) {
	asked := new(atomic.Int64)
	server := serve(t, map[string]string{
		"1.2.0.192.origin.asn.cymru.com.": "64496 | 192.0.2.0/24 | AT | ripencc | 2007-06-07", "as64496.asn.cymru.com.": `64496 | AT | ripencc | 1993-05-19 | EXAMPLE B\195\188cher, AT`,
		"2.2.0.192.origin.asn.cymru.com.": "64497 | 192.0.2.0/24 | ?? | other | ", "as64497.asn.cymru.com.": `64497 | | | | \027[2JEXAMPLE`,
		"3.2.0.192.origin.asn.cymru.com.": "64498 | 192.0.2.0/24 | | | ",
		"4.2.0.192.origin.asn.cymru.com.": "64499 | 192.0.2.0/24 | | | ", "as64499.asn.cymru.com.": "SERVFAIL",
		"5.2.0.192.origin.asn.cymru.com.":   "garbage",
		"6.2.0.192.origin.asn.cymru.com.":   "64500 | 192.0.2.0/24 | | | ",
		"as64500.asn.cymru.com.":            "64500 | NL",
		"111.2.0.192.origin.asn.cymru.com.": "64501 | 192.0.2.0/24 | | | ", "as64501.asn.cymru.com.": `64501 | | | | M\252ller`,
	}, asked)
	redis := miniredis.RunT(t)
	db := redis.DB(5)
	for key, text := range map[string]string{
		"4_192.0.2.7":   `{"asn": "64507", "network": "192.0.2.0/24", "geolocation.cc": "DE", "registry": "ripencc", "allocated": "2007-06-07T00:00:00+00:00", "as_name": "B\u00fccher"}`,
		"4_192.0.2.8":   "null",
		"4_192.0.2.9":   `{"asn": "none", "network": "x", "geolocation.cc": "Austria", "registry": "nobody", "allocated": "then", "as_name": "a\u001bb"}`,
		"4_192.0.2.111": `["what is this"]`,
		"6_2001:db8::7": `{"asn": "64507"}`,
	} {
		db.Set(key, text)
	}
	start := func(overwrite bool) *Command {
		c := &Command{Overwrite: event.Overwrite{Overwrite: overwrite}, DNS: resolver.Flags{Nameserver: server, Timeout: 10}, Flags: lookup.Flags{RedisCacheHost: redis.Host(),
			RedisCachePort: redis.Server().Addr().Port, RedisCacheDB: 5, RedisCacheTTL: 86400, CacheTTLMissing: 86400, CacheTTLFailure: 60, OnError: "dump"}}
		if err := c.Start(t.Context(), stage.Standalone()); err != nil {
			t.Fatal(err)
		}
		return c
	}
	keep, overwrite := start(false), start(true)
	for _, c := range []struct {
		command *Command
		in, out string
		err     string
	}{
		{keep, `{"source.ip":"192.0.2.1"}`, `{"source.ip":"192.0.2.1","source.asn":64496,"source.network":"192.0.2.0/24","source.geolocation.cc":"AT","source.registry":"RIPE","source.allocated":"2007-06-07T00:00:00+00:00","source.as_name":"EXAMPLE Bücher, AT"}`, ""},
		{keep, `{"source.ip":"192.0.2.2","source.registry":"ARIN"}`, `{"source.ip":"192.0.2.2","source.registry":"ARIN","source.asn":64497,"source.network":"192.0.2.0/24"}`, ""},
		{overwrite, `{"source.ip":"192.0.2.2","source.registry":"ARIN","source.asn":1}`, `{"source.ip":"192.0.2.2","source.registry":"ARIN","source.asn":64497,"source.network":"192.0.2.0/24"}`, ""},
		{keep, `{"source.ip":"192.0.2.3","destination.ip":"192.0.2.99"}`, `{"source.ip":"192.0.2.3","destination.ip":"192.0.2.99","source.asn":64498,"source.network":"192.0.2.0/24"}`, ""},
		{keep, `{"source.ip":"192.0.2.4"}`, "", "SERVFAIL"},
		{keep, `{"source.ip":"192.0.2.5"}`, "", "five columns"},
		{keep, `{"source.ip":"192.0.2.6"}`, `{"source.ip":"192.0.2.6","source.asn":64500,"source.network":"192.0.2.0/24"}`, ""},
		{keep, `{"destination.ip":"192.0.2.7"}`, `{"destination.ip":"192.0.2.7","destination.asn":64507,"destination.network":"192.0.2.0/24","destination.geolocation.cc":"DE","destination.registry":"RIPE","destination.allocated":"2007-06-07T00:00:00+00:00","destination.as_name":"Bücher"}`, ""},
		{keep, `{"source.ip":"192.0.2.8"}`, `{"source.ip":"192.0.2.8"}`, ""},
		{keep, `{"source.ip":"192.0.2.9"}`, `{"source.ip":"192.0.2.9"}`, ""},
		{keep, `{"source.ip":"2001:db8::7"}`, `{"source.ip":"2001:db8::7","source.asn":64507}`, ""},
		{keep, `{"source.ip":"192.0.2.111"}`, `{"source.ip":"192.0.2.111","source.asn":64501,"source.network":"192.0.2.0/24"}`, ""},
		{keep, `{"source.ip":"no address"}`, "", "no address"},
	} {
		before := int64(-1)
		for range 2 { // the second time out of memory
			m := event.New(event.Event, nil)
			if err := m.Decode([]byte(c.in)); err != nil {
				t.Fatal(err)
			}
			out := ""
			err := c.command.Process(context.Background(), m, func(m *event.Message) error {
				out = m.String()
				return m.Err()
			})
			if out != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %s, %v\nwant %s, %s", out, err, c.out, c.err)
			}
			if n := asked.Load(); before >= 0 && n != before {
				t.Errorf("%s: asked again", c.in)
			}
			before = asked.Load()
		}
	}
	for key, want := range map[string]string{
		"4_192.0.2.1":  `{"asn": "64496", "network": "192.0.2.0/24", "geolocation.cc": "AT", "registry": "ripencc", "allocated": "2007-06-07T00:00:00+00:00", "as_name": "EXAMPLE Bücher, AT"}`,
		"4_192.0.2.99": "null", "4_192.0.2.4": "", "4_192.0.2.5": "",
	} {
		text, _ := db.Get(key)
		var a, b any
		json.Unmarshal([]byte(text), &a)
		json.Unmarshal([]byte(want), &b)
		if !reflect.DeepEqual(a, b) || (text == "") != (want == "") || text != "" && db.TTL(key) > 24*time.Hour {
			t.Errorf("%s is %s for %v, want %s", key, text, db.TTL(key), want)
		}
	}
}
