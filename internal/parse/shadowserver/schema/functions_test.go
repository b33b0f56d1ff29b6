package schema

import (
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
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
	p := new(Plan)
	row := p.row(new(Type), &Column{From: "it", To: "extra.", Function: name, Required: true}, harmonization.Default())
	if len(p.Warnings) > 0 {
		t.Fatal(p.Warnings)
	}
	table := feed.Table{Rows: []feed.Column{row}}
	plan, err := table.Compile(harmonization.Default(), append(names, "it"))
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
	typ := Type{Columns: []Column{{From: "it", To: "extra.", Function: "to_the_moon"}}}
	if plan, err := typ.Plan(harmonization.Default(), []string{"it"}, false); err != nil || len(plan.Warnings) != 1 {
		t.Errorf("%v, %+v", err, plan)
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
