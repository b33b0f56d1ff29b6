package tornodes

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const fetched = "ExitNode 0011\nPublished 2026-01-31 10:00:00\nExitAddress 192.0.2.1 2026-01-31 10:20:30\nExitNode 22\nExitAddress 2001:db8::1 2026-01-31 10:20:31\n"

// TestUpdate fetches a list, and then what is none: whatever comes, the old list
// stays as it was.
func TestUpdate(t *testing.T) {
	asked, answer := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch answer {
		case "good":
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, fetched)
		case "torn":
			w.Header().Set("Content-Length", "10000")
			fmt.Fprint(w, fetched)
		case "page":
			fmt.Fprint(w, "<html><body>Please log in</body></html>")
		case "wrong":
			fmt.Fprint(w, "ExitAddress www.example.org now\n")
		case "slow":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "empty":
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "nodes")
	update := func(what string) error {
		answer = what
		c := &Command{Database: path, url: server.URL + "/exit-addresses", HTTP: httpclient.Flags{
			HTTPTimeoutSec: []float64{0.2}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}}
		return c.Update(t.Context(), stage.Standalone())
	}
	if err := update("missing"); err == nil || !stage.IsFatal(err) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a list was made of nothing")
	}
	const want = "192.0.2.1\n2001:db8::1\n"
	for n, c := range []struct{ answer, err string }{
		{"good", ""}, {"good", ""}, {"torn", "unexpected EOF"}, {"page", "there is no address in it"}, {"wrong", "is no address"},
		{"slow", "server"}, {"empty", "there is no address in it"}, {"missing", "404"}, {"good", ""},
	} {
		err := update(c.answer)
		if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.HasSuffix(err.Error(), path+" is as it was") || !stage.IsFatal(err)) {
			t.Errorf("%s: %v", c.answer, err)
		}
		if text, _ := os.ReadFile(path); string(text) != want {
			t.Errorf("after %s: %q", c.answer, text)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 3 { // the list, its lock, and where it came from
			t.Errorf("after %d times: %v", n, entries)
		}
	}
	os.WriteFile(path, []byte("broken\n"), 0o644) // what is there is not the list that came from there
	if err := update("good"); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(path); string(text) != want {
		t.Errorf("%q", text)
	}
}

// TestReplaced replaces the list while 100,000 events run through.
func TestReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nodes")
	list := func(n int) []byte {
		return []byte(strings.Repeat("198.51.100.1\n", 1000*n) + "192.0.2.1\n")
	}
	os.WriteFile(path, list(1), 0o644)
	c := &Command{Database: path, Overwrite: event.Overwrite{Overwrite: true}}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 100 {
			os.WriteFile(path+".new", list(n%3), 0o644)
			os.Rename(path+".new", path)
			if n%10 == 9 {
				os.WriteFile(path, []byte("broken\n"), 0o644)
			}
			c.Reload(context.Background())
		}
	}()
	m := event.New(event.Event, nil)
	for range 100000 {
		if err := m.Decode([]byte(`{"source.ip":"192.0.2.1"}`)); err != nil {
			t.Fatal(err)
		}
		err := c.Process(t.Context(), m, func(m *event.Message) error {
			if m.Get("source.tor_node") != "true" {
				t.Fatalf("got %s", m)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	<-done
}
