package http

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
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
	for line := range feed.Lines(report, emit) {
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
	return runIn(t, t.TempDir(), args...)
}

// runIn does so with a state directory.
func runIn(t *testing.T, state string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = tool.Run(context.Background(), []tool.Spec{
		{Name: "collect-http", New: func() any { return new(Command) }},
		{Name: "parse-test", New: func() any { return new(parser) }},
	}, tool.System{
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
	big := strings.Repeat("\x00", 4<<20)
	base := serve(t, map[string]string{
		"/a.txt":          "a\n",
		"/2026-02-03.txt": "today",
		"/2026-02-04.txt": "in Vienna",
		"/2026-02-02.txt": "yesterday",
		"/empty":          "",
		"/a.gz":           gzipped("a\n"),
		"/cut.gz":         gzipped(strings.Repeat("a\n", 99))[:20],
		"/cut.tgz":        gzipped(tarred("b", "b\n", "a", "a\n")[:2048]),
		"/cut.tar":        tarred("b", "b\n", "a", "a\n")[:2048],
		"/cut.zip":        zipped("b", "b\n", "a", "a\n")[:100],
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
		{path: "/big", args: []string{"--max-download", "3MiB"}, code: 1, text: "too large, see --max-download"},
		{path: "/bomb.zip", args: []string{"--max-unpacked", "1MiB"}, code: 1, text: "more than the limit"},
		{path: "/bomb.zip", want: "a=a\n;", code: 1, text: `"bomb": archive unpacks to suspiciously much more`},
		{path: "/cut.gz", args: []string{"--extract-files", "true"}, code: 1, text: "cannot be unpacked: unexpected EOF"},
		{path: "/cut.tgz", args: []string{"--extract-files", "true"}, code: 1, text: "cannot be unpacked: unexpected EOF"},
		{path: "/cut.zip", code: 1, text: "cannot be unpacked: zip: not a valid zip file"},
		{path: "/cut.tar", args: []string{"--extract-files", "a"}, code: 1, text: "cannot be unpacked: unexpected EOF"},
		{path: "/?key=secret", args: []string{"--dry-run"}, text: "would fetch " + base + "/?key=***\n"},
	} {
		stdout, stderr, code := run(t, append([]string{"--http-url", base + c.path}, c.args...)...)
		if got := reports(t, stdout); got != c.want || code != c.code || !strings.Contains(stderr, c.text) || c.text == "" && stderr != "" {
			t.Errorf("%s %q: exit %d, %.300q, stderr %s", c.path, c.args, code, got, stderr)
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

// TestCutBody has servers that break off, in every way there is. Nothing of what
// they have sent goes on, to a stage of the chain as little as to stdout.
func TestCutBody(t *testing.T) {
	text := strings.Repeat("192.0.2.1\n", 300_000) // more than is kept in memory
	for name, answer := range map[string]func(conn io.Writer, text string){
		"shorter than its length": func(conn io.Writer, text string) {
			fmt.Fprintf(conn, "Content-Length: %d\r\n\r\n%s", len(text)+1, text)
		},
		"cut chunk": func(conn io.Writer, text string) {
			fmt.Fprintf(conn, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(text)+1, text)
		},
		"no last chunk": func(conn io.Writer, text string) {
			fmt.Fprintf(conn, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(text), text)
		},
		"cut gzip": func(conn io.Writer, text string) {
			packed := gzipped(text)
			fmt.Fprintf(conn, "Content-Encoding: gzip\r\n\r\n%s", packed[:len(packed)-9])
		},
		"gzip without its sum": func(conn io.Writer, text string) {
			packed := gzipped(text)
			fmt.Fprintf(conn, "Content-Encoding: gzip\r\n\r\n%s", packed[:len(packed)-1])
		},
		"wrong gzip": func(conn io.Writer, text string) {
			packed := gzipped(text)
			fmt.Fprintf(conn, "Content-Encoding: gzip\r\n\r\n%s%s", packed[:len(packed)-1], "\x99")
		},
	} {
		for size, text := range map[string]string{"small": text[:30], "large": text} {
			t.Run(name+" "+size, func(t *testing.T) {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					conn, _, err := w.(http.Hijacker).Hijack()
					if err != nil {
						return
					}
					defer conn.Close()
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n")
					answer(conn, text)
				}))
				defer s.Close()
				for _, then := range [][]string{nil, {"then", "parse-test"}} {
					stdout, stderr, code := run(t, append([]string{"--http-url", s.URL}, then...)...)
					if code != 3 || stdout != "" || !strings.HasPrefix(stderr, "collect-http: "+s.URL+": ") || strings.Count(stderr, "\n") != 1 {
						t.Errorf("%q: exit %d, %.99q, %s", then, code, stdout, stderr)
					}
				}
			})
		}
	}
}

// TestEncoding hands on what the server says of the text.
func TestEncoding(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.FormValue("type"))
		if r.URL.Path == "/a.zip" {
			io.WriteString(w, zipped("a", "a\n"))
			return
		}
		io.WriteString(w, "a\n")
	}))
	defer s.Close()
	for query, want := range map[string]string{
		"/?type=text/csv%3B+charset%3DISO-8859-1":        "iso-8859-1",
		"/?type=text/csv%3Bcharset%3D%22windows-1252%22": "windows-1252",
		"/?type=text/csv%3Bcharset%3DUTF-8":              "",
		"/?type=text/csv%3Bcharset%3DUS-ASCII":           "",
		"/?type=text/csv%3Bcharset%3D%22a+b%22":          "",
		"/?type=text/csv":                                "",
		"/?type=":                                        "",
		"/?type=nonsense%3Bcharset":                      "",
		"/a.zip?type=application/zip%3Bcharset%3Dlatin1": "",
	} {
		stdout, stderr, code := run(t, "--http-url", s.URL+query)
		m := event.New(event.Report, nil)
		if err := m.Decode([]byte(strings.TrimSpace(stdout))); err != nil || code != 0 || m.Get("extra.encoding") != want {
			t.Errorf("%s: exit %d, %v, %s%s", query, code, err, stdout, stderr)
		}
	}
}

// TestPackedOnce has servers that call the packing of a file a content coding,
// or pack it once more.
func TestPackedOnce(t *testing.T) {
	packed := gzipped("a\n")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", r.FormValue("type"))
		switch r.URL.Path {
		case "/twice.gz":
			io.WriteString(w, gzipped(packed))
		case "/bomb.gz":
			io.WriteString(w, gzipped(gzipped(strings.Repeat("\x00", 32<<20))))
		case "/tar.tgz":
			io.WriteString(w, gzipped(tarred("b", "b\n")))
		default:
			io.WriteString(w, packed)
		}
	}))
	defer s.Close()
	for _, c := range []struct {
		path, extract, want, text string
		code                      int
	}{
		{"/once.gz", "false", "=a\n;", "", 0},
		{"/once.gz", "true", "=a\n;", "", 0},
		{"/download?type=application/gzip", "true", "=a\n;", "", 0},
		{"/once.txt", "true", "", "not a zip, tar, gzip or bzip2 file", 1},
		{"/once.txt", "false", "=a\n;", "", 0},
		{"/twice.gz", "false", "=" + packed + ";", "", 0},
		{"/twice.gz", "true", "=a\n;", "", 0},
		{"/tar.tgz", "true", "b=b\n;", "", 0},
		{"/bomb.gz", "true", "", "suspiciously much more", 1},
	} {
		stdout, stderr, code := run(t, "--http-url", s.URL+c.path, "--extract-files="+c.extract)
		if got := reports(t, stdout); got != c.want || code != c.code || !strings.Contains(stderr, c.text) {
			t.Errorf("%s %s: exit %d, %q, %s", c.path, c.extract, code, got, stderr)
		}
	}
}

// TestSecrets looks for the key of a feed wherever it is shown or stored.
func TestSecrets(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			w.Header().Set("Location", "ftp://u:SECRET@example.org/?key=SECRET")
			w.WriteHeader(http.StatusFound)
		case "/none":
			w.WriteHeader(http.StatusNotFound)
		case "/list":
			io.WriteString(w, "a\n")
		case "/up.zip":
			io.WriteString(w, zipped("../a", "a"))
		case "/part":
			w.WriteHeader(http.StatusPartialContent)
		case "/unmodified":
			w.WriteHeader(http.StatusNotModified)
		case "/broken":
			panic(http.ErrAbortHandler)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer s.Close()
	for path, want := range map[string]struct {
		code int
		text string
	}{
		"/moved": {1, "redirect to ftp://example.org/?…"}, "/none": {3, "404"}, "/empty": {0, "is empty"}, "/list": {0, ""}, "/up.zip": {1, "unsafe"},
		"/part": {3, "206 Partial Content, but all of it was asked for"}, "/unmodified": {3, "304"}, "/broken": {3, "EOF"},
	} {
		dir := t.TempDir()
		base := strings.Replace(s.URL, "//", "//u:SECRET@", 1)
		stdout, stderr, code := runIn(t, dir, "--http-url", base+path+"?day=1&apikey=SECRET&id=SECRET", "--url-secrets", "id", "--http-timeout-max-tries", "1")
		all := stdout + stderr
		filepath.WalkDir(dir, func(name string, _ fs.DirEntry, _ error) error {
			text, _ := os.ReadFile(name)
			all += name + string(text)
			return nil
		})
		if code != want.code || !strings.Contains(stderr, want.text) || strings.Contains(all, "SECRET") {
			t.Errorf("%s: exit %d, %s", path, code, all)
		}
		if want := s.URL + "/list?day=1&apikey=***&id=***"; path == "/list" && !strings.Contains(stdout, `"feed.url":"`+want+`"`) {
			t.Errorf("got %s", stdout)
		}
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

// TestSecretFile: a key out of a file stands in neither feed.url nor the words that are
// shown, and one that is missing is said before anything is fetched.
func TestSecretFile(t *testing.T) {
	base := serve(t, map[string]string{"/KEY/list": "a\n"})
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("KEY\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := run(t, "--http-url", base+"/{secret}/list", "--http-secret-file", file)
	if code != 0 || stderr != "" || !strings.Contains(stdout, `"feed.url":"`+base+`/***/list"`) {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	if _, stderr, code := run(t, "--http-url", base+"/{secret}/list"); code != 2 || !strings.Contains(stderr, "--http-url has {secret}, which --http-secret-file has to give") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
