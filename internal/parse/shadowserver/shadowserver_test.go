package shadowserver

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func TestTypeName(t *testing.T) {
	for file, want := range map[string]string{
		"scan_tftp.csv":                        "scan_tftp",
		"2026-01-31-scan_http-country-geo.csv": "scan_http",
		"2026-01-31-scan_http.csv":             "scan_http",
		"2026-01-31.csv":                       "2026",
		"2026-1-31-scan_http.csv":              "2026",
		"scan_http":                            "",
		"2026.scan_http.csv":                   "",
		"scan_http-.csv":                       "",
		"-scan_http.csv":                       "",
		".csv":                                 "",
		"":                                     "",
	} {
		got, ok := typeName(file)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
	}
}

// The parser takes up a schema file that appears, changes, or breaks, without
// being started again.
func TestSchemaIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	warnings := 0
	ctx := context.Background()
	env := &stage.Env{
		Dictionary: harmonization.Default(), StateDir: dir, Warn: func(string, ...any) { warnings++ },
	}
	path := filepath.Join(dir, "shadowserver-schema.json")
	changed := time.Unix(1000000000, 0)
	write := func(text string) {
		t.Helper()
		changed = changed.Add(time.Second)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	c := &Command{}
	if err := c.Start(ctx, env); err != nil {
		t.Fatal(err)
	}
	name := func() string { return feedName(t, c) }
	const one = `{"scan_http":{"feed_name":"NAME","file_name":"scan_http","required_fields":[["source.ip","ip"]]}}`
	if got := name(); got != "Accessible-HTTP" {
		t.Errorf("built in: %q", got)
	}
	write(strings.Replace(one, "NAME", "one", 1))
	if got := name(); got != "one" {
		t.Errorf("a new file: %q", got)
	}
	write(strings.Replace(one, "NAME", "two", 1))
	if got := name(); got != "two" {
		t.Errorf("a changed file: %q", got)
	}
	write("{")
	if got := name(); got != "two" || warnings != 1 {
		t.Errorf("a broken file: %q, %d warnings", got, warnings)
	}
	if err := c.Reload(ctx); err == nil {
		t.Error("a broken file was read again without an error")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(ctx); err != nil {
		t.Error(err)
	}
	if got := name(); got != "two" {
		t.Errorf("no file any longer: %q", got)
	}
}

// feedName is the feed.name of an event out of a report of type scan_http.
func feedName(t *testing.T, c *Command) (name string) {
	t.Helper()
	report := event.New(event.Report, nil)
	report.Set("extra.file_name", "scan_http.csv")
	report.SetRaw([]byte("timestamp,ip,port\n2026-01-31 10:20:30,192.0.2.1,80\n"))
	if err := c.Process(t.Context(), report, func(e *event.Message) error {
		name = e.Get("feed.name")
		return e.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return name
}

// schemaOf is a schema with one type, as it may be published.
func schemaOf(feed, made string) string {
	return `{"_meta":{"date_created":"` + made + `","change_log":[]},"scan_http":{"feed_name":"` + feed + `","file_name":"scan_http",` +
		`"constant_fields":{"classification.type":"other"},"required_fields":[["source.ip","ip","validate_ip"]],"optional_fields":[["extra.","tag"]]}}`
}

// TestUpdate fetches a schema, and then what is none: whatever comes, the old one
// stays as it was. A parser that runs takes what was fetched with its next report.
func TestUpdate(t *testing.T) {
	good := schemaOf("new", "2026-01-31 10:20:30")
	var answer string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch answer {
		case "missing":
			http.NotFound(w, r)
		case "torn":
			w.Header().Set("Content-Length", "10000")
			io.WriteString(w, good)
		case "slow":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case good:
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fallthrough
		default:
			io.WriteString(w, answer)
		}
	}))
	defer server.Close()
	env := stage.Standalone()
	env.StateDir = filepath.Join(t.TempDir(), "state") // which is not there yet
	path := filepath.Join(env.StateDir, "shadowserver-schema.json")
	running := new(Command)
	if err := running.Start(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if got := feedName(t, running); got != "Accessible-HTTP" {
		t.Errorf("built in: %q", got)
	}
	update := func(what string) error {
		answer = what
		c := &Command{From: server.URL + "/intelmq/v1/schema", HTTP: httpclient.Flags{
			HTTPTimeoutSec: []float64{0.2}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}}
		return c.Update(t.Context(), env)
	}
	if err := update("missing"); !stage.IsFatal(err) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a schema was made of nothing")
	}
	for _, c := range []struct{ answer, err string }{
		{good, ""},
		{good, ""},
		{"missing", "404"},
		{"torn", "unexpected EOF"},
		{"slow", "server"},
		{"", "no schema of Shadowserver reports"},
		{"<html><body>Please log in</body></html>", "no schema of Shadowserver reports"},
		{"{}", "no schema of Shadowserver reports"},
		{`{"_meta":{"date_created":"2026-02-01 00:00:00"}}`, "no schema of Shadowserver reports"},
		{schemaOf("later", ""), "_meta.date_created"},
		{strings.Replace(schemaOf("later", "2026-02-01 00:00:00"), `["extra.","tag"]`, `["extra."]`, 1), "scan_http: [extra.]: field and column are expected"},
		{strings.Replace(schemaOf("later", "2026-02-01 00:00:00"), `"tag"`, `7`, 1), "scan_http: 7: the name of a column is expected"},
		{strings.Replace(schemaOf("later", "2026-02-01 00:00:00"), `[["extra.","tag"]]`, `"none"`, 1), "the schema"},
	} {
		err := update(c.answer)
		if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.HasSuffix(err.Error(), path+" is as it was") || !stage.IsFatal(err)) {
			t.Errorf("%.50s: %v", c.answer, err)
		}
		if text, _ := os.ReadFile(path); string(text) != good {
			t.Errorf("after %.50s: %q", c.answer, text)
		}
		if got := feedName(t, running); got != "new" {
			t.Errorf("after %.50s: %q", c.answer, got)
		}
	}
	if err := update(schemaOf("later", "2026-02-01 00:00:00")); err != nil {
		t.Error(err)
	}
	if got := feedName(t, running); got != "later" {
		t.Errorf("after the next one: %q", got)
	}
}

// TestUpdateFromFile takes the schema from a file, and puts it where --schema says.
func TestUpdateFromFile(t *testing.T) {
	dir := t.TempDir()
	c := &Command{Schema: filepath.Join(dir, "mine.json"), From: filepath.Join(dir, "fetched.json"), HTTP: httpclient.Flags{
		HTTPTimeoutSec: []float64{1}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}}
	env := stage.Standalone()
	env.StateDir = filepath.Join(dir, "state")
	if err := os.WriteFile(c.From, []byte(schemaOf("of a file", "2026-01-31 10:20:30")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Update(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(env.StateDir); err == nil {
		t.Error("a state directory was made for nothing")
	}
	if err := c.Start(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if got := feedName(t, c); got != "of a file" {
		t.Errorf("got %q", got)
	}
}
