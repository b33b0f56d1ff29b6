package constituency

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func command(path string) *Command {
	return &Command{Database: path, Delimiter: ",", LineField: "extra.constituency_line", Sides: []string{"source", "destination"}, HTTP: httpclient.Flags{
		HTTPTimeoutSec: []float64{10}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}}
}

// run is what becomes of one event.
func run(t testing.TB, c *Command, line string) string {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatal(err)
	}
	got := ""
	if err := c.Process(t.Context(), m, func(m *event.Message) error { got = m.String(); return m.Err() }); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestUpdate makes tables of what is right and what is not: a compiled table says the same
// as its text, and stays as it was after an error.
func TestUpdate(t *testing.T) {
	const (
		text = "network,asn,constituency,abuse_contact\n192.0.2.0/24,64496,government,cert@example.org\n2001:db8::/32,,energy,\n"
		json = `{"network":"192.0.2.0/24","constituency":"health"}` + "\n"
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/who.csv":
			fmt.Fprint(w, text)
		case "/who.json":
			fmt.Fprint(w, json)
		case "/page":
			fmt.Fprint(w, "<html>Please log in</html>")
		case "/torn":
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, text)
		case "/empty":
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "who.csv")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := command(filepath.Join(dir, "who.db"))
	for _, u := range []struct{ from, err string }{
		{"/page", "invalid key"}, {"/empty", "there are no rows in it"}, {"/missing", "404"},
		{"/who.json", ""}, {"/torn", "unexpected EOF"}, {"/page", "/page:1:1: invalid key"}, {file, ""}, {"/who.csv?token=x", ""},
	} {
		c.From = u.from
		if u.from != file {
			c.From = server.URL + u.from
		}
		before, _ := os.ReadFile(c.Database)
		err := c.Update(t.Context(), stage.Standalone())
		if (err == nil) != (u.err == "") || err != nil && (!strings.Contains(err.Error(), u.err) || !stage.IsFatal(err)) {
			t.Errorf("%s: %v", u.from, err)
		}
		if after, _ := os.ReadFile(c.Database); err != nil && !bytes.Equal(before, after) {
			t.Errorf("%s: the table has changed", u.from)
		}
	}
	ofText := command(file)
	for _, c := range []*Command{c, ofText} {
		if err := c.Start(t.Context(), stage.Standalone()); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{`{"source.ip":"192.0.2.7"}`, `{"source.asn":64496,"destination.ip":"2001:db8::7"}`, `{"source.ip":"203.0.113.7"}`} {
		if got, want := run(t, c, line), run(t, ofText, line); got != want || strings.Contains(line, "192") != strings.Contains(got, "who.csv:2") && strings.HasPrefix(line, `{"source.ip"`) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// TestStart reads a compiled table that is damaged, and one with a column that is no field
// of the dictionary in force.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	c := command(filepath.Join(dir, "who.db"))
	c.From = filepath.Join(dir, "who.csv")
	if err := os.WriteFile(c.From, []byte("network,source.abuse_contact\n192.0.2.0/24,a@example.org\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := stage.Standalone()
	if err := c.Update(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	var err error
	if env.Dictionary, err = harmonization.Load("fields", strings.NewReader(`{"event":{"source.ip":{"type":"IPAddress"}}}`)); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), env); err == nil || !strings.HasPrefix(err.Error(), c.Database+`: invalid key "source.abuse_contact"`) {
		t.Errorf("got %v", err)
	}
	data, err := os.ReadFile(c.Database)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(c.Database, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), stage.Standalone()); err == nil || err.Error() != c.Database+": the table is damaged; make it again with --update" {
		t.Errorf("got %v", err)
	}
}

// TestReplaced replaces the table while 50,000 events run through, by a compiled one, by text
// and by what is broken. Both sides of an event come out of the same table.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	var whole [2][]byte
	for i := range whole {
		text := filepath.Join(dir, "who.csv")
		whole[i] = fmt.Appendf(nil, "network,abuse_contact\n192.0.2.0/24,team%d@example.org\n198.51.100.0/24,team%[1]d@example.org\n", i)
		if err := os.WriteFile(text, whole[i], 0o644); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			continue
		}
		c := command(filepath.Join(dir, "who.db"))
		c.From = text
		if err := c.Update(t.Context(), stage.Standalone()); err != nil {
			t.Fatal(err)
		}
		whole[i], _ = os.ReadFile(c.Database)
	}
	c := command(filepath.Join(dir, "used"))
	if err := os.WriteFile(c.Database, whole[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 60 {
			data := whole[n/4%2]
			if n%4 == 2 {
				data = whole[1][:len(whole[1])/2]
			} else if n%4 == 3 {
				data = nil
			}
			if err := os.WriteFile(c.Database+".new", data, 0o644); err != nil {
				t.Error(err)
			}
			if err := os.Rename(c.Database+".new", c.Database); err != nil {
				t.Error(err)
			}
			if err := c.Reload(context.Background()); (err == nil) != (n%4 < 2) {
				t.Errorf("step %d: %v", n, err)
			}
		}
	}()
	for range 50_000 {
		got := run(t, c, `{"source.ip":"192.0.2.1","destination.ip":"198.51.100.1"}`)
		if a, b := strings.Count(got, "team0"), strings.Count(got, "team1"); a+b != 2 || a == 1 {
			t.Fatal(got)
		}
	}
	<-done
}
