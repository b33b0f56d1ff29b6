// Package databasetest has what tests of --update need: a server whose answers are right and
// wrong by turns, and a look at what became of the database.
package databasetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// HTTP are flags for a server that is near.
func HTTP() httpclient.Flags {
	return httpclient.Flags{HTTPTimeoutSec: []float64{10}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}
}

// Step is an answer of the server, and a part of the error that comes of it, or "".
type Step [2]string

// Update fetches a database for each step, by update, which is given the URL of the server. An
// error must be one that ends the command with exit code 3, and the database as it was before.
// Without one the database has to be want. The header must be there in each request.
func Update(t *testing.T, path, want string, header http.Header, steps []Step, update func(url string) error) {
	t.Helper()
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range header {
			if r.Header.Get(name) != header.Get(name) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
		}
		switch answer {
		case "missing":
			http.NotFound(w, r)
		case "torn":
			w.Header().Set("Content-Length", "100000")
			w.Write([]byte(steps[0][0]))
		default:
			w.Write([]byte(answer))
		}
	}))
	defer server.Close()
	steps = append(append([]Step{{"missing", "404"}, {"torn", "EOF"}}, steps...), Step{"missing", "404"}, Step{"torn", "EOF"}, steps[0])
	for _, s := range steps {
		answer = s[0]
		before, _ := os.ReadFile(path)
		err := update(server.URL + "/list")
		after, _ := os.ReadFile(path)
		switch {
		case s[1] == "" && (err != nil || string(after) != want):
			t.Errorf("%.40q: %v, the database is %.100q", s[0], err, after)
		case s[1] != "" && (err == nil || !strings.Contains(err.Error(), s[1]) || !stage.IsFatal(err) || !strings.HasSuffix(err.Error(), path+" is as it was")):
			t.Errorf("%.40q: %v, not %q", s[0], err, s[1])
		case s[1] != "" && !bytes.Equal(before, after):
			t.Errorf("%.40q: the database has changed", s[0])
		}
	}
}

// TarGz is an archive with one file.
func TarGz(t *testing.T, name, text string) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	for _, end := range []func() error{w.Close, z.Close} {
		if err == nil {
			err = end()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
