package services

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// peer is the other end of a bot that talks TCP or UDP: for a collector, which
// listens, the client; for an output the server.
type peer struct {
	port  string
	want  []byte // what the command has to send
	reply []vector.Bytes
	tcp   net.Listener
	udp   net.PacketConn
	stop  chan struct{}
	done  chan struct{}
	mu    sync.Mutex
	got   []byte
}

func newPeer(v *vector.Vector) (*peer, error) {
	p := &peer{reply: v.Receive, stop: make(chan struct{}), done: make(chan struct{})}
	for i := range v.Sent {
		p.want = append(p.want, v.Sent[i].Data.Data()...)
	}
	udp, tcp, err := listenBoth()
	if err != nil {
		return nil, err
	}
	_, p.port = split(tcp)
	if v.Collects() {
		udp.Close()
		tcp.Close() // the command listens there
		go p.feed(frames(v))
		return p, nil
	}
	p.tcp, p.udp = tcp, udp
	go accept(tcp, p.serve)
	go p.datagrams()
	close(p.done)
	return p, nil
}

// frames are what the reference got: as the vector has it, else one frame with
// a length before it for each report.
func frames(v *vector.Vector) [][]byte {
	var all [][]byte
	for i := range v.Receive {
		all = append(all, v.Receive[i].Data.Data())
	}
	if all != nil {
		return all
	}
	for _, report := range v.Output["_default"] {
		var r struct{ Raw string }
		if json.Unmarshal(report, &r) != nil {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(r.Raw)
		if err != nil {
			continue
		}
		all = append(all, append(binary.BigEndian.AppendUint32(nil, uint32(len(raw))), raw...))
	}
	return all
}

// feed sends the frames, waits for the answer to each, and ends.
func (p *peer) feed(frames [][]byte) {
	defer close(p.done)
	conn := p.dial()
	if conn == nil {
		return
	}
	defer conn.Close()
	for _, frame := range frames {
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := conn.Write(frame); err != nil {
			return
		}
		answer := make([]byte, 64)
		n, err := conn.Read(answer)
		p.add(answer[:n])
		if err != nil {
			return
		}
	}
	conn.(*net.TCPConn).CloseWrite()
	rest, _ := io.ReadAll(io.LimitReader(conn, 1<<16))
	p.add(rest)
}

// dial waits until the command listens.
func (p *peer) dial() net.Conn {
	for {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+p.port); err == nil {
			return conn
		}
		select {
		case <-p.stop:
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *peer) add(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, data...)
}

// serve answers each piece that comes with the next reply there is.
func (p *peer) serve(conn net.Conn) {
	buf := make([]byte, 1<<16)
	replies := p.reply
	for {
		n, err := conn.Read(buf)
		p.add(buf[:n])
		if err != nil {
			return
		}
		if len(replies) > 0 {
			conn.Write(replies[0].Data.Data())
			replies = replies[1:]
		}
	}
}

func (p *peer) datagrams() {
	buf := make([]byte, 1<<16)
	for {
		n, _, err := p.udp.ReadFrom(buf)
		if err != nil {
			return
		}
		p.add(buf[:n])
	}
}

// close ends the peer and compares what came. The word that the reference ends
// a connection with may be missing in a vector whose client left before.
func (p *peer) close() []compare.Diff {
	close(p.stop)
	<-p.done
	if p.tcp != nil {
		for i := 0; i < 50 && !bytes.Equal(p.seen(), p.want); i++ {
			time.Sleep(10 * time.Millisecond) // what is under way arrives
		}
		p.tcp.Close()
		p.udp.Close()
	}
	got := p.seen()
	if bytes.Equal(got, p.want) || p.tcp == nil && bytes.Equal(bytes.TrimSuffix(got, []byte("End")), p.want) {
		return nil
	}
	return []compare.Diff{{Part: "sent", Want: string(p.want), Got: string(got)}}
}

func (p *peer) seen() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.got)
}
