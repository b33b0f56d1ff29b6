package services

import (
	"strings"

	"github.com/miekg/dns"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// nameserver answers from the vector, and NXDOMAIN to what is not there.
type nameserver struct {
	addr    string
	servers []*dns.Server
}

func newNameserver(lookups []vector.Lookup) (*nameserver, error) {
	answers := map[string][]dns.RR{} // by name and type
	known := map[string]bool{}
	for _, l := range lookups {
		name := strings.ToLower(dns.Fqdn(l.Name))
		for _, a := range l.Answers {
			rr, err := dns.NewRR(name + " 60 IN " + l.Type + " " + a)
			if err != nil {
				return nil, err
			}
			known[name] = true
			answers[name+l.Type] = append(answers[name+l.Type], rr)
		}
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		m.RecursionAvailable = true
		for _, q := range r.Question {
			name := strings.ToLower(q.Name)
			m.Answer = append(m.Answer, answers[name+dns.TypeToString[q.Qtype]]...)
			if !known[name] {
				m.Rcode = dns.RcodeNameError
			}
		}
		w.WriteMsg(m)
	})
	udp, tcp, err := listenBoth()
	if err != nil {
		return nil, err
	}
	n := &nameserver{addr: udp.LocalAddr().String()}
	n.servers = []*dns.Server{{PacketConn: udp, Handler: handler}, {Listener: tcp, Handler: handler}}
	for _, s := range n.servers {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe()
		<-started
	}
	return n, nil
}

func (n *nameserver) close() {
	for _, s := range n.servers {
		s.Shutdown()
	}
}
