package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/json"
)

// service is a command that asks a service by HTTP, with an event about which it asks.
// @HTTP@ stands for the service, and @SECRET@ for a file that holds the word secret.
type service struct {
	command string
	args    []string
	in      string
	answer  string // of the service, as it documents it
	out     string // the event then
	sent    string // a header of the request, "Name: value"
	// What becomes of the event when the service does as the key says, see misdeeds. An
	// event goes into the dump where nothing is said.
	unless map[string]string
	post   bool // the service is told to do something, which is not repeated
	// An answer with values that no field may have, and the event then, or "" for the dump.
	hostile, harmless string
}

const (
	unchanged = "unchanged"
	online    = `{"source.url":"@HTTP@/page","status":"online"}`
)

// withoutHello is a page that has not the text that was looked for.
var withoutHello = offline("Text hello not found in response from @HTTP@/page")

func offline(reason string) string {
	return `{"source.url":"@HTTP@/page","status":"offline","extra.reason":"` + reason + `"}`
}

// services are all of them. What a command makes of good answers is in its cases.
var services = []service{
	{
		command: "expert-rdap",
		args:    []string{"--rdap-bootstrap-url=", `--rdap-bootstrapped-servers=json:{"org":{"url":"@HTTP@","auth":{"type":"jwt","token_file":"@SECRET@"}}}`},
		in:      `{"source.fqdn":"www.example.org"}`,
		answer:  `{"objectClassName":"domain","entities":[{"objectClassName":"entity","roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","abuse@example.org"]]]}]}`,
		out:     `{"source.fqdn":"www.example.org","source.abuse_contact":"abuse@example.org"}`,
		sent:    "Authorization: Bearer secret",
		unless:  map[string]string{"404": unchanged},
		hostile: `{"entities":[{"roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","abuse\u001b[2J@example.org"]]]}]}`, harmless: unchanged,
	},
	{
		command: "expert-tuency",
		args:    []string{"--url=@HTTP@/", "--authentication-token-file=@SECRET@"},
		in:      `{"source.ip":"192.0.2.1","classification.taxonomy":"availability","classification.type":"ddos","feed.provider":"P","feed.name":"N"}`,
		answer:  `{"ip":{"destinations":[{"source":"portal","name":"A","contacts":[{"email":"abuse@example.org"}]}]},"suppress":false,"interval":{"unit":"days","length":1}}`,
		out:     `{"source.ip":"192.0.2.1","classification.taxonomy":"availability","classification.type":"ddos","feed.provider":"P","feed.name":"N","extra.ttl":86400,"source.abuse_contact":"abuse@example.org"}`,
		sent:    "Authorization: Bearer secret",
		hostile: `{"ip":{"destinations":[{"contacts":[{"email":"a\u001b[2J@example.org"}]}]},"constituencies":["\u202e"]}`, harmless: unchanged,
	},
	{
		command: "expert-http-status",
		args:    []string{"--http-allow-private"},
		in:      `{"source.url":"@HTTP@/page"}`,
		answer:  "hello",
		out:     online,
		unless: map[string]string{
			"404": offline("Not Found"), "500": offline("Internal Server Error"), "429": offline("Too Many Requests"),
			"silent": offline("@HTTP@/page: net/http: timeout awaiting response headers"), "hangs up": offline("@HTTP@/page: EOF"),
			"torn": online, "a page": online, "empty": online, "without an end": online, "deep": online,
		},
		hostile: "\x1b[2J", harmless: online,
	},
	{
		command: "expert-http-content",
		args:    []string{"--http-allow-private", "--needle=hello"},
		in:      `{"source.url":"@HTTP@/page"}`,
		answer:  "<p>hello</p>",
		out:     online,
		unless: map[string]string{
			"404": offline("Not Found"), "500": offline("Internal Server Error"), "429": offline("Too Many Requests"),
			"silent": offline("@HTTP@/page: net/http: timeout awaiting response headers"), "hangs up": offline("@HTTP@/page: EOF"),
			"torn": offline("@HTTP@/page: unexpected EOF"), "without an end": offline("@HTTP@/page: the answer has more than 8388608 bytes"),
			"a page": withoutHello, "empty": withoutHello, "deep": withoutHello,
		},
		hostile: "\x1b[2Jhell\xff", harmless: withoutHello,
	},
	{
		command: "expert-national-cert-contact",
		args:    []string{"--url=@HTTP@/abuse"},
		in:      `{"source.ip":"192.0.2.1"}`,
		answer:  "192.0.2.1;AT;CERT.at;reports@example.org\n",
		out:     `{"source.ip":"192.0.2.1","source.geolocation.cc":"AT","source.abuse_contact":"reports@example.org"}`,
		unless:  map[string]string{"empty": unchanged},
		hostile: "192.0.2.1;\x1b[;X;a\x1b[2J@example.org\n", harmless: unchanged,
	},
	{
		command: "expert-misp",
		args:    []string{"--misp-url=@HTTP@/", "--misp-key-file=@SECRET@"},
		in:      `{"source.ip":"192.0.2.1"}`,
		answer:  `{"response":{"Attribute":[{"uuid":"e9df8f3a-6c4e-4e0a-9c7c-1b1a9d7f1a10","Event":{"uuid":"5f0c3b1e-8d52-4a7e-9b7e-0c9a4a1c2d3e"}}]}}`,
		out:     `{"source.ip":"192.0.2.1","misp.attribute_uuid":"e9df8f3a-6c4e-4e0a-9c7c-1b1a9d7f1a10","misp.event_uuid":"5f0c3b1e-8d52-4a7e-9b7e-0c9a4a1c2d3e"}`,
		sent:    "Authorization: secret",
		hostile: `{"response":{"Attribute":[{"uuid":"\u001b[2J"}]}}`,
	},
	{
		command: "expert-lookyloo",
		args:    []string{"--instance-url=@HTTP@/"},
		in:      `{"source.url":"http://www.example.org/"}`,
		answer:  `"5f0c3b1e-8d52-4a7e-9b7e-0c9a4a1c2d3e"`,
		out:     `{"source.url":"http://www.example.org/","screenshot_url":"@HTTP@/tree/5f0c3b1e-8d52-4a7e-9b7e-0c9a4a1c2d3e"}`,
		sent:    "Content-Type: application/json",
		post:    true,
		hostile: `"\u001b[2J"`,
	},
	{
		command: "expert-do-portal",
		args:    []string{"--portal-url=@HTTP@", "--portal-api-key-file=@SECRET@", "--mode=replace"},
		in:      `{"source.ip":"192.0.2.1","source.abuse_contact":"old@example.org"}`,
		answer:  `{"abusecs":["abuse@example.org"]}`,
		out:     `{"source.ip":"192.0.2.1","source.abuse_contact":"abuse@example.org"}`,
		sent:    "API-Authorization: secret",
		hostile: `{"abusecs":["a\u001b[2J@example.org"]}`, harmless: `{"source.ip":"192.0.2.1"}`,
	},
	{
		command: "expert-securitytxt",
		args:    []string{"--url-field=source.url", "--http-allow-private"},
		in:      `{"source.url":"@HTTP@/page"}`,
		answer:  "Contact: mailto:security@example.org\nExpires: 3000-12-31T18:37:07.000Z\n",
		out:     `{"source.url":"@HTTP@/page","source.abuse_contact":"security@example.org"}`,
		unless: map[string]string{
			"404": unchanged, "500": unchanged, "429": unchanged, "silent": unchanged, "hangs up": unchanged, "torn": unchanged,
			"a page": unchanged, "empty": unchanged, "without an end": unchanged, "deep": unchanged,
		},
		hostile: "Contact: a\x1b[2J@example.org\nContact: \xff@example.org\n", harmless: unchanged,
	},
	{
		command: "expert-splunk-saved-search",
		args: []string{"--url=@HTTP@", "--auth-token-file=@SECRET@", "--saved-search=hosts", "--retry-interval=0.001",
			`--search-parameters=json:{"source.ip":"ip"}`, `--result-fields=json:{"user":"source.account"}`},
		in: `{"source.ip":"192.0.2.1"}`,
		// The search and its results in one, as the service here knows one answer only.
		answer:  `{"sid":"7","results":[{"user":"alice"}]}`,
		out:     `{"source.ip":"192.0.2.1","source.account":"alice"}`,
		sent:    "Authorization: Bearer secret",
		hostile: `{"sid":"../\u001b[2J","results":[{"user":{"\u001b":[[]]}}]}`, harmless: `{"source.ip":"192.0.2.1","source.account":"{'\\x1b': [[]]}"}`,
	},
}

// misdeed is what a service does that is broken, overloaded or hostile.
type misdeed struct {
	name   string
	answer func(w http.ResponseWriter, r *http.Request, good string)
	reason string // in the dump
}

var misdeeds = []misdeed{
	{"404", func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(404) }, "404 Not Found"},
	{"500", func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(500) }, "500 Internal Server Error"},
	{"429", func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	}, "429 Too Many Requests"},
	{"silent", func(_ http.ResponseWriter, r *http.Request, _ string) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done() // which is when nobody waits any longer
	}, "timeout"},
	{"hangs up", func(http.ResponseWriter, *http.Request, string) { panic(http.ErrAbortHandler) }, "EOF"},
	{"torn", func(w http.ResponseWriter, _ *http.Request, good string) {
		w.Header().Set("Content-Length", fmt.Sprint(len(good)+100))
		io.WriteString(w, good)
	}, "unexpected EOF"},
	{"a page", func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<html><body>Please log in")
	}, "the answer is not what was expected"},
	{"empty", func(http.ResponseWriter, *http.Request, string) {}, "the answer is not what was expected"},
	{"without an end", func(w http.ResponseWriter, r *http.Request, _ string) {
		for block := strings.Repeat(" ", 64<<10); r.Context().Err() == nil; {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	}, "the answer has more than"},
	{"deep", func(w http.ResponseWriter, _ *http.Request, _ string) {
		io.WriteString(w, strings.Repeat("[", 100_000))
	}, "the answer is not what was expected"},
}

// peer is a service that does as it is told.
type peer struct {
	*httptest.Server
	asked  atomic.Int64
	secret string // the file with its secret
}

func newPeer(t *testing.T, answer http.HandlerFunc) *peer {
	p := &peer{secret: filepath.Join(t.TempDir(), "secret")}
	if err := os.WriteFile(p.secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *peer) fill(text string) string {
	return strings.NewReplacer("@HTTP@", p.URL, "@SECRET@", p.secret).Replace(text)
}

// run runs the command of a service over its event and one that nobody is asked about,
// which has to come out whatever becomes of the other. It returns the other, if that comes
// out, and the reason why it does not.
func (s *service) run(t *testing.T, p *peer, args ...string) (out, reason string, exit int) {
	t.Helper()
	dir := t.TempDir()
	words := []string{s.command}
	for _, arg := range append(s.args, args...) {
		words = append(words, p.fill(arg))
	}
	const other = `{"feed.name":"other"}` + "\n"
	r := inProcess(dir, words, strings.NewReader(p.fill(s.in)+"\n"+other))
	out, isThere := strings.CutSuffix(r.stdout, other)
	if !isThere && r.exit != 3 {
		t.Errorf("exit code %d, the other event is gone: %s%s", r.exit, r.stdout, r.stderr)
	}
	if strings.Contains(r.stderr, "secret") && !strings.Contains(r.stderr, p.secret) {
		t.Errorf("the secret is told: %s", r.stderr)
	}
	if dump, err := os.ReadFile(filepath.Join(dir, "state", s.command+".dump")); err == nil {
		var entry struct{ Reason string }
		if err := json.Unmarshal(dump, &entry); err != nil {
			t.Errorf("%v: %s", err, dump)
		}
		reason = entry.Reason
	}
	return strings.TrimSuffix(out, "\n"), reason, r.exit
}

// became says what has to become of the event: out, or if that is empty a reason.
func (s *service) became(t *testing.T, p *peer, want, wantReason string, args ...string) {
	t.Helper()
	if want == unchanged {
		want = s.in
	}
	wantExit := 0
	if want == "" {
		wantExit = 1
	}
	out, reason, exit := s.run(t, p, args...)
	if out != p.fill(want) || exit != wantExit || !strings.Contains(reason, wantReason) || (reason == "") != (want != "") {
		t.Errorf("exit code %d, %s, %s; want %s, %s", exit, out, reason, p.fill(want), wantReason)
	}
}

// TestServices: a service that is broken, overloaded or hostile costs the events about
// which it is asked, and these are in the dump; the stream goes on.
func TestServices(t *testing.T) {
	for _, s := range services {
		t.Run(s.command, func(t *testing.T) {
			t.Run("good", s.good)
			t.Run("overloaded", s.overloaded)
			t.Run("hostile", func(t *testing.T) {
				p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s.hostile) })
				s.became(t, p, s.harmless, "")
			})
			for _, m := range misdeeds {
				t.Run(m.name, func(t *testing.T) { s.misdeed(t, m) })
			}
		})
	}
}

// good: the service is asked once, with its secret, and next time the cache has the
// answer, a file or Redis. It is used offline, too. In Redis, where all commands share
// one database, keys tell whose answers they are.
func (s *service) good(t *testing.T) {
	redis := miniredis.RunT(t)
	for _, cache := range [][]string{
		{"--cache=" + filepath.Join(t.TempDir(), "answers")},
		{"--redis-cache-host=" + redis.Host(), "--redis-cache-port=" + redis.Port(), "--redis-cache-db=0"},
	} {
		s.cached(t, cache)
	}
	for _, key := range redis.Keys() {
		if !strings.HasPrefix(key, s.command+":") && !strings.HasPrefix(key, strings.TrimPrefix(s.command, "expert-")+"_") {
			t.Errorf("the key %q is not of this command", key)
		}
	}
}

func (s *service) cached(t *testing.T, cache []string) {
	t.Helper()
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		name, value, _ := strings.Cut(s.sent, ": ")
		if s.sent != "" && r.Header.Get(name) != value {
			t.Errorf("%s is %q", name, r.Header.Get(name))
		}
		io.WriteString(w, s.answer)
	})
	s.became(t, p, s.out, "", cache...)
	asked := p.asked.Load()
	s.became(t, p, s.out, "", append(cache, "--offline")...)
	s.became(t, p, s.out, "", cache...)
	if asked == 0 || p.asked.Load() != asked {
		t.Errorf("asked %d times, and again %d times", asked, p.asked.Load()-asked)
	}
}

// overloaded: a service that asks for some patience gets it.
func (s *service) overloaded(t *testing.T) {
	var p *peer
	p = newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
		if p.asked.Load() == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
			return
		}
		io.WriteString(w, s.answer)
	})
	if s.post {
		s.became(t, p, "", "429 Too Many Requests")
	} else {
		s.became(t, p, s.out, "")
	}
}

// misdeed also looks at --on-error.
func (s *service) misdeed(t *testing.T, m misdeed) {
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) { m.answer(w, r, s.answer) })
	args := []string{"--http-timeout-max-tries=1", "--http-timeout-sec=10"}
	if m.name == "silent" {
		args[1] += ",0.1"
	}
	want, set := s.unless[m.name]
	if set {
		m.reason = ""
	}
	s.became(t, p, want, m.reason, args...)
	if set {
		return
	}
	s.became(t, p, unchanged, "", append(args, "--on-error=pass")...)
	if out, _, exit := s.run(t, p, append(args, "--on-error=stop")...); out != "" || exit != 3 {
		t.Errorf("--on-error stop: exit code %d, %s", exit, out)
	}
}
