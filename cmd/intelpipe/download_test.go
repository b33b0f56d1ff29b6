package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// gzipped packs what write writes.
func gzipped(t *testing.T, write func(io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	write(z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCutDownload fetches a file that is cut off, and then again when it is
// whole: nothing of the first is delivered in any form of the pipeline, and all
// of the second is.
func TestCutDownload(t *testing.T) {
	t.Parallel()
	forms := map[string]struct {
		script string
		owned  bool // the source learns what has arrived
	}{
		"pipe":   {"collect-http %s | parse-blocklistde >out", false},
		"then":   {"intelpipe collect-http %s then parse-blocklistde >out", false},
		"owned":  {"collect-http %s -- sh -c 'parse-blocklistde | output-file --file out'", true},
		"output": {"intelpipe collect-http %s then parse-blocklistde then output-file --file out", true},
	}
	for size, lines := range map[string]int{"small": 3, "large": 300_000} {
		packed := gzipped(t, func(w io.Writer) {
			for n := range lines {
				fmt.Fprintf(w, "2001:db8::%x:%x\n", n>>16, n&0xffff)
			}
		})
		for kind, c := range map[string]struct {
			flags, header string
			exit          int
		}{
			"file":     {" --extract-files true", "", 1},
			"encoding": {"", "gzip", 3},
		} {
			var cut atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				body, tag := packed, `"2"`
				if cut.Load() {
					body, tag = packed[:len(packed)*9/10], `"1"`
				}
				if q.Header.Get("If-None-Match") == tag {
					w.WriteHeader(http.StatusNotModified)
					return
				}
				w.Header().Set("ETag", tag)
				if c.header != "" {
					w.Header().Set("Content-Encoding", c.header)
				}
				w.Write(body)
			}))
			defer server.Close()
			for name, form := range forms {
				t.Run(strings.Join([]string{size, kind, name}, " "), func(t *testing.T) {
					if size == "large" && testing.Short() {
						t.Skip("left out: it takes long")
					}
					dir := home(t)
					script := "set -o pipefail; " + fmt.Sprintf(form.script, "--http-url "+server.URL+"/ssh.txt"+c.flags)
					for range 2 {
						cut.Store(true)
						r := shell(t, dir, script)
						if r.exit != c.exit || read(dir, "out") != "" || strings.Contains(r.stderr, "parse-blocklistde") {
							t.Errorf("cut: exit %d, %d bytes of events, %s", r.exit, len(read(dir, "out")), r.stderr)
						}
					}
					cut.Store(false)
					if r := shell(t, dir, script); r.exit != 0 || strings.Count(read(dir, "out"), "\n") != lines {
						t.Errorf("whole: exit %d, %d events, %s", r.exit, strings.Count(read(dir, "out"), "\n"), r.stderr)
					}
					if r := shell(t, dir, "rm -f out; "+script); form.owned && (r.exit != 0 || read(dir, "out") != "") {
						t.Errorf("nothing new: exit %d, %.200s, %s", r.exit, read(dir, "out"), r.stderr)
					}
					if left, _ := filepath.Glob(filepath.Join(dir, "state", ".answer*")); len(left) > 0 {
						t.Errorf("left behind: %v", left)
					}
				})
			}
		}
	}
}

// TestDownloadLargerThanMemory fetches one report, packed by the server and as a
// file.
func TestDownloadLargerThanMemory(t *testing.T) {
	t.Parallel()
	total := size(128*mebibyte, 2048*mebibyte)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		out := io.Writer(w)
		if strings.HasPrefix(q.URL.Path, "/packed") {
			z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			defer z.Close()
			out = z
		}
		if q.URL.Path == "/packed/encoding" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		writeTable(out, total)
	}))
	defer server.Close()
	for _, line := range [][]string{
		{"collect-http", "--http-url", server.URL + "/plain"},
		{"collect-http", "--http-url", server.URL + "/packed/encoding"},
		{"collect-http", "--http-url", server.URL + "/packed/file", "--extract-files", "true"},
	} {
		t.Run(line[2][strings.LastIndexByte(line[2], '/')+1:], func(t *testing.T) {
			var stderr bytes.Buffer
			var bytes int64
			drain := func(r io.Reader) (err error) { bytes, err = io.Copy(io.Discard, r); return err }
			m := pipe(t, t.TempDir(), func(io.Writer) error { return nil }, drain, &stderr, line)[0]
			if m.exit != 0 || m.peak > 64*mebibyte || bytes < total/3*4 || stderr.Len() > 0 {
				t.Errorf("%+v: %d bytes of a report of %d, at most %d bytes of memory were expected, %s", m, bytes, total, 64*mebibyte, &stderr)
			}
		})
	}
}
