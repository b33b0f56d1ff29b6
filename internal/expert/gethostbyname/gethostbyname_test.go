package gethostbyname

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/intelpipe/intelpipe/harmonization"
	lookup "github.com/intelpipe/intelpipe/internal/client/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// serve answers over UDP: www with addresses, servfail and refused with these
// codes, and anything else with NXDOMAIN.
func serve(t *testing.T) string {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &dns.Server{PacketConn: udp, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg)
		switch name := q.Question[0].Name; name {
		case "www.example.org.", "xn--bcher-kva.example.org.":
			reply.SetReply(q)
			for _, a := range []string{"192.0.2.10", "192.0.2.11"} {
				rr, _ := dns.NewRR(name + " 60 IN A " + a)
				reply.Answer = append(reply.Answer, rr)
			}
		case "empty.example.org.":
			reply.SetReply(q)
		case "servfail.example.org.":
			reply.SetRcode(q, dns.RcodeServerFailure)
		case "refused.example.org.":
			reply.SetRcode(q, dns.RcodeRefused)
		default:
			reply.SetRcode(q, dns.RcodeNameError)
		}
		w.WriteMsg(reply)
	})}
	go s.ActivateAndServe()
	<-started
	t.Cleanup(func() { s.Shutdown() })
	return udp.LocalAddr().String()
}

func TestProcess(t *testing.T) {
	server := serve(t)
	for _, c := range []struct {
		name    string
		command Command
		in, out string
		err     error
	}{
		{"first address of both", Command{}, `{"source.fqdn":"www.example.org","destination.fqdn":"www.example.org"}`,
			`{"source.fqdn":"www.example.org","destination.fqdn":"www.example.org","source.ip":"192.0.2.10","destination.ip":"192.0.2.10"}`, nil},
		{"an address stays", Command{}, `{"source.fqdn":"www.example.org","source.ip":"198.51.100.1"}`, `{"source.fqdn":"www.example.org","source.ip":"198.51.100.1"}`, nil},
		{"overwrite", Command{Overwrite: event.Overwrite{Overwrite: true}}, `{"source.ip":"198.51.100.1","source.fqdn":"www.example.org"}`, `{"source.ip":"192.0.2.10","source.fqdn":"www.example.org"}`, nil},
		{"url", Command{FallbackToUrl: true}, `{"source.url":"http://user@WWW.example.org:80/a"}`, `{"source.url":"http://user@WWW.example.org:80/a","source.ip":"192.0.2.10"}`, nil},
		{"no fallback", Command{}, `{"source.url":"http://www.example.org/"}`, `{"source.url":"http://www.example.org/"}`, nil},
		{"address in url", Command{FallbackToUrl: true}, `{"source.url":"http://192.0.2.7/"}`, `{"source.url":"http://192.0.2.7/","source.ip":"192.0.2.7"}`, nil},
		{"address in url, a number", Command{FallbackToUrl: true}, `{"source.url":"http://0xc0000201/"}`, `{"source.url":"http://0xc0000201/","source.ip":"192.0.2.1"}`, nil},
		{"no address", Command{FallbackToUrl: true}, `{"source.url":"http://0/"}`, `{"source.url":"http://0/"}`, nil},
		{"percent signs in url", Command{FallbackToUrl: true}, `{"source.url":"http://ww%77.example.org/"}`, `{"source.url":"http://ww%77.example.org/","source.ip":"192.0.2.10"}`, nil},
		{"letters beyond ASCII", Command{}, `{"source.fqdn":"bücher.example.org"}`, `{"source.fqdn":"bücher.example.org","source.ip":"192.0.2.10"}`, nil},
		{"letters beyond ASCII in url", Command{FallbackToUrl: true}, `{"source.url":"http://BÜCHER.example.org/"}`, `{"source.url":"http://BÜCHER.example.org/","source.ip":"192.0.2.10"}`, nil},
		{"blank", Command{}, `{"source.fqdn":"www .example.org"}`, `{"source.fqdn":"www .example.org"}`, nil},
		{"at sign", Command{}, `{"source.fqdn":"a@www.example.org"}`, `{"source.fqdn":"a@www.example.org"}`, nil},
		{"quotes", Command{}, `{"source.fqdn":"\"www\".example.org"}`, `{"source.fqdn":"\"www\".example.org"}`, nil},
		{"IPv6 in url", Command{FallbackToUrl: true}, `{"source.url":"http://[2001:db8::1]/"}`, `{"source.url":"http://[2001:db8::1]/"}`, nil},
		{"unknown", Command{}, `{"source.fqdn":"missing.example.org"}`, `{"source.fqdn":"missing.example.org"}`, nil},
		{"no address", Command{}, `{"source.fqdn":"empty.example.org"}`, `{"source.fqdn":"empty.example.org"}`, nil},
		{"refused", Command{}, `{"source.fqdn":"refused.example.org"}`, `{"source.fqdn":"refused.example.org"}`, nil},
		{"failure", Command{}, `{"source.fqdn":"servfail.example.org"}`, "", lookup.ErrTemporary},
		{"failure ignored", Command{GaierrorsToIgnore: harmonization.Text("-9, -3")}, `{"source.fqdn":"servfail.example.org"}`, `{"source.fqdn":"servfail.example.org"}`, nil},
		{"failure ignored, a number", Command{GaierrorsToIgnore: harmonization.Int(-3)}, `{"source.fqdn":"servfail.example.org"}`, `{"source.fqdn":"servfail.example.org"}`, nil},
		{"failure ignored, a list", Command{GaierrorsToIgnore: harmonization.JSON(`[-8, -3]`)}, `{"source.fqdn":"servfail.example.org"}`, `{"source.fqdn":"servfail.example.org"}`, nil},
		{"nothing to resolve", Command{FallbackToUrl: true}, `{"comment":"x"}`, `{"comment":"x"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := c.command
			command.DNS = lookup.Flags{Nameserver: server, Timeout: 5}
			if err := command.Start(context.Background(), stage.Standalone()); err != nil {
				t.Fatal(err)
			}
			m := event.New(event.Event, nil)
			if err := m.Decode([]byte(c.in)); err != nil {
				t.Fatal(err)
			}
			out := ""
			err := command.Process(context.Background(), m, func(m *event.Message) error {
				out = m.String()
				return nil
			})
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) || out != c.out {
				t.Errorf("got %s, %v\nwant %s, %v", out, err, c.out, c.err)
			}
		})
	}
}

func TestStart(t *testing.T) {
	c := Command{GaierrorsToIgnore: harmonization.Text("-3,x"), DNS: lookup.Flags{Nameserver: "127.0.0.1", Timeout: 1}}
	if err := c.Start(context.Background(), stage.Standalone()); err == nil || !strings.Contains(err.Error(), "--gaierrors-to-ignore") {
		t.Errorf("got %v", err)
	}
}
