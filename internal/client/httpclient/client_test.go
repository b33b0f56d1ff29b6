package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/httpclient/privatenet"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// client makes a client that does not sleep between tries but notes for how long it would.
func client(t *testing.T, f Flags) (*Client, *[]time.Duration) {
	t.Helper()
	c, err := f.Client(withWarn(func(format string, args ...any) { t.Errorf(format, args...) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	slept := new([]time.Duration)
	c.sleep = func(_ context.Context, d time.Duration) error { *slept = append(*slept, d); return nil }
	return c, slept
}

func withWarn(warn func(string, ...any)) *stage.Env {
	now := func() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }
	return &stage.Env{Warn: warn, Now: now}
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// get returns the body, or the error of whatever went wrong.
func get(c *Client, url string) (string, error) {
	r, err := c.Get(context.Background(), url, http.Header{"X-Own": {"own"}})
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

func compressed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

// TestRequest shows what arrives at the server.
func TestRequest(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s %s:%s %s %s %s", r.Method, r.URL, user, password, r.UserAgent(), r.Header["X-Own"], r.Header["X-Flag"])
	})
	withUser := strings.Replace(s.URL, "//", "//u:p@", 1)
	header := stage.Object{"x-flag": "f"}
	for _, test := range []struct {
		flags     Flags
		url, want string
	}{
		{Flags{}, s.URL + "/a?b=c", "GET /a?b=c : intelpipe [own] []"},
		{Flags{HTTPUsername: "user", HTTPPassword: "pass", HTTPHeader: header}, s.URL + "/", "GET / user:pass intelpipe [own] [f]"},
		{Flags{}, withUser + "/", "GET / u:p intelpipe [own] []"},
		{Flags{HTTPUsername: "user"}, withUser + "/", "GET / user: intelpipe [own] []"},
		{Flags{HTTPHeader: stage.Object{"User-Agent": "mine", "x-own": "o", "authorization": "Basic YTpi"}, HTTPUsername: "user"}, s.URL + "/", "GET / a:b mine [o] []"},
	} {
		test.flags.HTTPUserAgent = "intelpipe"
		c, _ := client(t, test.flags)
		if got, err := get(c, test.url); got != test.want || err != nil {
			t.Errorf("%+v %s: got %q, %v, want %q", test.flags, test.url, got, err, test.want)
		}
	}
}

func TestRedirect(t *testing.T) {
	show := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s own=%s auth=%s referer=%s", r.Method, r.URL, r.Header.Get("X-Own"), r.Header.Get("Authorization"), r.Referer())
	}
	other := serve(t, show)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch to := r.FormValue("to"); to {
		case "":
			show(w, r)
		default:
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}
	})
	to := func(u string) string { return s.URL + "/?to=" + url.QueryEscape(u) }
	c, _ := client(t, Flags{HTTPUsername: "u", HTTPPassword: "p"})
	for _, test := range []struct{ url, want string }{
		{to("/x?y"), "GET /x?y own=own auth=Basic dTpw referer="},
		{to(other.URL + "/x?y"), "GET /x?y own= auth= referer="},
		{to("file:///etc/passwd"), s.URL + "/?…: redirect to file:///etc/passwd: only http and https are fetched"},
		{to("ftp://u:p@example.org/x?secret"), s.URL + "/?…: redirect to ftp://example.org/x?…: only http and https are fetched"},
		{to("?to=?to"), "GET /?to own=own auth=Basic dTpw referer="},
		{to("http://[bad"), s.URL + "/?…: redirect to a URL that cannot be parsed"},
		{"file:///etc/passwd", "file:///etc/passwd: only http and https are fetched"},
		{"example.org/list?key=secret", "example.org/list?…: only http and https are fetched"},
		{"http:///x", "http:///x: only http and https are fetched"},
		{"http://example.org:x/?key=secret", "the URL cannot be parsed"},
	} {
		got, err := get(c, test.url)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.url, got, test.want)
		}
	}
}

func TestRedirectLoop(t *testing.T) {
	var requests int
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/", http.StatusMovedPermanently)
	})
	c, _ := client(t, Flags{})
	if _, err := get(c, s.URL+"/a"); err == nil || err.Error() != s.URL+"/a: more than 10 redirects" || requests != 11 {
		t.Errorf("got %v after %d requests", err, requests)
	}
}

func TestSameHost(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"http://example.org/a", "http://EXAMPLE.org:80/b", true},
		{"http://example.org", "https://example.org", true},
		{"https://example.org", "http://example.org", false},
		{"https://example.org", "https://example.org:8443", false},
		{"https://example.org", "https://sub.example.org", false},
		{"http://example.org:8080", "https://example.org", false},
	} {
		a, _ := url.Parse(test.a)
		b, _ := url.Parse(test.b)
		if got := sameHost(a, b); got != test.want {
			t.Errorf("%s, %s: got %v", a, b, got)
		}
	}
}

func zlibbed(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func deflated(text string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func TestEncoding(t *testing.T) {
	packed := compressed("text")
	bodies := map[string][]byte{
		"gz": packed, "cut": packed[:len(packed)-4], "plain": []byte("plain text"), "none": nil, "twice": compressed(string(packed)),
		"zlib": zlibbed("text"), "deflate": deflated("text"), "cut deflate": deflated("text")[:3], "head": packed[:5],
		"bomb": compressed(strings.Repeat("\x00", 8<<20)), "nested": compressed(string(compressed(strings.Repeat("\x00", 8<<20)))),
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Accept", r.Header.Get("Accept-Encoding"))
		if encodings := r.URL.Query()["encoding"]; encodings != nil {
			w.Header()["Content-Encoding"] = encodings
		}
		w.Header().Set("Content-Type", r.FormValue("type"))
		w.Write(bodies[r.FormValue("body")])
	})
	c, _ := client(t, Flags{})
	for _, test := range []struct{ path, accept, want string }{
		{"/list?body=gz&encoding=gzip", "gzip", "text"},
		{"/list?body=gz&encoding=x-gzip", "gzip", "text"},
		{"/list?body=gz&encoding=GZIP", "gzip", "text"},
		{"/list?body=gz", "gzip", string(packed)},
		{"/list?body=zlib&encoding=deflate", "gzip", "text"},
		{"/list?body=deflate&encoding=deflate", "gzip", "text"},
		{"/list?body=cut+deflate&encoding=deflate", "gzip", "!unexpected EOF"},
		{"/list?body=twice&encoding=gzip,+gzip", "gzip", "text"},
		{"/list?body=twice&encoding=gzip&encoding=gzip", "gzip", "text"},
		{"/list?body=plain&encoding=none", "gzip", "plain text"},
		{"/list?body=plain&encoding=identity", "gzip", "plain text"},
		{"/list?body=plain&encoding=utf-8", "gzip", "plain text"},
		{"/list?body=plain&encoding=UTF-8", "gzip", "plain text"},
		{"/list?body=gz&encoding=identity,gzip", "gzip", "text"},
		{"/list?body=gz&encoding=", "gzip", string(packed)},
		{"/list?body=plain&encoding=gzip,gzip,gzip,gzip,gzip,gzip", "", "!more than 5 content encodings"},
		// A .gz is unpacked once by any coding: to itself where it was packed again,
		// and to its content where it was only called so.
		{"/list.gz?body=gz", "identity", string(packed)},
		{"/list.gz?body=gz&encoding=gzip", "identity", "text"},
		{"/list.gz?body=twice&encoding=gzip&type=application/x-gzip", "identity", string(packed)},
		{"/list?body=plain&encoding=br", "", `!content encoding "br" is not supported`},
		{"/list?body=none&encoding=gzip", "gzip", ""},
		{"/list?body=cut&encoding=gzip", "gzip", "!unexpected EOF"},
		{"/list?body=head&encoding=gzip", "gzip", "!unexpected EOF"},
		{"/list?body=plain&encoding=gzip", "gzip", "!gzip: invalid header"},
		{"/list?body=bomb&encoding=gzip", "gzip", "!" + ErrRatio.Error()},
		{"/list?body=nested&encoding=gzip,gzip", "gzip", "!" + ErrRatio.Error()},
	} {
		var got string
		r, err := c.Get(t.Context(), s.URL+test.path, nil)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(r.Body)
			got = string(b)
			r.Body.Close()
			if accept := r.Header.Get("X-Accept"); accept != test.accept {
				t.Errorf("%s: asked for %q", test.path, accept)
			}
		}
		if err != nil {
			path, _, _ := strings.Cut(test.path, "?")
			text, ok := strings.CutPrefix(err.Error(), s.URL+path+"?…: ")
			got = "!" + text
			if !ok {
				t.Errorf("%s: %v", test.path, err)
			}
		}
		if got != test.want {
			t.Errorf("%s: got %.99q, want %.99q", test.path, got, test.want)
		}
	}
}

func TestRetry(t *testing.T) {
	second := time.Second
	for _, test := range []struct {
		name    string
		tries   int
		answers []string // one of each request: a status and perhaps a Retry-After, or "hang up"
		slept   []time.Duration
		want    string
	}{
		{"at once", 3, []string{"200"}, nil, "ok"},
		{"back-off", 4, []string{"502", "504", "hang up", "200"}, []time.Duration{second, 2 * second, 4 * second}, "ok"},
		{"retry-after", 3, []string{"429 7", "503 0", "200"}, []time.Duration{7 * second, 0}, "ok"},
		{"retry-after in the past", 2, []string{"503 Fri, 01 Jan 2010 00:00:00 GMT", "200"}, []time.Duration{0}, "ok"},
		{"retry-after nonsense", 2, []string{"503 soon", "200"}, []time.Duration{second}, "ok"},
		{"too long to wait", 3, []string{"503 86400", "200"}, nil, "503 Service Unavailable"},
		{"no more tries", 2, []string{"503", "503", "200"}, []time.Duration{second}, "503 Service Unavailable"},
		{"one try at least", 0, []string{"503", "200"}, nil, "503 Service Unavailable"},
		{"not for 404", 3, []string{"404", "200"}, nil, "404 Not Found"},
		{"not for 500", 3, []string{"500", "200"}, nil, "500 Internal Server Error"},
		{"304 that nobody asked for", 3, []string{"304"}, nil, "304 Not Modified"},
		{"206 that nobody asked for", 3, []string{"206"}, nil, "206 Partial Content, but all of it was asked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				answer := test.answers[min(n, len(test.answers)-1)]
				n++
				if answer == "hang up" {
					conn, _, err := w.(http.Hijacker).Hijack()
					if err == nil {
						conn.Close()
					}
					return
				}
				var code int
				fmt.Sscan(answer, &code)
				if _, after, ok := strings.Cut(answer, " "); ok {
					w.Header().Set("Retry-After", after)
				}
				w.WriteHeader(code)
				if code == 200 {
					io.WriteString(w, "ok")
				}
			})
			c, slept := client(t, Flags{HTTPTimeoutMaxTries: test.tries})
			c.transport.DisableKeepAlives = true // or net/http tries again on its own
			got, err := get(c, s.URL+"/x?key=secret")
			want := test.want
			if err != nil {
				got = err.Error()
				var status *StatusError
				if !errors.As(err, &status) {
					t.Errorf("not a StatusError: %v", err)
				}
				want = s.URL + "/x?…: " + want
			}
			if got != want || !slices.Equal(*slept, test.slept) {
				t.Errorf("got %q, slept %v; want %q, %v", got, *slept, want, test.slept)
			}
		})
	}
}

func TestRetryPost(t *testing.T) {
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		n++
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(503)
		fmt.Fprintf(w, "%s %s", r.Method, b)
	})
	c, slept := client(t, Flags{HTTPTimeoutMaxTries: 3})
	r, err := c.Do(t.Context(), http.MethodPost, s.URL+"/moved", nil, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, _ := io.ReadAll(r.Body); string(b) != "POST data" || n != 2 || len(*slept) != 0 {
		t.Errorf("got %q after %d requests", b, n)
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() // nobody listens there now
	c, slept := client(t, Flags{HTTPTimeoutMaxTries: 3})
	_, err = get(c, "http://u:secret@"+address+"/x?key=secret")
	if err == nil || !strings.HasPrefix(err.Error(), "http://"+address+"/x?…: dial tcp "+address) || strings.Contains(err.Error(), "secret") || len(*slept) != 2 {
		t.Errorf("got %v after %d pauses", err, len(*slept))
	}
}

// TestSilence has servers that stop at some point and never go on.
func TestSilence(t *testing.T) {
	done := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		<-done
	})
	defer close(done)
	c, slept := client(t, Flags{HTTPTimeoutSec: []float64{60, 0.2}, HTTPTimeoutMaxTries: 2})
	for _, path := range []string{"/head", "/body"} {
		_, err := get(c, s.URL+path)
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || !timeout.Timeout() || !strings.HasPrefix(err.Error(), s.URL+path+": ") {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if len(*slept) == 0 {
		t.Error("silence is not tried again")
	}
}

// TestSilentBody is the same for the body without a clock: the read fails as
// one does whose context ends.
func TestSilentBody(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { w.CloseWithError(context.Canceled) })
	b := newBody(ctx, cancel, r, "http://example.org/", 1)
	if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, ErrSilent) || err.Error() != "http://example.org/: the server stopped sending" {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestCancel(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	c, slept := client(t, Flags{HTTPTimeoutMaxTries: 3})
	r, err := c.Get(ctx, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	cancel()
	if _, err := io.ReadAll(r.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Get(ctx, s.URL, nil); !errors.Is(err, context.Canceled) || len(*slept) != 0 {
		t.Errorf("got %v, %v", err, *slept)
	}
}

func TestProxy(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s by proxy", r.Method, r.URL)
	})
	c, _ := client(t, Flags{HTTPProxy: proxy.URL, HTTPSProxy: proxy.URL})
	if got, err := get(c, "http://example.org/x"); got != "GET http://example.org/x by proxy" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	direct := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "direct") })
	t.Setenv("HTTP_PROXY", proxy.URL)
	for _, f := range []Flags{{HTTPProxy: proxy.URL}, {HTTPSProxy: proxy.URL}, {}} {
		var warnings []string
		c, err := f.Client(withWarn(func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := get(c, direct.URL); got != "direct" || err != nil {
			t.Errorf("%+v: got %q, %v", f, got, err)
		}
		if one := f.HTTPProxy+f.HTTPSProxy != ""; one != (len(warnings) == 1) {
			t.Errorf("%+v: warnings %q", f, warnings)
		}
		c.CloseIdleConnections()
	}
}

func TestCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	bundle := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for verify, good := range map[string]bool{"": false, "true": false, "True": false, "false": true, bundle: true, dir: true} {
		c, slept := client(t, Flags{HTTPVerifyCert: verify, HTTPTimeoutMaxTries: 3})
		got, err := get(c, s.URL)
		if good && (got != "ok" || err != nil) {
			t.Errorf("%q: got %q, %v", verify, got, err)
		}
		if !good && (err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "\n") || len(*slept) > 0) {
			t.Errorf("%q: got %q, %v, %v", verify, got, err, *slept)
		}
	}
}

func TestConfiguration(t *testing.T) {
	empty := t.TempDir()
	for want, f := range map[string]Flags{
		"--http-timeout-sec: 0 is not a time to wait":                        {HTTPTimeoutSec: []float64{0}},
		"--http-timeout-sec: -1 is not a time to wait":                       {HTTPTimeoutSec: []float64{3, -1}},
		"--http-timeout-sec: more than two values":                           {HTTPTimeoutSec: []float64{1, 2, 3}},
		"--http-proxy: not a URL":                                            {HTTPProxy: "u:secret@x", HTTPSProxy: "http://example.org"},
		`--https-proxy: a proxy of type "ftp" is not known`:                  {HTTPProxy: "http://example.org", HTTPSProxy: "ftp://example.org"},
		"--http-verify-cert: " + empty + ": no certificate found":            {HTTPVerifyCert: empty},
		"--http-verify-cert: open /nowhere/ca: no such file or directory":    {HTTPVerifyCert: "/nowhere/ca"},
		"--ssl-client-certificate: open /nowhere: no such file or directory": {SSLClientCertificate: "/nowhere"},
		`--http-header: the value of "X-A" is not a string`:                  {HTTPHeader: stage.Object{"X-A": 1.0}},
	} {
		if _, err := f.Client(withWarn(t.Logf)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestFormatURL(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Skip(err)
	}
	now := time.Date(2024, 4, 1, 2, 30, 5, 0, vienna) // a day and a half hour after the clocks went forward
	type object = map[string]any
	for _, test := range []struct {
		template string
		off      bool
		shift    object
		want     string // begins with ! for an error
	}{
		{"http://example.org/{time[%Y-%m-%d]}.txt", false, nil, "http://example.org/2024-04-01.txt"},
		{"http://example.org/{time[%Y]}{x}", true, nil, "http://example.org/{time[%Y]}{x}"},
		{"{time[%H:%M]}/{time[%j]}", false, nil, "02:30/092"},
		{"{{a}}{{{time[%Y]}}}", false, nil, "{a}{2024}"},
		{"none", false, nil, "none"},
		{"{time[%d %H]}", false, object{"days": -1.0}, "31 03"}, // 02:30 did not exist on that day
		{"{time[%d %H]}", false, object{"days": -2}, "30 02"},
		{"{time[%F %T]}", false, object{"weeks": 1.0, "hours": int64(1), "minutes": -0.5, "seconds": 1.0, "milliseconds": 500, "microseconds": 5e5}, "2024-04-08 03:29:37"},
		{"{day}", false, nil, "!unknown placeholder {day}; known is {time[FORMAT]}"},
		{"{time}", false, nil, "!unknown placeholder {time}; known is {time[FORMAT]}"},
		{"{time[%Y]", false, nil, "!unknown placeholder {time[%Y]}; known is {time[FORMAT]}"},
		{"{", false, nil, "!unknown placeholder {}; known is {time[FORMAT]}"},
		{"a}b", false, nil, "!a single } in the template; a literal one is written }}"},
		{"a", false, object{"years": 1.0}, `!"years" is not a unit of time`},
		{"a", false, object{"days": "1"}, "!days: 1 is not a number"},
		{"a", false, object{"days": true}, "!days: true is not a number"},
		{"a", false, object{"days": 1e9}, "!the time is shifted too far"},
	} {
		got, err := FormatURL(test.template, !test.off, test.shift, now)
		if err != nil {
			got = "!" + err.Error()
		}
		if got != test.want {
			t.Errorf("%s %v: got %q, want %q", test.template, test.shift, got, test.want)
		}
	}
}

// TestParse writes URLs as browsers send them.
func TestParse(t *testing.T) {
	base, _ := url.Parse("http://example.org/dir/page?x=1")
	for text, want := range map[string]string{
		"http://example.org/a b?c=d e":          "http://example.org/a%20b?c=d%20e",
		"http://example.org/é?q=ü":              "http://example.org/%C3%A9?q=%C3%BC",
		"http://example.org/%C3%A9%20x?q=%20y":  "http://example.org/%C3%A9%20x?q=%20y",
		"http://example.org/\xe9":               "http://example.org/%E9",
		"http://example.org/100%.txt?a=%":       "http://example.org/100%25.txt?a=%",
		"http://example.org/a%2Fb|c":            "http://example.org/a%2Fb%7Cc",
		"http://example.org/{a}?q={b}\"<'>":     "http://example.org/%7Ba%7D?q={b}%22%3C%27%3E",
		" http://example.org/\ta\r\nb#fragment": "http://example.org/ab",
		"http:\\\\example.org\\a":               "http://example.org/a",
		"http://us er:p@ss%41@example.org/":     "http://us%20er:p%40ssA@example.org/",
		"http://us:p|%@example.org/":            "http://us:p%7C%25@example.org/",
		"?a b":                                  "http://example.org/dir/page?a%20b",
		"x y":                                   "http://example.org/dir/x%20y",
		"/x y?z=//u@v w":                        "http://example.org/x%20y?z=//u@v%20w",
		"//example.net/ä":                       "http://example.net/%C3%A4",
		"../list;a=1,2":                         "http://example.org/list;a=1,2",
		"http://[2001:db8::1]:8080/a?b":         "http://[2001:db8::1]:8080/a?b",
		"http://example.org?a b":                "http://example.org?a%20b",
		"http://example.org/a?":                 "http://example.org/a?",
		"http://exa mple.org/?key=secret":       "!",
		"http://example.org:port/?key=secret":   "!",
	} {
		u, err := Parse(base, text)
		got := "!"
		if err == nil {
			got = u.Scheme + "://" + map[bool]string{true: u.User.String() + "@"}[u.User != nil] + u.Host + strings.TrimPrefix(u.RequestURI(), map[bool]string{true: "/"}[u.Path == ""])
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestMask holds secrets back, in whatever way they are written.
func TestMask(t *testing.T) {
	s, err := newSecrets([]string{"id", "X-Code", "/2"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"http://example.org/a/list.txt?day=1&key=S":           "http://example.org/a/***?day=1&key=***",
		"http://example.org/?apikey=S&API_KEY=S&api-key=S":    "http://example.org/?apikey=***&API_KEY=***&api-key=***",
		"http://example.org/?access_token=S;sig=S&x=1":        "http://example.org/?access_token=***;sig=***&x=1",
		"http://example.org/?X-Amz-Signature=S&X-Amz-Date=1":  "http://example.org/?X-Amz-Signature=***&X-Amz-Date=1",
		"http://example.org/?ap%69key=S&auth%5Btoken%5D=S":    "http://example.org/?ap%69key=***&auth%5Btoken%5D=***",
		"http://example.org/?password=S&Passwd=S&PWD=S":       "http://example.org/?password=***&Passwd=***&PWD=***",
		"http://example.org/?id=S&x_code=S&ident=1&key=":      "http://example.org/?id=***&x_code=***&ident=1&key=",
		"http://example.org/?u=http%3A%2F%2Fh%2F%3Ftoken%3DS": "http://example.org/?u=***",
		"http://example.org/?u=http%3A%2F%2Fme%3AS%40h%2F":    "http://example.org/?u=***",
		"http://example.org/?u=http%3A%2F%2Fh%2Fa":            "http://example.org/?u=http%3A%2F%2Fh%2Fa",
		"http://me:S@example.org/a#token=S":                   "http://example.org/a#token=***",
		"http://me:S@S@example.org":                           "http://example.org",
		"https://example.org/data/S/valid.csv":                "https://example.org/data/***/valid.csv",
		"/a/S?token=S":                                        "/a/***?token=***",
	} {
		got := s.mask(text)
		if got != want || strings.Contains(got, "=S") {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if again := s.mask(got); again != got {
			t.Errorf("%s: masked again %s", got, again)
		}
	}
	if _, err := newSecrets([]string{"/key"}); err == nil || !strings.HasPrefix(err.Error(), "--url-secrets: ") {
		t.Errorf("got %v", err)
	}
}

func TestNamed(t *testing.T) {
	c := &Client{private: privatenet.Has}
	for host, want := range map[string]bool{
		"example.org": true, "192.0.2.1": true, "127.0.0.1": false, "localhost": false, "x.localhost.": false,
		"2130706433": false, "0x7f.1": false, "[::1]": false, "[2001:db8::1]": true, "printer.local": false,
	} {
		if got := c.named(&url.URL{Host: host}); got != want {
			t.Errorf("%s: got %v", host, got)
		}
	}
}

// serveAt serves at an address of the loopback network.
func serveAt(t *testing.T, address string, h http.HandlerFunc) string {
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Skip(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// TestPrivateRedirect takes 127.0.0.1 for a public address, and 127.0.0.2 for a
// private one.
func TestPrivateRedirect(t *testing.T) {
	inside := serveAt(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "inside") })
	move := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			http.Redirect(w, r, inside+"/", http.StatusFound)
		case "/twice":
			http.Redirect(w, r, "/in", http.StatusFound)
		default:
			io.WriteString(w, "outside")
		}
	}
	outside, within := serveAt(t, "127.0.0.1", move), serveAt(t, "127.0.0.2", move)
	for _, test := range []struct {
		flags Flags
		url   string
		want  string
	}{
		{Flags{}, outside + "/in", "!"},
		{Flags{}, outside + "/twice", "!"},
		{Flags{HTTPPrivateRedirects: true}, outside + "/twice", "inside"},
		{Flags{}, within + "/twice", "inside"},
		{Flags{}, inside, "inside"},
		{Flags{}, outside, "outside"},
	} {
		test.flags.HTTPTimeoutMaxTries = 3
		c, slept := client(t, test.flags)
		c.private = func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.2") }
		for range 2 { // also on a connection that is there already
			got, err := get(c, test.url)
			if err != nil {
				got = "!"
				if !errors.Is(err, ErrRedirect) || !strings.HasPrefix(err.Error(), inside+"/: ") || !strings.Contains(err.Error(), "--http-allow-private-redirects") || len(*slept) > 0 {
					t.Errorf("%s: %v", test.url, err)
				}
			}
			if got != test.want {
				t.Errorf("%s: got %q, %v, want %q", test.url, got, err, test.want)
			}
		}
	}
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		} else {
			io.WriteString(w, r.URL.Host)
		}
	})
	c, _ := client(t, Flags{HTTPProxy: proxy.URL, HTTPSProxy: proxy.URL})
	for path, want := range map[string]string{
		"http://example.org/?to=http://127.0.0.1/": "", "http://example.org/?to=http://2130706433/": "",
		"http://example.org/?to=http://example.net/": "example.net", "http://localhost/?to=http://127.0.0.1/": "127.0.0.1",
	} {
		if got, err := get(c, path); got != want || (err == nil) != (want != "") {
			t.Errorf("%s by proxy: got %q, %v", path, got, err)
		}
	}
}

// TestCookies has a server that wants its cookie back.
func TestCookies(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/list":
			if got, err := r.Cookie("session"); err == nil && got.Value == "1" {
				fmt.Fprint(w, r.Header["Cookie"])
				return
			}
			http.Redirect(w, r, "/login", http.StatusFound)
		default:
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/"})
			http.Redirect(w, r, "/list", http.StatusFound)
		}
	})
	c, _ := client(t, Flags{})
	if got, err := get(c, s.URL+"/list"); got != "[session=1]" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	c, _ = client(t, Flags{HTTPHeader: stage.Object{"Cookie": "own=2"}})
	for range 2 { // nothing is kept for the next fetch
		if got, err := get(c, s.URL+"/list"); got != "[own=2; session=1]" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// TestTotalTimeout has servers that keep on sending a little, or answer again
// and again.
func TestTotalTimeout(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/drops":
			for r.Context().Err() == nil {
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		case "/retry":
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			time.Sleep(time.Millisecond)
			http.Redirect(w, r, "/again", http.StatusFound)
		}
	})
	for _, path := range []string{"/drops", "/retry"} {
		c, err := (&Flags{HTTPTimeoutTotal: 0.3, HTTPTimeoutMaxTries: 3}).Client(withWarn(t.Errorf))
		if err != nil {
			t.Fatal(err)
		}
		_, err = get(c, s.URL+path)
		if want := s.URL + path + ": not at its end after 300ms, see --http-timeout-total"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		c.CloseIdleConnections()
	}
}

// TestClientCertificate shows the certificate to the first host alone.
func TestClientCertificate(t *testing.T) {
	tlsServer := func(h http.HandlerFunc) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	show := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, len(r.TLS.PeerCertificates)) }
	other := tlsServer(show)
	first := tlsServer(func(w http.ResponseWriter, r *http.Request) {
		if to := r.FormValue("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		show(w, r)
	})
	key, err := x509.MarshalPKCS8PrivateKey(first.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "client.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: first.Certificate().Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ := client(t, Flags{HTTPVerifyCert: "false", SSLClientCertificate: file})
	for u, want := range map[string]string{
		first.URL: "1", first.URL + "/?to=/x": "1", first.URL + "/?to=" + url.QueryEscape(other.URL): "0",
	} {
		if got, err := get(c, u); got != want || err != nil {
			t.Errorf("%s: got %q, %v", u, got, err)
		}
	}
}

// TestUnsolicited has a server that says more than was asked for, which package
// net/http would write to stderr.
func TestUnsolicited(t *testing.T) {
	said := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer close(said)
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		time.Sleep(50 * time.Millisecond)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, conn)
	})
	var logged bytes.Buffer
	log.SetOutput(&logged)
	c, _ := client(t, Flags{})
	if log.Writer() != io.Discard {
		t.Error("package net/http can write to stderr")
	}
	if got, err := get(c, s.URL); got != "ok" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	<-said
	if logged.Len() > 0 {
		t.Errorf("said %q", &logged)
	}
}

// TestKeep holds what is small in memory and what is large in a file without a
// name, and knows nothing of an answer that breaks off.
func TestKeep(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", memory/16+1)
	for _, test := range []struct {
		text  string
		limit int64
		err   error
	}{
		{"", 10, nil}, {"small", 5, nil}, {"small", 4, ErrTooLarge}, {large, int64(len(large)), nil}, {large, int64(len(large)) - 1, ErrTooLarge},
		{large[:memory], memory, nil}, {large[:memory+1], memory, ErrTooLarge}, {large, math.MaxInt64, nil},
	} {
		dir := filepath.Join(t.TempDir(), "state")
		a, err := Keep(&http.Response{Body: io.NopCloser(strings.NewReader(test.text))}, dir, test.limit)
		if !errors.Is(err, test.err) {
			t.Errorf("%d bytes: %v", len(test.text), err)
		}
		if err == nil {
			b, err := io.ReadAll(a)
			if string(b) != test.text || err != nil || a.Close() != nil {
				t.Errorf("%d of %d bytes, %v", len(b), len(test.text), err)
			}
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	for _, text := range []string{"half", large} {
		broken := io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrUnexpectedEOF))
		if a, err := Keep(&http.Response{Body: io.NopCloser(broken)}, t.TempDir(), math.MaxInt64); a != nil || err != io.ErrUnexpectedEOF {
			t.Errorf("got %v", err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Keep(&http.Response{Body: io.NopCloser(strings.NewReader(large))}, file, math.MaxInt64); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

// TestSecretInPlace: the secret stands where the URL and a header want it, for the
// first host alone, and is shown nowhere.
func TestSecretInPlace(t *testing.T) {
	const secret = "a/b&c d+é"
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.URL.RequestURI(), r.Header.Get("Auth-Key"))
	})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Auth-Key") != "Key "+secret || r.URL.Query().Get("key") != secret && r.URL.Path != "/"+secret+"/list" {
			t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Auth-Key"))
		}
		switch {
		case r.URL.Query().Has("key"):
			http.Redirect(w, r, other.URL+"/there", http.StatusFound)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	c, _ := client(t, Flags{HTTPSecret: secret, HTTPHeader: stage.Object{"Auth-Key": "Key {secret}"}})
	if got, err := get(c, s.URL+"/?key={secret}"); err != nil || got != "/there " {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := get(c, s.URL+"/{secret}/list")
	if want := s.URL + "/***/list: 404 Not Found"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for _, text := range []string{"/x?a={secret}", "/x?a=a%2Fb%26c%20d%2B%C3%A9", "/x?a=a%2Fb%26c+d%2B%C3%A9", "/x?a=" + secret} {
		if got := c.Mask(text); got != "/x?a=***" {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
	if _, err := (&Flags{HTTPHeader: stage.Object{"Auth-Key": "{secret}"}}).Client(withWarn(nil)); err == nil || !strings.Contains(err.Error(), "--http-secret-file") {
		t.Errorf("got %v", err)
	}
	if got, err := FormatURL("/{secret}/{time[%Y]}", true, nil, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)); err != nil || got != "/{secret}/2026" {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestForeign: what a message names leads to no private address unless it may.
func TestForeign(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		io.WriteString(w, "inside")
	})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		flags Foreign
		url   string
		want  string
	}{
		{Foreign{}, s.URL, ""},
		{Foreign{}, "http://localhost:" + port, ""},
		{Foreign{}, "http://[::ffff:127.0.0.1]:" + port, ""},
		{Foreign{HTTPAllowPrivate: true}, s.URL + "/away", "inside"},
		{Foreign{Flags: Flags{HTTPProxy: s.URL, HTTPSProxy: s.URL}}, "http://127.0.0.1:1/", "inside"},
	} {
		test.flags.HTTPTimeoutMaxTries = 3
		c, err := test.flags.Client(withWarn(nil))
		if err != nil {
			t.Fatal(err)
		}
		c.sleep = func(context.Context, time.Duration) error { t.Error("tried again"); return nil }
		got, err := get(c, test.url)
		if got != test.want || (err == nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), "a private address, see --http-allow-private") {
			t.Errorf("%s: got %q, %v", test.url, got, err)
		}
		c.CloseIdleConnections()
	}
}

// TestQuery: a POST that changes nothing is tried again, any other is not.
func TestQuery(t *testing.T) {
	asked := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		io.Copy(w, r.Body)
	})
	c, slept := client(t, Flags{HTTPTimeoutMaxTries: 2})
	r, err := c.Query(t.Context(), s.URL, nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); string(text) != "x" || err != nil || r.StatusCode != 200 || asked != 2 || !slices.Equal(*slept, []time.Duration{7 * time.Second}) {
		t.Errorf("got %q, %v, %s; asked %d times, slept %v", text, err, r.Status, asked, *slept)
	}
	asked = 0
	r, err = c.Do(t.Context(), http.MethodPost, s.URL, nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusTooManyRequests || asked != 1 {
		t.Errorf("got %s, asked %d times", r.Status, asked)
	}
}

// TestSleep ends at once with its context.
func TestSleep(t *testing.T) {
	if err := Sleep(t.Context(), time.Microsecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Sleep(ctx, time.Hour); err == nil {
		t.Error("no error")
	}
}
