package uwhoisd

import (
	"bufio"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func decode(t *testing.T, line string) *event.Message {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestServer asks a server, once for each name, address and AS.
func TestServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var asked atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			line, _ := bufio.NewReader(conn).ReadString('\n')
			switch strings.TrimSpace(line) {
			case "198.51.100.7":
				conn.Write([]byte(" \r\n"))
			default:
				conn.Write([]byte("% of " + line))
			}
			conn.Close()
		}
	}()
	address := l.Addr().(*net.TCPAddr)
	c := &Command{Server: "127.0.0.1", Port: uint16(address.Port), Timeout: 60}
	c.CacheBytes, c.RedisCacheTTL, c.CacheTTLMissing, c.OnError = 1<<20, 60, 60, "dump"
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ in, want string }{
		{`{"source.ip":"192.0.2.1","source.asn":64496,"source.fqdn":"www.example.org"}`,
			`{"source.ip":"192.0.2.1","source.asn":64496,"source.fqdn":"www.example.org","extra.whois.fqdn":"% of www.example.org\n","extra.whois.ip":"% of 192.0.2.1\n","extra.whois.asn":"% of AS64496\n"}`},
		{`{"source.ip":"192.0.2.1","source.url":"http://www.example.org:8080/"}`,
			`{"source.ip":"192.0.2.1","source.url":"http://www.example.org:8080/","extra.whois.fqdn":"% of www.example.org\n","extra.whois.ip":"% of 192.0.2.1\n"}`},
		{`{"source.url":"http://192.0.2.9/"}`, `{"source.url":"http://192.0.2.9/"}`},
		{`{"source.ip":"198.51.100.7"}`, `{"source.ip":"198.51.100.7"}`},
		{`{"source.ip":"198.51.100.7"}`, `{"source.ip":"198.51.100.7"}`},
	} {
		got := ""
		err := c.Process(t.Context(), decode(t, test.in), func(m *event.Message) error {
			got = string(m.Append(nil))
			return m.Err()
		})
		if got != test.want || err != nil {
			t.Errorf("%s: got %s, %v", test.in, got, err)
		}
	}
	if n := asked.Load(); n != 4 {
		t.Errorf("the server was asked %d times", n)
	}
}
