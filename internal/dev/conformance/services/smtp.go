package services

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
)

// mailer is an SMTP server that keeps what it gets.
type mailer struct {
	listener net.Listener
	mu       sync.Mutex
	got      []delivery
}

// delivery is a mail with its envelope, as it came.
type delivery struct {
	from string
	to   []string
	data []byte
}

func newMailer() (*mailer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &mailer{listener: l}
	go accept(l, m.talk)
	return m, nil
}

func (m *mailer) address() (host, port string) { return split(m.listener) }

func (m *mailer) close() []delivery {
	m.listener.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got
}

func (m *mailer) talk(conn net.Conn) {
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 test\r\n")
	var d delivery
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			fmt.Fprint(conn, "250-test\r\n250 8BITMIME\r\n")
		case "MAIL":
			d = delivery{from: angle(rest)}
			fmt.Fprint(conn, "250 ok\r\n")
		case "RCPT":
			d.to = append(d.to, angle(rest))
			fmt.Fprint(conn, "250 ok\r\n")
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				d.data = append(d.data, strings.TrimPrefix(line, ".")...)
			}
			m.mu.Lock()
			m.got = append(m.got, d)
			m.mu.Unlock()
			fmt.Fprint(conn, "250 ok\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

// angle is what stands between angle brackets.
func angle(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
