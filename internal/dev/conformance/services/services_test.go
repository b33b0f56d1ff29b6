package services

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/miekg/dns"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

func TestWeb(t *testing.T) {
	ca, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWeb([]*vector.Exchange{
		{Method: "GET", URL: "http://localhost/a?x=1&y=2", Status: 200, Body: &vector.Content{Text: "first"}},
		{Method: "GET", URL: "http://localhost/a?x=1&y=2", Status: 404, Body: &vector.Content{Text: "second"}},
		{Method: "POST", URL: "https://example.org/b", Status: 200, Headers: map[string]string{"X-Y": "z"}, RequestBody: &vector.Content{Text: `{"a": 1}`},
			RequestHeaders: map[string]string{"Authorization": "Bearer x", "Accept": "anything"}, Body: &vector.Content{Base64: []byte("inside")}},
		{Method: "GET", URL: "http://localhost/35492", Status: 200, Body: &vector.Content{Text: "test address"}},
		{Method: "GET", URL: "http://localhost/never", Status: 200},
	}, ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM())
	proxy, err := url.Parse(w.url())
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for _, test := range []struct{ method, url, body, want string }{
		{"GET", "http://localhost/a?y=2&x=1", "", "200 first"},
		{"GET", "http://localhost:80/a?x=1&y=2", "", "404 second"},
		{"POST", "https://example.org/b", `{"a":1}`, "200 inside"},
		{"GET", "https://rest.example.net/as35492.json", "", "200 test address"},
		{"GET", "http://localhost/a?x=1&y=2", "", "502 the vector has no such request\n"},
	} {
		r, err := http.NewRequest(test.method, test.url, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer x")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if got := res.Status[:3] + " " + string(body); err != nil || got != test.want {
			t.Errorf("%s: %q, %v, want %q", test.url, got, err, test.want)
		}
	}
	client.CloseIdleConnections()
	diffs := w.close()
	if len(diffs) != 2 || diffs[0].Got != "GET http://localhost/a?x=1&y=2" || diffs[1].Want != "GET http://localhost/never" {
		t.Errorf("%v", diffs)
	}
}

// TestWebChecks: a request with another body or without its credentials is
// answered, and is a difference.
func TestWebChecks(t *testing.T) {
	e := vector.Exchange{URL: "x", RequestBody: &vector.Content{Text: `{"a":1}`}, RequestHeaders: map[string]string{"Authorization": "a", "Content-Type": "application/json; charset=UTF-8"}}
	r := &http.Request{Header: http.Header{"Authorization": {"a"}, "Content-Type": {"application/json;charset=utf-8"}}}
	if d := check(&e, r, []byte(`{"a": 1}`)); d != nil {
		t.Error(d)
	}
	if d := check(&e, &http.Request{Header: http.Header{}}, []byte(`{"a":2}`)); len(d) != 3 {
		t.Error(d)
	}
}

func TestNameserver(t *testing.T) {
	n, err := newNameserver([]vector.Lookup{
		{Name: "Example.org", Type: "A", Answers: []string{"192.0.2.1", "192.0.2.2"}},
		{Name: "txt.example.org.", Type: "TXT", Answers: []string{`"a | b"`}},
		{Name: "none.example.org", Type: "TXT", Answers: nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	for _, test := range []struct {
		network, name string
		typ           uint16
		rcode, count  int
	}{
		{"udp", "example.ORG.", dns.TypeA, dns.RcodeSuccess, 2},
		{"tcp", "example.org.", dns.TypeA, dns.RcodeSuccess, 2},
		{"udp", "example.org.", dns.TypeAAAA, dns.RcodeSuccess, 0},
		{"udp", "txt.example.org.", dns.TypeTXT, dns.RcodeSuccess, 1},
		{"udp", "none.example.org.", dns.TypeTXT, dns.RcodeNameError, 0},
	} {
		m, _, err := (&dns.Client{Net: test.network}).Exchange(new(dns.Msg).SetQuestion(test.name, test.typ), n.addr)
		if err != nil || m.Rcode != test.rcode || len(m.Answer) != test.count {
			t.Errorf("%s %s: %v, %v", test.network, test.name, m, err)
		}
	}
}

func TestCache(t *testing.T) {
	server := miniredis.RunT(t)
	var content map[string]json.RawMessage
	if err := json.Unmarshal([]byte(`{"s":"{\"a\": 1}","h":{"hash":{"c":"2","s":"2026-01-01T00:00:00.5"}},"l":{"list":["x","y"]}}`), &content); err != nil {
		t.Fatal(err)
	}
	if err := fillCache(server, 4, content); err != nil {
		t.Fatal(err)
	}
	if d := compareCache(server, content, ""); d != nil {
		t.Error(d)
	}
	server.DB(4).HSet("h", "s", "2027-01-01T00:00:00.5") // the time of the run
	server.DB(4).Set("s", `{"a":1}`)
	if d := compareCache(server, content, ""); d != nil {
		t.Error(d)
	}
	server.DB(4).HSet("h", "c", "3")
	server.DB(5).Set("more", "x")
	server.DB(4).Del("l")
	if d := compareCache(server, content, ""); len(d) != 3 {
		t.Error(d)
	}
}

func TestMailer(t *testing.T) {
	m, err := newMailer()
	if err != nil {
		t.Fatal(err)
	}
	host, port := m.address()
	const text = "Subject: =?utf-8?q?h=C3=A9?=\r\nFrom: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n" +
		"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"x.txt\"\r\n\r\nLng=\r\n--b--\r\n"
	if err := smtp.SendMail(net.JoinHostPort(host, port), nil, "a@example.org", []string{"b@example.org"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	got := m.close()
	want := `{"message":{"headers":[["Subject","hé"],["Content-Type","multipart/mixed"]],"parts":[{"headers":[["Content-Type","text/plain; charset=x"],` +
		`["Content-Disposition","attachment; filename=\"x.txt\""]],"content":{"text":".x"}}]},"envelope":{"from_addr":"a@example.org","to_addrs":["b@example.org"]}}`
	if d := compareMails([]json.RawMessage{json.RawMessage(want)}, got); d != nil {
		t.Error(d)
	}
	for _, change := range [][2]string{{".x", "y"}, {"hé", "he"}, {"b@", "c@"}, {"x.txt", "y.txt"}} {
		if d := compareMails([]json.RawMessage{json.RawMessage(strings.Replace(want, change[0], change[1], 1))}, got); len(d) != 1 {
			t.Errorf("%v: %v", change, d)
		}
	}
}

func TestMailbox(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.eml")
	if err := os.WriteFile(name, []byte("Subject: x\n\ny\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := newMailbox([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	conn, err := net.Dial("tcp", m.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "1 LOGIN {4+}\r\nuser pass\r\n2 SELECT INBOX\r\n3 UID SEARCH UNSEEN\r\n4 UID FETCH 1 (BODY.PEEK[])\r\n5 LOGOUT\r\n")
	dialog, err := io.ReadAll(conn)
	for _, want := range []string{"* 1 EXISTS\r\n", "* SEARCH 1\r\n3 OK", "BODY[] {17}\r\nSubject: x\r\n\r\ny\r\n)\r\n4 OK", "5 OK"} {
		if err != nil || !strings.Contains(string(dialog), want) {
			t.Errorf("no %q in %q, %v", want, dialog, err)
		}
	}
}

func TestPeer(t *testing.T) {
	v, err := vector.Parse([]byte(`{"bot":"outputs.tcp.output","sent":[{"data":{"text":"abc"}}],"received":[{"data":{"text":"Ok"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, parts := range map[string]int{"abc": 0, "abd": 1} {
		p, err := newPeer(v)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", "127.0.0.1:"+p.port)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		answer := make([]byte, 2)
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "Ok" {
			t.Errorf("%q, %v", answer, err)
		}
		conn.Close()
		if d := p.close(); len(d) != parts {
			t.Errorf("%s: %v", text, d)
		}
	}
}
