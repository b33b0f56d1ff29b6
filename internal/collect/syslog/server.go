package syslog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	// queued is how many messages wait for Receive. When there are so many, no more
	// are read: TCP makes the senders wait, and UDP fills the kernel's buffer.
	queued = 1024
	// receiveBuffer is what the kernel is asked to hold of UDP, in bytes.
	receiveBuffer = 4 << 20
	// datagram is longer than any message on UDP can be, in bytes.
	datagram = 64 << 10
)

// Flags say where to listen, and within which limits.
type Flags struct {
	ListenUDP      string     `name:"listen-udp" help:"Listen on this address for UDP." placeholder:"ADDRESS:PORT"`
	ListenTCP      string     `name:"listen-tcp" help:"Listen on this address for TCP." placeholder:"ADDRESS:PORT"`
	MaxMessage     stage.Size `help:"Cut messages that are longer." default:"64KiB" placeholder:"SIZE"`
	MaxConnections int        `help:"Serve N connections at once." default:"256" placeholder:"N"`
	IdleTimeout    float64    `help:"Close a connection that sends nothing for SECONDS; 0 keeps it open." default:"3600" placeholder:"SECONDS"`
}

// A server reads messages from sockets until it is stopped.
type server struct {
	Flags
	env      *stage.Env
	messages chan message  // closed when all work has ended
	slots    chan struct{} // one for each connection that is served
	stopped  chan struct{} // nothing more is read
	closed   chan struct{} // nobody takes what was read
	work     sync.WaitGroup

	mu      sync.Mutex
	sockets map[io.Closer]bool // nil once it is stopped
	failed  error              // why it has stopped by itself
	ending  sync.Once
}

func listen(ctx context.Context, f Flags, env *stage.Env) (*server, error) {
	s := &server{
		Flags:    f,
		env:      env,
		messages: make(chan message, queued),
		slots:    make(chan struct{}, f.MaxConnections),
		stopped:  make(chan struct{}),
		closed:   make(chan struct{}),
		sockets:  map[io.Closer]bool{},
	}
	err := s.listenUDP(ctx)
	if err == nil {
		err = s.listenTCP(ctx)
	}
	go func() {
		s.work.Wait()
		close(s.messages)
	}()
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *server) listenUDP(ctx context.Context) error {
	if s.ListenUDP == "" {
		return nil
	}
	socket, err := new(net.ListenConfig).ListenPacket(ctx, "udp", s.ListenUDP)
	if err != nil {
		return err
	}
	conn := socket.(*net.UDPConn)
	conn.SetReadBuffer(receiveBuffer) // as much as the kernel allows
	s.env.Warn("listening on udp %s", conn.LocalAddr())
	s.serve(conn, func() { s.readUDP(conn) })
	return nil
}

func (s *server) listenTCP(ctx context.Context) error {
	if s.ListenTCP == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.ListenTCP)
	if err != nil {
		return err
	}
	s.env.Warn("listening on tcp %s", l.Addr())
	s.serve(l, func() { s.accept(l) })
	return nil
}

// serve runs read, which ends when the socket is closed, and closes it then.
func (s *server) serve(socket io.Closer, read func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sockets == nil {
		socket.Close()
		return
	}
	s.sockets[socket] = true
	s.work.Go(func() {
		read()
		socket.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sockets, socket)
	})
}

// stop ends reading. What was read can still be taken.
func (s *server) stop() { s.end(nil) }

// end is stop because of an error.
func (s *server) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sockets == nil {
		return
	}
	for socket := range s.sockets {
		socket.Close()
	}
	s.sockets, s.failed = nil, err
	close(s.stopped)
}

// close ends reading, and drops what was not taken.
func (s *server) close() {
	s.stop()
	s.ending.Do(func() { close(s.closed) })
	s.work.Wait()
}

// reason is why there are no more messages.
func (s *server) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	return io.EOF
}

// put hands a message on. It says false when nobody takes it any longer.
func (s *server) put(m message) bool {
	if len(bytes.TrimSpace(m.text)) == 0 && m.octets == len(m.text) {
		return true
	}
	if m.octets > len(m.text) {
		s.env.Fail("%s: a message of %d octets from %s is cut to %d, see --max-message", m.url, m.octets, m.sender, len(m.text))
	}
	select {
	case s.messages <- m:
		return true
	case <-s.closed:
		return false
	}
}

func (s *server) readUDP(conn *net.UDPConn) {
	url := "udp://" + conn.LocalAddr().String()
	buf := make([]byte, datagram)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			s.end(err)
			return
		}
		text := bytes.Clone(buf[:min(n, int(s.MaxMessage))])
		if !s.put(message{text, n, url, address(from)}) {
			return
		}
	}
}

func address(from netip.AddrPort) string { return from.Addr().Unmap().String() }

// accept serves connections, as many at once as there are slots.
func (s *server) accept(l net.Listener) {
	url := "tcp://" + l.Addr().String()
	for {
		select {
		case s.slots <- struct{}{}:
		default:
			s.env.Warn("%s: %d connections are open, which is --max-connections; further ones wait", url, s.MaxConnections)
			select {
			case s.slots <- struct{}{}:
			case <-s.stopped:
				return
			}
		}
		conn, err := l.Accept()
		if err != nil {
			s.end(err)
			return
		}
		s.serve(conn, func() {
			s.readTCP(conn.(*net.TCPConn), url)
			<-s.slots
		})
	}
}

// readTCP reads the messages of a connection.
func (s *server) readTCP(conn *net.TCPConn, url string) {
	sender := address(conn.RemoteAddr().(*net.TCPAddr).AddrPort())
	in := bufio.NewReaderSize(&patient{conn, time.Duration(s.IdleTimeout * float64(time.Second))}, 64<<10)
	for {
		text, octets, err := readFrame(in, int(s.MaxMessage))
		var torn *tornError
		if errors.As(err, &torn) {
			say := s.env.Fail
			if errors.Is(err, net.ErrClosed) { // this side has ended it
				say = s.env.Warn
			}
			say("%s: a connection from %s ended in the middle of a message, of which %d octets had come: %w", url, sender, octets, torn.error)
			return
		}
		if octets > 0 && !s.put(message{text, octets, url, sender}) || err != nil {
			return
		}
	}
}

// patient waits for data so long.
type patient struct {
	*net.TCPConn
	timeout time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	if p.timeout > 0 {
		p.SetReadDeadline(time.Now().Add(p.timeout))
	}
	return p.TCPConn.Read(b)
}

// message is one that was received.
type message struct {
	text   []byte
	octets int    // how long it was before it was cut
	url    string // of the address that received it
	sender string // an IP address
}
