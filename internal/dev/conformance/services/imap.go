package services

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// mailbox is an IMAP server with one folder of unseen mails.
type mailbox struct {
	listener net.Listener
	mails    [][]byte
}

func newMailbox(files []string) (*mailbox, error) {
	m := &mailbox{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
		m.mails = append(m.mails, bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
	}
	var err error
	if m.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	go accept(m.listener, m.talk)
	return m, nil
}

func (m *mailbox) address() (host, port string) { return split(m.listener) }
func (m *mailbox) close()                       { m.listener.Close() }

var (
	literal  = regexp.MustCompile(`\{(\d+)(\+?)\}\r?\n$`)
	bodyItem = regexp.MustCompile(`(?i)BODY(?:\.PEEK)?\[\]|RFC822`)
)

func (m *mailbox) talk(conn net.Conn) {
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] test\r\n")
	for {
		line, ok := command(in, conn)
		words := strings.Fields(line)
		if !ok || len(words) < 2 {
			return
		}
		tag, verb, rest := words[0], strings.ToUpper(words[1]), words[2:]
		if verb == "UID" && len(rest) > 0 {
			verb, rest = strings.ToUpper(rest[0]), rest[1:]
		}
		switch verb {
		case "CAPABILITY":
			fmt.Fprint(conn, "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
		case "AUTHENTICATE":
			if len(rest) < 2 {
				fmt.Fprint(conn, "+ \r\n")
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
		case "SELECT", "EXAMINE":
			fmt.Fprintf(conn, "* FLAGS (\\Seen)\r\n* %d EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT %d] ok\r\n", len(m.mails), len(m.mails)+1)
		case "SEARCH":
			fmt.Fprint(conn, "* SEARCH")
			for i := range m.mails {
				fmt.Fprintf(conn, " %d", i+1)
			}
			fmt.Fprint(conn, "\r\n")
		case "FETCH":
			for i, data := range m.mails {
				if len(rest) > 0 && within(rest[0], i+1) && bodyItem.MatchString(line) {
					name := "BODY[]"
					if strings.Contains(strings.ToUpper(line), "RFC822") {
						name = "RFC822"
					}
					fmt.Fprintf(conn, "* %d FETCH (UID %d FLAGS () %s {%d}\r\n%s)\r\n", i+1, i+1, name, len(data), data)
				}
			}
		case "LOGOUT":
			fmt.Fprintf(conn, "* BYE\r\n%s OK done\r\n", tag)
			return
		}
		fmt.Fprintf(conn, "%s OK done\r\n", tag)
	}
}

// command reads a line with its literals.
func command(in *bufio.Reader, out io.Writer) (string, bool) {
	var all string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", false
		}
		all += line
		lit := literal.FindStringSubmatch(line)
		if lit == nil {
			return all, true
		}
		if lit[2] == "" {
			fmt.Fprint(out, "+ go on\r\n")
		}
		n, err := strconv.Atoi(lit[1])
		if err != nil || n > 1<<20 {
			return "", false
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(in, data); err != nil {
			return "", false
		}
		all += string(data)
	}
}

// within reports whether a set such as 1,3:* has n.
func within(set string, n int) bool {
	for _, item := range strings.Split(set, ",") {
		low, high, isRange := strings.Cut(item, ":")
		a, err := strconv.Atoi(low)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(high); err != nil {
				b = 1 << 30
			}
		}
		if n >= a && n <= b {
			return true
		}
	}
	return false
}
