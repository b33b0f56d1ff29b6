package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// parse makes events of a text, one a line: the fields that a table has set, or
// why the row has failed, and behind them the warnings.
func parse(t *testing.T, table Table, text string) string {
	t.Helper()
	var out []string
	env := stage.Standalone()
	env.Warn = func(format string, args ...any) { out = append(out, "warning: "+fmt.Sprintf(format, args...)) }
	var p Parser
	if err := p.Start(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	report := event.New(event.Report, nil)
	report.Set("feed.name", "test")
	report.SetBody(strings.NewReader(text))
	err := p.Parse(&table, report, func(e *event.Message) error {
		defer e.Release()
		if e.Err() != nil {
			out = append(out, "failed: "+e.Err().Error())
			return nil
		}
		var fields []string
		for key, value := range e.All() {
			if key != "feed.name" {
				fields = append(fields, key+"="+string(value))
			}
		}
		out = append(out, strings.Join(fields, " "))
		return nil
	})
	if err != nil {
		out = append(out, "error: "+err.Error())
	}
	if report.Err() != nil {
		out = append(out, "report: "+report.Err().Error())
	}
	return strings.Join(out, "\n")
}

func TestTable(t *testing.T) {
	named := CSV{Names: true}
	for _, test := range []struct {
		name  string
		table Table
		text  string
		want  string
	}{
		{"names, numbers and the first of several",
			Table{Format: named, Rows: []Column{{From: "b|a", To: "source.ip"}, {From: "3", To: "source.port"}}},
			"a,b,c\n192.0.2.1,,80\n192.0.2.2,192.0.2.3,81\n",
			`source.ip="192.0.2.1" source.port=80` + "\n" + `source.ip="192.0.2.3" source.port=81`},
		{"the first field that fits",
			Table{Format: named, Rows: []Column{{From: "a", To: "source.ip|source.fqdn"}}},
			"a\n192.0.2.1\nexample.org\nno..name\n",
			`source.ip="192.0.2.1"` + "\n" + `source.fqdn="example.org"` + "\n" + `failed: column a: source.fqdn: not a valid FQDN: "no..name"`},
		{"an empty last field leaves the rest out",
			Table{Format: named, Rows: []Column{{From: "a", To: "source.ip|"}}},
			"a\n192.0.2.1\nno name\n", `source.ip="192.0.2.1"` + "\n"},
		{"kinds of need",
			Table{Format: named, Rows: []Column{
				{From: "must", To: "source.ip", Need: Required}, {From: "is", To: "source.asn", Need: Present},
				{From: "may", To: "source.port", Need: Soft}, {From: "note", To: "destination.port", Need: Noted},
			}},
			"must,is,may,note\n192.0.2.1,,x,\n,1,,\n192.0.2.1\n192.0.2.1,x,,\n192.0.2.1,1,1,y\n",
			`source.ip="192.0.2.1"` + "\nfailed: column must is empty\nfailed: the row ends before column is\n" +
				`failed: column is: source.asn: not a valid ASN: "x"` + "\n" +
				`warning: report:6: note: destination.port: not a valid Integer: "y"` + "\n" + `source.ip="192.0.2.1" source.asn=1 source.port=1`},
		{"a column that the report has not",
			Table{Format: named, Rows: []Column{{From: "b", To: "source.ip", Need: Present}}},
			"a\n1\n", "failed: the report has no column b"},
		{"words, and all others",
			Table{Format: named, Rows: []Column{
				{From: "a", To: "classification.type", Words: Words{{"cc", "c2-server"}, {"*", "other"}}},
				{From: "a", To: "status", Words: Words{{"up", "online"}, {"*", "*"}}},
				{From: "b", To: "malware.name", Convert: "lower", Words: Words{{"none", ""}, {"x", "y"}}},
			}},
			"a,b\ncc,NONE\nup,X\ncc,z\n",
			`classification.type="c2-server" status="cc"` + "\n" + `classification.type="other" status="online" malware.name="y"` +
				"\n" + `failed: column b: malware.name: "z" is not known`},
		{"cases",
			Table{Format: named, Cases: Cases{From: "a", To: []string{"classification.type", "protocol.application"},
				Is: [][]string{{"ssh", "brute-force", "ssh"}, {"spam", "spam", ""}}}},
			"a\nssh\nspam\nother\n",
			`classification.type="brute-force" protocol.application="ssh"` + "\n" + `classification.type="spam"` +
				"\n" + `failed: column a: classification.type: "other" is not known`},
		{"defaults and constants",
			Table{Format: named, Rows: []Column{
				{From: "a", To: "status", Default: "unknown"}, {From: "b", To: "comment"}, {To: "comment", Default: "none"},
			}, Const: Words{{"source.port", "80"}, {"feed.code", "other"}}},
			"a,b\nup,\n,c\n",
			`status="up" comment="none" source.port=80 feed.code="other"` + "\n" + `status="unknown" comment="c" source.port=80 feed.code="other"`},
		{"made of several columns",
			Table{Format: named, Rows: []Column{{Text: "{net}/{2}", To: "source.network"}, {Text: "{{}}", To: "comment"}, {Text: "{nix}", To: "status", Need: Soft}}},
			"net,size\n192.0.2.0,24\n", "failed: status: there is no column nix to compose it of"},
		{"what is tried next",
			Table{Format: named, Rows: []Column{{From: "a", To: "time.source", Convert: "time %Y", Or: []Column{{From: "b", Convert: "epoch"}}}}},
			"a,b\n2026,\n,0\nx,86400\nx,\n",
			`time.source="2026-01-01T00:00:00+00:00"` + "\n" + `time.source="1970-01-01T00:00:00+00:00"` + "\n" + `time.source="1970-01-02T00:00:00+00:00"` +
				"\n" + `failed: column a: time.source: not a valid time, it does not fit %Y: "x"`},
		{"a second value",
			Table{Format: named, Rows: []Column{{From: "a", To: "status"}, {From: "b", To: "status", Need: Soft}, {From: "c", To: "status", Overwrite: true}}},
			"a,b,c\nx,,\nx,y,\nx,,z\n", `status="x"` + "\nfailed: column b: status: is there already\n" + `status="z"`},
		{"the rest below extra",
			Table{Format: named, Rest: Extra, Rows: []Column{{From: "a", To: "source.port", Need: Soft}, {From: "b"}, {From: "c", To: "extra."}}},
			"a,b,c,New Name,,a\n1,2,3,4,5,6\nx,2,3,-,,\n,,,,,,\n,,,,,,7\n",
			`source.port=6 extra.c="3" extra.a="1" extra.new_name="4" extra.column_5="5"` + "\n" + `extra.c="3" extra.a="x"` +
				"\n\nfailed: the row has 7 columns, the first line of the report names 6"},
		{"dashes below extra",
			Table{Format: named, Rest: Extra, KeepEmpty: true, Rows: []Column{{From: "a", To: "extra."}, {From: "b", To: "status"}}},
			"a,b,c\n-,-,-\n", `extra.a="-" extra.c="-"`},
		{"no rest",
			Table{Format: named, Rest: Refuse, Rows: []Column{{From: "a", To: "status"}}},
			"a,b\n1,\n1,2\n", `status="1"` + "\nfailed: extra.b is not known to the table"},
		{"blank rows",
			Table{Format: named, SkipBlank: true, Rows: []Column{{From: "a", To: "source.port", Need: Soft}}, Const: Words{{"status", "up"}}},
			"a,b\n,1\nx,1\n1,1\n", `failed: no value fits its column; column a: source.port: not a valid Integer: "x"` + "\n" + `source.port=1 status="up"`},
		{"an event for each part",
			Table{Format: named, Split: Split{From: "tags"}, Rows: []Column{{From: "a", To: "source.ip"}, {From: "tags", To: "destination.port"}}},
			"a,tags\n192.0.2.1,\"1, 2\"\n192.0.2.2,\n192.0.2.3,\"3,x,4\"\n",
			`source.ip="192.0.2.1" destination.port=1` + "\n" + `source.ip="192.0.2.1" destination.port=2` +
				"\n" + `failed: column tags: destination.port: not a valid Integer: "x"`},
		{"no part",
			Table{Format: named, Split: Split{From: "tags", Keep: true}, Rows: []Column{{From: "a", To: "source.ip"}, {From: "tags", To: "destination.port"}}},
			"a,tags\n192.0.2.2,\n", `source.ip="192.0.2.2"`},
		{"after", Table{Format: named, Rows: []Column{{From: "a", To: "status"}}, After: func(e *event.Message, row *Record) error {
			switch row.Get("a") {
			case "skip":
				return ErrSkip
			case "fail":
				return errors.New("as it was told")
			}
			e.Set("comment", row.Report().Get("feed.name")+row.Get("b")+fmt.Sprint(row.Has("b"), row.Has("c")))
			return nil
		}}, "a,b\nskip,1\nfail,1\nx,1\n", "failed: as it was told\n" + `status="x" comment="test1true false"`},
		{"objects",
			Table{Format: JSON{}, Rest: Extra, Rows: []Column{
				{From: "ip", To: "source.ip", Need: Required}, {From: "at.lat", To: "source.geolocation.latitude"},
				{From: "list.1.x", To: "source.port"}, {From: "dotted.name", To: "comment"},
			}},
			`[{"ip":"192.0.2.1","at":{"lat":1.5,"b":1},"list":[{"x":1},{"x":2}],"dotted.name":"d","Other":[1],"nil":null},{"at":{}},{"ip":"192.0.2.2","at":3,"list":[]}]`,
			`source.ip="192.0.2.1" source.geolocation.latitude=1.5 source.port=2 comment="d" extra.other=[1]` +
				"\nfailed: ip is missing\n" + `source.ip="192.0.2.2"`},
		{"an event for each element",
			Table{Format: JSON{Lines: true}, Split: Split{From: "list"}, Rows: []Column{{From: "list.ip", To: "source.ip"}, {From: "id", To: "extra.id"}}},
			`{"id":1,"list":[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"}]}` + "\n{\n" + `{"id":2,"list":[]}`,
			`source.ip="192.0.2.1" extra.id=1` + "\n" + `source.ip="192.0.2.2" extra.id=1` + "\nfailed: "},
		{"an event for each element of a nested list",
			Table{Format: JSON{Objects: true}, Split: Split{From: "a.list"}, Rows: []Column{{From: "a.list", To: "source.ip"}}},
			`{"a":{"list":["192.0.2.1"]}}` + "\n" + `{"a":{"list":["192.0.2.2"]}}`,
			`source.ip="192.0.2.1"` + "\n" + `source.ip="192.0.2.2"`},
		{"one object",
			Table{Format: JSON{Objects: true}, Rows: []Column{{From: "ip", To: "source.ip"}}},
			"{\"ip\":\n\"192.0.2.1\"}\n", `source.ip="192.0.2.1"`},
		{"nested members that are not known",
			Table{Format: JSON{Objects: true}, Rest: Refuse, Rows: []Column{{From: "a.ip", To: "source.ip"}, {From: "a.b"}}},
			`{"a":{"ip":"192.0.2.1","b":{"c":1}}} {"a":{"ip":"192.0.2.2","c":1}} {"a":{"c":null}} {"a":3}`,
			`source.ip="192.0.2.1"` + "\nfailed: a.c is not known to the table\n\nfailed: a is not known to the table"},
		{"objects of which one is broken",
			Table{Format: JSON{Objects: true}, Rows: []Column{{From: "ip", To: "source.ip"}}},
			"{\"ip\":\"192.0.2.1\"}\n{\"ip\"\n{\"ip\":\"192.0.2.2\"}\n",
			`source.ip="192.0.2.1"` + "\nfailed: unexpected end of the message\n" + `source.ip="192.0.2.2"`},
		{"lines of one column", Table{Format: Line{Columns: []string{"url"}, Skip: []string{"#"}}, Rows: []Column{{From: "url", To: "source.url"}}},
			"# list\n\nhttp://example.org/a b\n", `source.url="http://example.org/a b"`},
		{"lines of two kinds", Table{Format: Line{Columns: []string{"asn | ip", "asn | ip | port"}, By: "|"},
			Rows: []Column{{From: "asn", To: "source.asn"}, {From: "ip", To: "source.ip"}, {From: "port", To: "source.port"}}},
			"1 | 192.0.2.1\n2|192.0.2.2|80\n3\n",
			`source.asn=1 source.ip="192.0.2.1"` + "\n" + `source.asn=2 source.ip="192.0.2.2" source.port=80` + "\nfailed: the line has 1 columns, "},
		{"lines that are longer or shorter", Table{Format: Line{Columns: []string{"ip|port"}, By: " ", Min: 1},
			Rows: []Column{{From: "ip", To: "source.ip"}, {From: "port", To: "source.port"}}},
			"192.0.2.1\n192.0.2.2 \t 80 more\n", `source.ip="192.0.2.1"` + "\n" + `source.ip="192.0.2.2" source.port=80`},
		{"short lines are no rows", Table{Format: Line{Columns: []string{"ip|port"}, By: ",", Min: 2}, Rows: []Column{{From: "ip", To: "source.ip"}}},
			"Start\n192.0.2.2,80\n", `source.ip="192.0.2.2"`},
		{"a pattern", Table{Format: Line{Pattern: `^(?P<ip>\S+).*# (?P<time>.+)$`}, Rows: []Column{{From: "ip", To: "source.ip"}, {From: "time", To: "time.source"}}},
			"192.0.2.1 # 2026-01-31 10:20\n192.0.2.1\n",
			`source.ip="192.0.2.1" time.source="2026-01-31T10:20:00+00:00"` + "\n" + `failed: the line is not in the form of the feed: "192.0.2.1"`},
		{"what comments say", Table{Format: Line{Columns: []string{"ip"}, Skip: []string{"#"}, Head: []string{"updated: "}},
			Rows: []Column{{From: "ip", To: "source.ip"}, {From: "updated: ", To: "time.source"}}},
			"192.0.2.1\n# updated: 2026-01-31\n192.0.2.2\n", `source.ip="192.0.2.1"` + "\n" + `source.ip="192.0.2.2" time.source="2026-01-31T00:00:00+00:00"`},
		{"a table that is wrong", Table{Format: named, Rows: []Column{{From: "a", To: "source.ipp"}}},
			"a\n1\n", `error: row 1 of the table: invalid key "source.ipp": not a field of events; did you mean source.ip?`},
	} {
		if got := parse(t, test.table, test.text); !strings.HasPrefix(got, test.want) || len(got) > len(test.want) && !strings.HasSuffix(test.want, " ") {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestConverters(t *testing.T) {
	for _, test := range []struct{ convert, text, want string }{
		{"utc", "2026-01-31 10:20", `"2026-01-31T10:20:00+00:00"`},
		{"utc", "2026-01-31 10:20 +0100", `"2026-01-31T09:20:00+00:00"`},
		{"utc", "soon", "error"},
		{"time", "31 Jan 2026", `"2026-01-31T00:00:00+00:00"`},
		{"time %d.%m.%Y %H:%M", "31.01.2026 10:20", `"2026-01-31T10:20:00+00:00"`},
		{"time %d.%m.%Y", "01/31/2026", "error"},
		{"date %Y-%m-%d %H:%M", "2026-01-31 10:20", `"2026-01-31T00:00:00+00:00"`},
		{"time %d.%m.%Y %H:%M in Europe/Berlin", "31.01.2026 10:20", `"2026-01-31T09:20:00+00:00"`},
		{"time %d.%m.%Y %H:%M in Europe/Berlin", "31.07.2026 10:20", `"2026-07-31T08:20:00+00:00"`},
		{"time %d.%m.%Y %H:%M %z in Europe/Berlin", "31.01.2026 10:20 +0000", `"2026-01-31T10:20:00+00:00"`},
		{"time in +02:00", "2026-01-31 10:20", `"2026-01-31T08:20:00+00:00"`},
		{"date %d.%m.%Y in Europe/Berlin", "31.01.2026", `"2026-01-30T23:00:00+00:00"`},
		{"comma|float", "-1.234.567,25", "-1234567.25"},
		{"comma", "1,5", `"1.5"`},
		{"comma", "12", `"12"`},
		{"comma", "12,5,6", `"12,5,6"`},
		{"comma", "1.23,5", `"1.23,5"`},
		{"comma", "1234.567,5", `"1234.567,5"`},
		{"comma", "1,", `"1,"`},
		{"comma", ",5", `",5"`},
		{"comma", "+-1,5", `"+-1,5"`},
		{"hex", "0x1F", "31"},
		{"hex", "ffffffffffffffff", "18446744073709551615"},
		{"hex", "0x", "error"},
		{"hex", "-1", "error"},
		{"epoch", "86400.5", `"1970-01-02T00:00:00.500000+00:00"`},
		{"millis", "1769854830000", `"2026-01-31T10:20:30+00:00"`},
		{"windows", "116444736000000000", `"1970-01-01T00:00:00+00:00"`},
		{"int", " 012 ", "12"},
		{"int", "1.5", "error"},
		{"float", "2", "2.0"},
		{"bool", "Yes", "true"},
		{"bool", "disabled", "false"},
		{"bool", "perhaps", ""},
		{"nonzero", "00", ""},
		{"nonzero", "10", `"10"`},
		{"not NA", "NA", ""},
		{"not NA", "NAT", `"NAT"`},
		{"json|not NA", `["NA"]`, `["NA"]`},
		{"lower", "AbC", `"abc"`},
		{"upper", "AbC", `"ABC"`},
		{"trim", " a b ", `"a b"`},
		{"trim []", "[a]", `"a"`},
		{"before #", "a#b#c", `"a"`},
		{"before #", "a", `"a"`},
		{"after #", "a#b#c", `"b#c"`},
		{"after #", "a", ""},
		{"before # | upper", "a#b", `"A"`}, // the blank before the line belongs to neither
		{"not ? | asn", "?", ""},
		{"last /", "a/b/c", `"c"`},
		{"last /", "a", `"a"`},
		{"word", " one two", `"one"`},
		{"word", " ", ""},
		{"add  UTC", "a", `"a UTC"`},
		{"refang", "hxxps://example[.]org(dot)x", `"https://example.org.x"`},
		{"refang", "someone[@]example[.]org", `"someone@example.org"`},
		{"list", "a, b,,c", `["a","b","c"]`},
		{"list ;", "a;\"", `["a","\""]`},
		{"json", `{"a": 1}`, `{"a":1}`},
		{"query as", "https://example.org/list?as=64500&x=1", `"64500"`},
		{"query as", "list?x=1", ""},
		{"query as", "://", ""},
		{"json", `{`, "error"},
		{"url", "example.org/a", `"http://example.org/a"`},
		{"url https://", "example.org", `"https://example.org"`},
		{"url", "ftp://example.org", `"ftp://example.org"`},
		{"scheme", "HTTPS://example.org", `"https"`},
		{"scheme", "example.org", ""},
		{"host", "http://someone@example.org:8080/a", `"example.org"`},
		{"host", "[2001:db8::1]:80", `"2001:db8::1"`},
		{"host", "2001:db8::1", `"2001:db8::1"`},
		{"host", "example.org:80", `"example.org"`},
		{"port", "http://example.org:8080/a", `"8080"`},
		{"port", "192.0.2.1:80", `"80"`},
		{"port", "example.org", ""},
		{"asn", "AS64500", `"64500"`},
		{"asn", "64500", `"64500"`},
		{"ip", "192.0.2.1", `"192.0.2.1"`},
		{"ip", "192.0.2.0/32", ""},
		{"ip", "example.org", ""},
		{"network", "192.0.2.0/24", `"192.0.2.0/24"`},
		{"network", "192.0.2.1", ""},
		{"fqdn", "example.org", `"example.org"`},
		{"fqdn", "192.0.2.1", ""},
		{"before #|trim|lower", "A #b", `"a"`},
	} {
		table := Table{Rows: []Column{{From: "1", To: "extra.x", Convert: test.convert}}}
		plan, err := table.Compile(harmonization.Default(), nil)
		if err != nil {
			t.Errorf("%s: %v", test.convert, err)
			continue
		}
		e := event.New(event.Event, nil)
		plan.Fill(e, []string{test.text})
		got := string(e.JSON("extra.x"))
		if e.Err() != nil {
			got = "error"
		}
		if got != test.want {
			t.Errorf("%s of %q is %s, want %s", test.convert, test.text, got, test.want)
		}
	}
	for _, wrong := range []string{"nothing", "lower|", "time %Q", "Lower", "time %Y in Berlin"} {
		table := Table{Rows: []Column{{From: "1", To: "extra.x", Convert: wrong}}}
		if _, err := table.Compile(harmonization.Default(), nil); err == nil {
			t.Errorf("%q is taken for a converter", wrong)
		}
	}
}

// An older dictionary has what it does not know below extra.
func TestOlderDictionary(t *testing.T) {
	d, err := harmonization.Load("h.conf", strings.NewReader(`{"event":{"extra":{"type":"JSONDict"},"status":{"type":"String"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	table := Table{Rows: []Column{{From: "1", To: "source.ip"}}, Const: Words{{"status", "up"}}}
	plan, err := table.Compile(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := event.New(event.Event, d)
	plan.Fill(e, []string{"192.0.2.1"})
	if got := e.Get("extra.source.ip") + e.Get("status"); got != "192.0.2.1up" || e.Err() != nil {
		t.Error(got, e.Err())
	}
}

func TestListName(t *testing.T) {
	report := event.New(event.Report, nil)
	for _, step := range []struct{ key, text, want string }{
		{"feed.name", "List", ""},
		{"extra.file_name", "list.txt", "list.txt"},
		{"feed.url", "https://example.org/a.txt", "https://example.org/a.txt"},
	} {
		report.Set(step.key, step.text)
		if got := ListName(report); got != step.want {
			t.Errorf("with %s the name is %q, want %q", step.key, got, step.want)
		}
	}
}
