package lookups

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

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
