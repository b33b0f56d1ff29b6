package syslog

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stage/stagetest"
)

// suite is a collect-syslog that runs, and what it has sent.
type suite struct {
	*testing.T
	command *Command
	udp     string // addresses
	tcp     string
	got     chan string // reports
	ended   chan error
	cancel  context.CancelFunc

	mu   sync.Mutex
	said []string
}

func (s *suite) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Errorf(format, args...).Error())
}

// lines are what was said so far.
func (s *suite) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// usual is a command with the flags' defaults.
func usual() *Command {
	return &Command{Flags: Flags{ListenUDP: "127.0.0.1:0", ListenTCP: "127.0.0.1:0", MaxMessage: 64 << 10, MaxConnections: 256, IdleTimeout: 3600}}
}

// prepare starts the command and opens it, as the runtime does.
func prepare(t *testing.T, c *Command) *suite {
	s := &suite{T: t, command: c, got: make(chan string, 10000), ended: make(chan error, 1)}
	env := stage.Standalone()
	env.Warn = s.say
	env.Fail = func(format string, args ...any) { s.say("failed: "+format, args...) }
	s.check(c.Start(t.Context(), env))
	return s
}

func (s *suite) emit(m *event.Message) error {
	s.check(m.Err())
	raw, err := base64.StdEncoding.DecodeString(m.Get("raw"))
	s.check(err)
	text := fmt.Sprintf("%s %s %q", m.Get("feed.url"), m.Get("extra.source_ip"), raw)
	if octets := m.Get("extra.octets"); octets != "" {
		text += " of " + octets
	}
	s.got <- strings.NewReplacer(s.udp, "UDP", s.tcp, "TCP").Replace(text)
	return nil
}

// opened is a Receiver that is open already.
type opened struct{ stage.Receiver }

func (opened) Open(context.Context, string) error { return nil }

// run opens the command, and runs it until cancel is called.
func run(t *testing.T, c *Command) *suite {
	s := prepare(t, c)
	s.open()
	ctx, cancel := context.WithCancel(t.Context())
	s.cancel = cancel
	driver := stagetest.Driver{Receiver: opened{c}, Emit: s.emit}
	go func() { s.ended <- driver.Run(ctx) }()
	return s
}

// open opens the command and finds out where it listens.
func (s *suite) open() {
	s.Helper()
	s.check(s.command.Open(s.Context(), ""))
	s.Cleanup(func() { s.check(s.command.Close()) })
	for _, line := range s.lines() {
		if address, ok := strings.CutPrefix(line, "listening on udp "); ok {
			s.udp = address
		} else if address, ok := strings.CutPrefix(line, "listening on tcp "); ok {
			s.tcp = address
		}
	}
}

func (s *suite) dial(network, address string) net.Conn {
	s.Helper()
	conn, err := net.Dial(network, address)
	s.check(err)
	s.Cleanup(func() { conn.Close() })
	return conn
}

func (s *suite) send(conn net.Conn, text string) {
	s.Helper()
	_, err := io.WriteString(conn, text)
	s.check(err)
}

// want waits for a report.
func (s *suite) want(want string) {
	s.Helper()
	if got := <-s.got; got != want {
		s.Errorf("got %s, want %s", got, want)
	}
}

// wantSaid waits for a line.
func (s *suite) wantSaid(want string) {
	s.Helper()
	for {
		for _, line := range s.lines() {
			if strings.Contains(line, want) {
				return
			}
		}
		runtime.Gosched()
	}
}

func TestUDP(t *testing.T) {
	s := run(t, usual())
	conn := s.dial("udp", s.udp)
	for _, text := range []string{"<34>1 2026-01-31T10:20:30Z h a - - - x\n", "", " \n", "<1>\xff\x00", strings.Repeat("x", 9000)} {
		s.send(conn, text)
	}
	s.want(`udp://UDP 127.0.0.1 "<34>1 2026-01-31T10:20:30Z h a - - - x\n"`)
	s.want(`udp://UDP 127.0.0.1 "<1>\xff\x00"`)
	s.want(`udp://UDP 127.0.0.1 "` + strings.Repeat("x", 9000) + `"`)
}

func TestTCP(t *testing.T) {
	s := run(t, usual())
	conn := s.dial("tcp", s.tcp)
	s.send(conn, "<1>a\n\n6 <2>b\nc<3>d")
	s.want(`tcp://TCP 127.0.0.1 "<1>a"`)
	s.want(`tcp://TCP 127.0.0.1 "<2>b\nc"`)
	conn.Close()
	s.want(`tcp://TCP 127.0.0.1 "<3>d"`)
	torn := s.dial("tcp", s.tcp)
	s.send(torn, "9 <4>e")
	torn.Close()
	s.wantSaid("failed: tcp://" + s.tcp + ": a connection from 127.0.0.1 ended in the middle of a message, of which 4 octets had come: unexpected EOF")
}

// TestLongMessages are cut, and that is told.
func TestLongMessages(t *testing.T) {
	c := usual()
	c.MaxMessage = 6
	s := run(t, c)
	s.send(s.dial("udp", s.udp), "<1>udp7")
	s.want(`udp://UDP 127.0.0.1 "<1>udp" of 7`)
	s.wantSaid("failed: udp://" + s.udp + ": a message of 7 octets from 127.0.0.1 is cut to 6, see --max-message")
	s.send(s.dial("tcp", s.tcp), "<1>tcp\n<1>tcp-long\n11 <1>tcp-long6 <1>tcp")
	s.want(`tcp://TCP 127.0.0.1 "<1>tcp"`)
	s.want(`tcp://TCP 127.0.0.1 "<1>tcp" of 11`)
	s.want(`tcp://TCP 127.0.0.1 "<1>tcp" of 11`)
	s.want(`tcp://TCP 127.0.0.1 "<1>tcp"`)
}

// TestManyConnections come all through, in the order of each.
func TestManyConnections(t *testing.T) {
	c := usual()
	c.MaxConnections = 3
	s := run(t, c)
	const senders, messages = 10, 200
	for n := range senders {
		go func() {
			conn, err := net.Dial("tcp", s.tcp)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for i := range messages {
				fmt.Fprintf(conn, "<1>%d %d\n", n, i)
			}
		}()
	}
	next := make([]int, senders)
	for range senders * messages {
		var n, i int
		if _, err := fmt.Sscanf(<-s.got, `tcp://TCP 127.0.0.1 "<1>%d %d"`, &n, &i); err != nil || next[n] != i {
			t.Fatalf("%d %d, %v, want %d", n, i, err, next[n])
		}
		next[n]++
	}
}

func TestTooManyConnections(t *testing.T) {
	c := usual()
	c.MaxConnections = 1
	s := run(t, c)
	first := s.dial("tcp", s.tcp)
	s.send(first, "<1>a\n")
	s.want(`tcp://TCP 127.0.0.1 "<1>a"`)
	second := s.dial("tcp", s.tcp)
	s.send(second, "<1>b\n")
	s.wantSaid("tcp://" + s.tcp + ": 1 connections are open, which is --max-connections; further ones wait")
	s.send(first, "<1>c\n")
	s.want(`tcp://TCP 127.0.0.1 "<1>c"`)
	first.Close()
	s.want(`tcp://TCP 127.0.0.1 "<1>b"`)
}

func TestIdleConnections(t *testing.T) {
	c := usual()
	c.IdleTimeout = 0.001
	s := run(t, c)
	conn := s.dial("tcp", s.tcp)
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v", err)
	}
	if lines := s.lines(); len(lines) != 2 {
		t.Errorf("said %q", lines)
	}
}

// TestStop hands out what was received, and receives nothing more.
func TestStop(t *testing.T) {
	s := prepare(t, usual())
	s.open()
	conn := s.dial("tcp", s.tcp)
	for range 600 {
		s.send(conn, "<1>a\n")
	}
	conn.Close()
	var deliveries, bytes int64
	ctx, cancel := context.WithCancel(t.Context())
	for len(s.got) < 600 {
		if len(s.got) > 0 && len(s.command.server.messages) == 600-len(s.got) {
			cancel() // all has been read
		}
		d, err := s.command.Receive(ctx)
		s.check(err)
		s.check(d.Send(s.emit))
		deliveries, bytes = deliveries+1, bytes+d.Bytes
	}
	if deliveries < 3 || bytes != 2400 {
		t.Errorf("%d deliveries of %d bytes", deliveries, bytes)
	}
	cancel()
	if _, err := s.command.Receive(ctx); err != io.EOF {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", s.tcp); err == nil {
		t.Error("somebody still listens")
	}
}

// TestClose ends a Receive that waits, and readers that nobody takes from.
func TestClose(t *testing.T) {
	s := prepare(t, usual())
	for range 2 { // it can be opened again
		s.open()
		ended := make(chan error)
		go func() {
			_, err := s.command.Receive(context.Background())
			ended <- err
		}()
		s.check(s.command.Close())
		if err := <-ended; err != io.EOF {
			t.Errorf("got %v", err)
		}
	}
	s.open()
	conn := s.dial("tcp", s.tcp)
	s.send(conn, strings.Repeat("<1>a\n", 2*queued))
	for len(s.command.server.messages) < queued {
		runtime.Gosched()
	}
	s.check(s.command.Close())
	var e *net.OpError
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF && !errors.As(err, &e) {
		t.Errorf("got %v", err)
	}
}

func TestStart(t *testing.T) {
	for want, change := range map[string]func(*Command){
		"name an address to listen on": func(c *Command) { c.ListenUDP, c.ListenTCP = "", "" },
		"--max-message: ":              func(c *Command) { c.MaxMessage = 0 },
		"--max-message: choose":        func(c *Command) { c.MaxMessage = 16<<20 + 1 },
		"--max-connections: ":          func(c *Command) { c.MaxConnections = 0 },
		"--idle-timeout: ":             func(c *Command) { c.IdleTimeout = -1 },
		"--idle-timeout: choose":       func(c *Command) { c.IdleTimeout = math.NaN() },
		"--listen-udp: address 127":    func(c *Command) { c.ListenUDP = "127.0.0.1" },
		"--listen-tcp: address 514":    func(c *Command) { c.ListenTCP = "514" },
	} {
		c := usual()
		change(c)
		err := c.Start(t.Context(), stage.Standalone())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if new(Command).Origin() != stage.OriginNone || new(Command).Close() != nil {
		t.Error("it is not what it should be")
	}
}

// TestInUse has an address that somebody else listens on.
func TestInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := usual()
	c.ListenTCP = l.Addr().String()
	s := prepare(t, c)
	if err := c.Open(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
	s.check(c.Close())
	udp, ok := strings.CutPrefix(s.lines()[0], "listening on udp ")
	socket, err := net.ListenPacket("udp", udp)
	if !ok || err != nil {
		t.Fatalf("the other socket was not closed: %v", err)
	}
	socket.Close()
}
