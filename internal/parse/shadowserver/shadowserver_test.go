package shadowserver

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func TestFunctions(t *testing.T) {
	names := []string{"application", "http_host", "http_url", "category", "detail"}
	fields := []string{"https", "www.example.org", "GET /a HTTP/1.1", "", "detail of it"}
	for _, test := range []struct{ name, text, want string }{
		{"add_UTC_to_timestamp", "2026-01-31 10:20:30", `"2026-01-31T10:20:30+00:00"`},
		{"add_UTC_to_timestamp", "2026-01-31T10:20", `"2026-01-31T10:20:00+00:00"`},
		{"add_UTC_to_timestamp", "", "error"},
		{"convert_bool", "Yes", "true"},
		{"convert_bool", "enabled", "true"},
		{"convert_bool", "N", "false"},
		{"convert_bool", "0", "false"},
		{"convert_bool", "perhaps", "null"},
		{"convert_int", "", "null"},
		{"convert_int", "0", "0"},
		{"convert_int", " 12 ", "12"},
		{"convert_int", "1.5", "error"},
		{"convert_float", "", "null"},
		{"convert_float", "2", "2.0"},
		{"convert_float", "nan", "error"},
		{"invalidate_zero", "0", "null"},
		{"invalidate_zero", "000", "null"},
		{"invalidate_zero", "", "null"},
		{"invalidate_zero", "64500", "64500"},
		{"invalidate_zero", "AS64500", "error"},
		{"validate_to_none", "unknown", "null"},
		{"validate_to_none", "0", "null"},
		{"validate_to_none", "Unknown", `"Unknown"`},
		{"validate_ip", "0.0.0.0", "null"},
		{"validate_ip", "192.0.2.0/24", "null"},
		{"validate_ip", "192.0.2", "null"},
		{"validate_ip", "2001:db8::1", `"2001:db8::1"`},
		{"validate_network", "192.0.2.0/24", `"192.0.2.0/24"`},
		{"validate_network", "192.0.2.1", "null"},
		{"validate_fqdn", "Example.ORG", `"Example.ORG"`},
		{"validate_fqdn", "192.0.2.1", "null"},
		{"convert_date", "31 Jan 2026 10:20:30 +0100", `"2026-01-31T09:20:30+00:00"`},
		{"convert_date", "", "null"},
		{"convert_date", "soon", "error"},
		{"convert_date_utc", "2026-01-31 10:20:30", `"2026-01-31T10:20:30+00:00"`},
		{"convert_http_host_and_url", "GET /a HTTP/1.1", `"https://www.example.org/a"`},
		{"force_base64", "Zm9v", `"Zm9v"`},
		{"force_base64", "foo!", `"Zm9vIQ=="`},
		{"force_base64", "", "null"},
		{"category_or_detail", "", `"detail of it"`},
		{"extract_cve_from_tag", "b;CVE-2026-2;cve-2026-1;cve-2026-2;cve-x-1", `"cve-2026-1;cve-2026-2"`},
		{"extract_cve_from_tag", "b", "null"},
		{"scan_exchange_type", "exchange;webshell", `"system-compromise"`},
		{"scan_exchange_type", "exchange", `"vulnerable-system"`},
		{"scan_exchange_taxonomy", "webshell", `"intrusions"`},
		{"scan_exchange_identifier", "", `"vulnerable-exchange-server"`},
	} {
		if got := call(t, test.name, test.text, names, fields); got != test.want {
			t.Errorf("%s(%q) = %s, want %s", test.name, test.text, got, test.want)
		}
	}
}

// call calls a function in a table as a schema would.
func call(t *testing.T, name, text string, names, fields []string) string {
	t.Helper()
	r := &reportType{table: feed.Table{}}
	column, err := r.column([]any{"extra.", "it", name}, true, harmonization.Default())
	if err != nil || len(r.warnings) > 0 {
		t.Fatal(err, r.warnings)
	}
	r.table.Rows = []feed.Column{column}
	plan, err := r.table.Compile(harmonization.Default(), append(names, "it"))
	if err != nil {
		t.Fatal(err)
	}
	e := event.New(event.Event, nil)
	plan.Fill(e, append(fields, text))
	switch {
	case e.Err() != nil:
		return "error"
	case e.Has("extra.it"):
		return string(e.JSON("extra.it"))
	}
	return "null"
}

func TestUnknownFunction(t *testing.T) {
	r := &reportType{file: "test"}
	if _, err := r.column([]any{"extra.", "it", "to_the_moon"}, false, harmonization.Default()); err != nil || len(r.warnings) != 1 {
		t.Errorf("%v, %q", err, r.warnings)
	}
}

func TestURLWithoutHostOrPath(t *testing.T) {
	for _, columns := range [][]string{{"http_host", "http_url"}, {"http_url", "http_host"}} {
		v, err := httpURL(harmonization.Text("as it was"), feed.NewRecord(columns, "", "x"))
		if v.Text != "as it was" || err != nil {
			t.Errorf("%v: %q, %v", columns, v.Text, err)
		}
	}
}

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

// Everything in the built-in schema has to be known: fields, functions, and
// the taxonomy that belongs to each type.
func TestBuiltin(t *testing.T) {
	s, err := parseSchema([]byte(builtin), harmonization.Default(), false)
	if err != nil {
		t.Fatal(err)
	}
	for name := range s.files {
		r, err := s.reportType(s.files[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(r.warnings) > 0 {
			t.Errorf("%s: %v", name, r.warnings)
		}
		constants := map[string]string{}
		for key, text := range r.constants {
			constants[key] = strings.Trim(string(text), `"`)
		}
		if _, _, _, err := r.compile(nil, harmonization.Default()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want, _ := vocabulary.Taxonomy(constants["classification.type"]); constants["classification.taxonomy"] != want || want == "" {
			t.Errorf("%s: the taxonomy is %q, want %q", name, constants["classification.taxonomy"], want)
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
	name := func() (name string) {
		report := event.New(event.Report, nil)
		report.Set("extra.file_name", "scan_http.csv")
		report.SetRaw([]byte("timestamp,ip,port\n2026-01-31 10:20:30,192.0.2.1,80\n"))
		if err := c.Process(ctx, report, func(e *event.Message) error {
			name = e.Get("feed.name")
			return e.Err()
		}); err != nil {
			t.Fatal(err)
		}
		return name
	}
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
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "two" {
		t.Errorf("no file any longer: %q", got)
	}
}
