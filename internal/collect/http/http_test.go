package http

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// parser is a stage that makes an event of each line.
type parser struct{}

func (*parser) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Lines(report) {
		e := feed.Event(report, line)
		e.Set("source.ip", line)
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// run runs the command, alone or in a chain, and returns the exit code.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	state := t.TempDir()
	code = tool.Run(context.Background(), []tool.Spec{
		{Name: "collect-http", New: func() any { return new(Command) }},
		{Name: "parse-test", New: func() any { return new(parser) }},
	}, tool.Process{
		Args:  append([]string{"collect-http"}, args...),
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string {
			return map[string]string{"XDG_STATE_HOME": state, "INTELPIPE_NOW": "2026-02-03T23:30:00Z"}[name]
		},
	})
	return out.String(), errs.String(), code
}

// reports returns names and contents of the reports in NDJSON.
func reports(t *testing.T, ndjson string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(ndjson) {
		m := event.New(event.Report, nil)
		if err := m.Decode([]byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		raw, err := io.ReadAll(m.Raw())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s=%s;", m.Get("extra.file_name"), raw)
	}
	return b.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func zipped(members ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, _ := w.Create(members[i])
		io.WriteString(f, members[i+1])
	}
	w.Close()
	return b.String()
}

func tarred(members ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w.WriteHeader(&tar.Header{Name: members[i], Mode: 0o644, Size: int64(len(members[i+1]))})
		io.WriteString(w, members[i+1])
	}
	w.Close()
	return b.String()
}

// serve answers each path with its content.
func serve(t *testing.T, files map[string]string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Modified-Since") != "" || r.Header.Get("If-None-Match") != "" {
			t.Error("a conditional request")
		}
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCollect(t *testing.T) {
	big := strings.Repeat("0", 4<<20)
	base := serve(t, map[string]string{
		"/a.txt":          "a\n",
		"/2026-02-03.txt": "today",
		"/2026-02-04.txt": "in Vienna",
		"/2026-02-02.txt": "yesterday",
		"/empty":          "",
		"/a.gz":           gzipped("a\n"),
		"/cut.gz":         gzipped(strings.Repeat("a\n", 99))[:20],
		"/a.zip":          zipped("x/b", "b\n", "a", "a\n", "empty", ""),
		"/a.tar":          tarred("b", "b\n", "a", "a\n"),
		"/a.tgz":          gzipped(tarred("b", "b\n", "a", "a\n")),
		"/up.zip":         zipped("../up", "up", "a", "a\n", "/etc/x", "x"),
		"/bomb.zip":       zipped("a", "a\n", "bomb", big),
		"/big":            big,
	})
	for _, c := range []struct {
		path string
		args []string
		want string // reports
		code int
		text string // on stderr
	}{
		{path: "/a.txt", want: "=a\n;"},
		{path: "/none", code: 3, text: "404"},
		{path: "/empty", text: "the answer is empty"},
		{path: "/a.gz", want: "=" + gzipped("a\n") + ";"},
		{path: "/a.gz", args: []string{"--extract-files=true"}, want: "=a\n;"},
		{path: "/a.txt", args: []string{"--extract-files", "json:true"}, code: 1, text: "not a zip, tar, gzip"},
		{path: "/a.zip", want: "x/b=b\n;a=a\n;", text: "empty is empty"},
		{path: "/a.zip", args: []string{"--extract-files", "a,c"}, want: "a=a\n;", text: "not in the archive: c"},
		{path: "/a.zip", args: []string{"--extract-files", `json:["x/b"]`}, want: "x/b=b\n;"},
		{path: "/a.tar", want: "=" + tarred("b", "b\n", "a", "a\n") + ";"},
		{path: "/a.tgz", args: []string{"--extract-files", "true"}, want: "b=b\n;a=a\n;"},
		{path: "/up.zip", want: "a=a\n;", code: 1, text: `"../up": unsafe`},
		{path: "/{time[%Y-%m-%d]}.txt", args: []string{"--http-url-formatting", "true"}, want: "=today;"},
		{path: "/{time[%Y-%m-%d]}.txt", args: []string{"--http-url-formatting", "true", "--timezone", "Europe/Vienna"}, want: "=in Vienna;"},
		{path: "/{time[%Y-%m-%d]}.txt", args: []string{"--http-url-formatting", `json:{"days":-1}`}, want: "=yesterday;"},
		{path: "/{date}", args: []string{"--http-url-formatting", "json:true"}, code: 2, text: "unknown placeholder"},
		{path: "/", args: []string{"--http-url-formatting", "json:5"}, code: 2, text: "--http-url-formatting"},
		{path: "/", args: []string{"--extract-files", "json:5"}, code: 2, text: "--extract-files"},
		{path: "/", args: []string{"--timezone", "Nowhere"}, code: 2, text: "--timezone"},
		{path: "/", args: []string{"--max-download", "much"}, code: 2, text: "is no size"},
		{path: "/big", args: []string{"--max-download", "4MiB"}, want: "=" + big + ";"},
	} {
		stdout, stderr, code := run(t, append([]string{"--http-url", base + c.path}, c.args...)...)
		if got := reports(t, stdout); got != c.want || code != c.code || !strings.Contains(stderr, c.text) || c.text == "" && stderr != "" {
			t.Errorf("%s %q: exit %d, %.300q, stderr %s", c.path, c.args, code, got, stderr)
		}
	}

	// What turns out to be bad in the middle is no message for whoever reads it,
	// and does no harm to the next.
	for _, c := range []struct{ path, flag, text string }{
		{"/big", "--max-download=3MiB", "larger than --max-download"},
		{"/bomb.zip", "--max-unpacked=1MiB", "more than the limit"},
		{"/cut.gz", "--extract-files=true", "unexpected EOF"},
	} {
		stdout, stderr, code := run(t, "--http-url", base+c.path, c.flag)
		if code != 1 || !strings.Contains(stderr, c.text) || !strings.HasSuffix(stdout, "\n") {
			t.Errorf("%s %s: exit %d, stderr %s", c.path, c.flag, code, stderr)
		}
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		for i, line := range lines {
			if err := new(event.Message).Decode([]byte(line)); (err == nil) != (i < len(lines)-1) {
				t.Errorf("%s: line %d of %d: %v", c.path, i+1, len(lines), err)
			}
		}
	}
}

func TestReport(t *testing.T) {
	base := serve(t, map[string]string{"/a.txt": "a\n"})
	u, _ := url.Parse(base + "/a.txt")
	u.User = url.UserPassword("me", "secret")
	stdout, stderr, code := run(t, "--http-url", u.String(), "--name", "Example", "--code", "ex")
	m := event.New(event.Report, nil)
	if err := m.Decode([]byte(stdout)); err != nil || code != 0 {
		t.Fatal(err, code, stderr)
	}
	if m.Get("feed.url") != base+"/a.txt" || m.Get("feed.name") != "Example" || !m.Has("time.observation") || strings.Contains(stdout+stderr, "secret") {
		t.Error(stdout, stderr)
	}
	if keys := m.Keys(); keys[len(keys)-1] != "raw" {
		t.Errorf("raw is not the last of %q", keys)
	}
}

func TestSchemes(t *testing.T) {
	for _, u := range []string{"file:///etc/passwd", "ftp://example.org/", "/etc/passwd", "http://", "example.org"} {
		if _, stderr, code := run(t, "--http-url", u); code != 2 || !strings.Contains(stderr, "--http-url") {
			t.Errorf("%s: exit %d, %s", u, code, stderr)
		}
	}
}

func TestRedirectToFile(t *testing.T) {
	s := httptest.NewServer(http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	defer s.Close()
	if stdout, stderr, code := run(t, "--http-url", s.URL); code != 1 || stdout != "" || !strings.Contains(stderr, "only http and https") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

func TestRetry(t *testing.T) {
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "third\n")
	}))
	defer s.Close()
	if stdout, stderr, code := run(t, "--http-url", s.URL); code != 0 || reports(t, stdout) != "=third\n;" {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

func TestProxyForLocalhost(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "proxied %s", r.URL)
	}))
	defer proxy.Close()
	stdout, stderr, code := run(t, "--http-url", "http://localhost/x.txt", "--http-proxy", proxy.URL, "--https-proxy", proxy.URL)
	if code != 0 || reports(t, stdout) != "=proxied http://localhost/x.txt;" {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

// TestCutBody is a server that breaks off: neither the next stage of a chain
// nor a process behind a pipe makes an event of the line that is torn.
func TestCutBody(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "192.0.2.1\n192.0.2.100")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	stdout, stderr, code := run(t, "--http-url", s.URL, "then", "parse-test")
	if code != 3 || strings.Contains(stdout, `192.0.2.100"`) {
		t.Errorf("chain: exit %d, %s, %s", code, stdout, stderr)
	}
	stdout, stderr, code = run(t, "--http-url", s.URL)
	if m := event.New(event.Report, nil); code != 3 || m.Decode([]byte(strings.TrimSuffix(stdout, "\n"))) == nil {
		t.Errorf("pipe: exit %d, %s, %s", code, stdout, stderr)
	}
}

// TestSilentServer sends a part and nothing more.
func TestSilentServer(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "192.0.2.1\n192.0.2.100")
		w.(http.Flusher).Flush()
		<-done
	}))
	defer s.Close()
	defer close(done)
	stdout, stderr, code := run(t, "--http-url", s.URL, "--http-timeout-sec", "0.2", "then", "parse-test")
	if code != 3 || strings.Contains(stdout, `192.0.2.100"`) || !strings.Contains(stderr, "stopped sending") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}
