package httpclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// client makes a client that does not sleep between tries but notes for how long it would.
func client(t *testing.T, f Flags) (*Client, *[]time.Duration) {
	t.Helper()
	c, err := f.Client(func(format string, args ...any) { t.Errorf(format, args...) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	slept := new([]time.Duration)
	c.sleep = func(_ context.Context, d time.Duration) error { *slept = append(*slept, d); return nil }
	return c, slept
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
		{"http://example.org/%zz?key=secret", "the URL cannot be parsed"},
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

func TestEncoding(t *testing.T) {
	packed := compressed("text")
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Accept", r.Header.Get("Accept-Encoding"))
		if e := r.FormValue("encoding"); e != "" {
			w.Header().Set("Content-Encoding", e)
		}
		w.Header().Set("Content-Type", r.FormValue("type"))
		switch r.FormValue("body") {
		case "cut":
			w.Write(packed[:len(packed)-4])
		case "plain":
			io.WriteString(w, "plain text")
		case "none":
		default:
			w.Write(packed)
		}
	})
	c, _ := client(t, Flags{})
	for _, test := range []struct{ path, accept, want string }{
		{"/list?encoding=gzip", "gzip", "text"},
		{"/list?encoding=x-gzip", "gzip", "text"},
		{"/list", "gzip", string(packed)},
		{"/list.gz", "identity", string(packed)},
		{"/list.gz?encoding=gzip&type=application/x-gzip", "identity", string(packed)},
		{"/get?encoding=gzip&type=application/x-gzip", "gzip", string(packed)},
		{"/list?encoding=br", "", s.URL + `/list?…: content encoding "br" is not supported`},
		{"/list?encoding=gzip&body=none", "gzip", ""},
		{"/list?encoding=gzip&body=cut", "gzip", s.URL + "/list?…: unexpected EOF"},
		{"/list?encoding=gzip&body=plain", "gzip", s.URL + "/list?…: gzip: invalid header"},
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
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.path, got, test.want)
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
		{"304 is an answer", 3, []string{"304"}, nil, "304 Not Modified"},
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
	b := &body{r, "http://example.org/", 1, ctx, cancel}
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
		c, err := f.Client(func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) })
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
		if _, err := f.Client(t.Logf); err == nil || err.Error() != want {
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
