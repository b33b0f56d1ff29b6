package whois

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// serve answers each query by what reply does with the connection.
func serve(t *testing.T, reply func(conn net.Conn, query string)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				line, _ := bufio.NewReader(conn).ReadString('\n')
				reply(conn, line)
			}()
		}
	}()
	return l.Addr().String()
}

func TestAsk(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	server := serve(t, func(conn net.Conn, query string) {
		switch query {
		case "latin\n":
			conn.Write([]byte("B\xfccher\r\n"))
		case "long\n":
			conn.Write(make([]byte, maxAnswer+1))
		case "all\n":
			conn.Write(make([]byte, maxAnswer))
		case "reset\n":
			conn.(*net.TCPConn).SetLinger(0)
		case "slow\n":
			conn.Write([]byte("a part of"))
			<-over
		default:
			conn.Write([]byte("you asked for: " + query))
		}
	})
	for _, c := range []struct {
		query, want, err string
		retry            bool
	}{
		{"192.0.2.1", "you asked for: 192.0.2.1\n", "", false},
		{"latin", "Bücher\r\n", "", false},
		{"all", strings.Repeat("\x00", maxAnswer), "", false},
		{"long", "", server + ": the answer has more than 1 MiB", false},
		{"reset", "", server + ": read tcp", true},
		{"a\nb", "", `"a\nb" is no line`, false},
	} {
		got, err := Ask(t.Context(), server, c.query, time.Minute)
		var retry *stage.RetryAfter
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) || errors.As(err, &retry) != c.retry {
			t.Errorf("%s: got %.40q, %v", c.query, got, err)
		}
	}
	var retry *stage.RetryAfter
	if got, err := Ask(t.Context(), server, "slow", 10*time.Millisecond); got != "" || !errors.As(err, &retry) || !strings.HasSuffix(err.Error(), "no answer in time") {
		t.Errorf("slow: got %q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := Ask(ctx, server, "x", time.Minute); got != "" || err == nil {
		t.Errorf("given up: got %q, %v", got, err)
	}
	if _, err := Ask(t.Context(), "127.0.0.1:1", "x", time.Minute); !errors.As(err, &retry) {
		t.Errorf("nobody there: %v", err)
	}
}
