package conformance

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// mailer is an SMTP server that keeps what it gets.
type mailer struct {
	listener net.Listener
	mu       sync.Mutex
	got      []delivery
}

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

func accept(l net.Listener, talk func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			talk(conn)
		}()
	}
}

func (m *mailer) address() (host, port string) { return split(m.listener) }

func split(l net.Listener) (host, port string) {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", ""
	}
	return host, port
}

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

func angle(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

// part is a mail or a part of one, as the vectors have it.
type part struct {
	Headers [][2]string
	Parts   []part
	Content *Content
}

func (p *part) header(name string) string {
	for _, h := range p.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// summary is what counts of a part: type, file name and text.
func (p *part) summary() string {
	typ, _, _ := mime.ParseMediaType(p.header("Content-Type"))
	_, disposition, _ := mime.ParseMediaType(p.header("Content-Disposition"))
	s := fmt.Sprintf("%s %q", typ, disposition["filename"])
	if p.Content != nil {
		s += fmt.Sprintf(" %q", strings.TrimRight(strings.ReplaceAll(string(p.Content.Data()), "\r\n", "\n"), "\n"))
	}
	for i := range p.Parts {
		s += "\n  " + p.Parts[i].summary()
	}
	return s
}

// compareMails compares envelope, subject, addresses and the decoded parts.
func compareMails(want []json.RawMessage, got []delivery) []Diff {
	if len(want) != len(got) {
		return []Diff{{"mail", "", strconv.Itoa(len(want)) + " mails", strconv.Itoa(len(got))}}
	}
	var diffs []Diff
	for i, raw := range want {
		var w struct {
			Message  part
			Envelope struct {
				From string   `json:"from_addr"`
				To   []string `json:"to_addrs"`
			}
		}
		if err := json.Unmarshal(raw, &w); err != nil {
			return []Diff{{"mail", place("", i), err.Error(), ""}}
		}
		g, err := parseMail(got[i].data)
		if err != nil {
			return []Diff{{"mail", place("", i), "a mail", err.Error()}}
		}
		pairs := [][3]string{
			{"from", w.Envelope.From, got[i].from},
			{"to", strings.Join(w.Envelope.To, ","), strings.Join(got[i].to, ",")},
			{"parts", w.Message.summary(), g.summary()},
		}
		for _, name := range []string{"Subject", "From", "To"} {
			if value := w.Message.header(name); value != "" {
				pairs = append(pairs, [3]string{name, bare(value), bare(g.header(name))})
			}
		}
		for _, p := range pairs {
			if p[1] != p[2] {
				diffs = append(diffs, Diff{"mail", place(p[0], i), p[1], p[2]})
			}
		}
	}
	return diffs
}

// bare takes the angle brackets off addresses.
func bare(s string) string { return strings.NewReplacer("<", "", ">", "").Replace(s) }

func parseMail(data []byte) (*part, error) {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return parsePart(m.Header, m.Body)
}

func parsePart(header map[string][]string, body io.Reader) (*part, error) {
	p := &part{}
	words := new(mime.WordDecoder)
	for name, values := range header {
		for _, v := range values {
			if decoded, err := words.DecodeHeader(v); err == nil {
				v = decoded
			}
			p.Headers = append(p.Headers, [2]string{name, v})
		}
	}
	typ, params, _ := mime.ParseMediaType(p.header("Content-Type"))
	if strings.HasPrefix(typ, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			next, err := parts.NextRawPart()
			if err == io.EOF {
				return p, nil
			} else if err != nil {
				return nil, err
			}
			child, err := parsePart(next.Header, next)
			if err != nil {
				return nil, err
			}
			p.Parts = append(p.Parts, *child)
		}
	}
	switch strings.ToLower(p.header("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	p.Content = &Content{Text: string(data)}
	return p, err
}

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
