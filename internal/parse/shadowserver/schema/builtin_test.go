package schema

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/manual/page"
)

// builtin are all types of the built-in table.
func builtin(t *testing.T) (types []*Type) {
	t.Helper()
	for line := range strings.Lines(table) {
		if cells, ok := cellsOf(line); ok {
			types = append(types, typeOf(cells))
		}
	}
	return types
}

// samples are texts that columns may have, by what is done to them.
var samples = map[string]string{
	"add_UTC_to_timestamp":     "2026-01-31 10:20:30",
	"convert_bool":             "Y",
	"convert_int":              "443",
	"convert_float":            "1.5",
	"convert_date":             "Sat, 31 Jan 2026 10:20:30 GMT",
	"convert_date_utc":         "2026-01-31 10:20:30",
	"invalidate_zero":          "64500",
	"validate_ip":              "192.0.2.1",
	"validate_network":         "192.0.2.0/24",
	"validate_fqdn":            "www.example.org",
	"force_base64":             "GET / HTTP/1.1",
	"scan_exchange_taxonomy":   "cve-2026-1;webshell",
	"scan_exchange_type":       "cve-2026-1;webshell",
	"scan_exchange_identifier": "cve-2026-1;webshell",
	"extract_cve_from_tag":     "cve-2026-1;webshell",

	"convert_http_host_and_url": "http://www.example.org/index.html",
}

// fieldSamples are texts for fields that do not take any text.
var fieldSamples = map[string]string{
	"source.geolocation.cc": "AT", "destination.geolocation.cc": "AT", "severity": "high", "protocol.transport": "tcp",
	"malware.hash.md5": strings.Repeat("0a", 16), "malware.hash.sha1": strings.Repeat("0a", 20), "malware.hash.sha256": strings.Repeat("0a", 32),
	"source.reverse_dns": "host.example.org", "destination.reverse_dns": "host.example.net", "status": "online",
}

// sample is a text for a column.
func sample(columns []Column) string {
	text := ""
	for _, c := range columns {
		text = cmp.Or(text, samples[c.Function], fieldSamples[c.To])
	}
	return cmp.Or(text, "some text")
}

// TestEveryType makes an event of each type that is built in, from a row with all
// of its columns. Each column ends in its field, and nothing is left over. With -v
// it says which types there are, and with how many columns.
func TestEveryType(t *testing.T) {
	d := harmonization.Default()
	n := 0
	files, feeds := map[string]bool{}, map[string]bool{}
	for _, typ := range builtin(t) {
		byName := map[string][]Column{}
		var names []string
		for _, c := range typ.Columns {
			if byName[c.From] == nil {
				names = append(names, c.From)
			}
			byName[c.From] = append(byName[c.From], c)
		}
		fields := make([]string, len(names))
		for i, name := range names {
			fields[i] = sample(byName[name])
		}
		if files[typ.File] || typ.Feed != "" && feeds[typ.Feed] {
			t.Errorf("%s, %s: is there twice", typ.File, typ.Feed)
		}
		files[typ.File], feeds[typ.Feed] = true, true
		plan, err := typ.Plan(d, names, false)
		if err != nil || plan.Missing != nil {
			t.Errorf("%s: %v, %v", typ.File, err, plan)
			continue
		}
		if len(plan.Warnings) > 0 && typ.File != "test_afs" {
			t.Errorf("%s: %q", typ.File, plan.Warnings)
		}
		e := event.New(event.Event, nil)
		if plan.Fill(e, fields); e.Err() != nil {
			t.Errorf("%s: %v", typ.File, e.Err())
		}
		for _, c := range typ.Columns {
			key := c.To
			if key == "extra." {
				key = feed.ExtraKey(c.From)
			}
			if never := c.From == "ip" && c.To == "source.network" || c.To == "not_in_idf"; e.Has(key) == never {
				t.Errorf("%s: the column %s does not become %s: %s", typ.File, c.From, key, e)
			}
		}
		for _, c := range typ.Constants {
			if !strings.EqualFold(e.Get(c.Field), c.Value.Text) {
				t.Errorf("%s: %s is %q", typ.File, c.Field, e.Get(c.Field))
			}
		}
		for key := range e.All() {
			if err := d.Check(harmonization.Event, key); err != nil {
				t.Errorf("%s: %v", typ.File, err)
			}
		}
		if want, ok := vocabulary.Taxonomy(e.Get("classification.type")); !ok || e.Get("classification.taxonomy") != want {
			t.Errorf("%s: the taxonomy of %q is %q", typ.File, e.Get("classification.type"), e.Get("classification.taxonomy"))
		}
		if typ.Feed != "" && !strings.HasPrefix(typ.File, "test_") {
			n++
			t.Logf("%-34s%-52s%3d columns", typ.File, typ.Feed, len(names))
		}
	}
	if n != 170 {
		t.Errorf("%d types are built in, and the manual says 170", n)
	}
}

// TestNothingIsLeftOver: each group and each meaning of a column is there once, and
// some type has it.
func TestNothingIsLeftOver(t *testing.T) {
	said, used := map[string]int{}, map[string]bool{}
	head := byte(0)
	for line := range strings.Lines(table) {
		if line[0] != ' ' {
			head = line[0]
		}
		cells, isType := cellsOf(line)
		if isType {
			line = cells[5]
		}
		for i, token := range slices.Collect(strings.FieldsSeq(line)) {
			name, _, _ := strings.Cut(token, "=")
			switch {
			case isType, head == '@' && (line[0] == ' ' || i > 0):
				used[strings.TrimSuffix(token, "!")] = true
			case head == '@', head == ':' && token[0] != ':':
				said[name]++
			}
		}
	}
	for name, n := range said {
		if n != 1 || !used[name] {
			t.Errorf("what %s means is said %d times, and used: %v", name, n, used[name])
		}
	}
	for name := range used {
		if name[0] == '@' && said[name] == 0 {
			t.Errorf("there is no group %s", name)
		}
	}
	if w := words(); len(said) != len(w.columns)+len(w.groups) {
		t.Errorf("%d columns and %d groups are read, and %d are there", len(w.columns), len(w.groups), len(said))
	}
}

// TestFieldsOfTheManual holds what the manual says the parser writes against what the
// types have.
func TestFieldsOfTheManual(t *testing.T) {
	told, err := page.FieldsOf("parse-shadowserver")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]string{}
	for _, typ := range builtin(t) {
		for _, c := range typ.Columns {
			if !strings.HasPrefix(c.To, "extra.") && c.To != "not_in_idf" && !slices.Contains(told.Written, c.To) {
				missing[c.To] = typ.File
			}
		}
	}
	for field, file := range missing {
		t.Errorf("%s is not there, since no case shows it, of %s for example", field, file)
	}
}

// TestPublished compares the built-in types with those of a schema file. That is the one
// that INTELPIPE_SHADOWSERVER_SCHEMA names, such as the one that is published, to find
// out what to change:
//
//	INTELPIPE_SHADOWSERVER_SCHEMA=FILE go test -run TestPublished ./internal/parse/shadowserver/schema
//
// Otherwise it is one that says the same as the built-in types, and then something else.
func TestPublished(t *testing.T) {
	if path := os.Getenv("INTELPIPE_SHADOWSERVER_SCHEMA"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range differences(t, text) {
			t.Error(d)
		}
		return
	}
	types := builtin(t)
	if d := differences(t, asFile(t, types)); d != nil {
		t.Errorf("of the same types differ: %q", d)
	}
	known := len(types)
	types[0].URL += "else/"
	types[1].Columns = append(types[1].Columns, Column{From: "new", To: "source.ip", Function: "validate_ip"})
	types[2].Columns = types[2].Columns[1:]
	types = append(types[:known:known], &Type{File: "new_type", Feed: "New Type"})
	want := []string{types[0].File + ": ", types[1].File + ": ", types[2].File + ": ", "new_type, New Type, "}
	got := differences(t, asFile(t, types))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// asFile is a schema file with these types.
func asFile(t *testing.T, types []*Type) []byte {
	t.Helper()
	file := map[string]definition{}
	for _, typ := range types {
		d := definition{FeedName: typ.Feed, FileName: typ.File, URL: typ.URL, ConstantFields: map[string]json.RawMessage{}, RequiredFields: [][]any{}, OptionalFields: [][]any{}}
		for _, c := range typ.Constants {
			d.ConstantFields[c.Field] = c.Value.AppendJSON(nil)
		}
		for _, c := range typ.Columns {
			item := []any{c.To, c.From}
			if c.To == "" {
				item[0] = false
			}
			if c.Function != "" {
				item = append(item, c.Function)
			}
			if c.Required {
				d.RequiredFields = append(d.RequiredFields, item)
			} else {
				d.OptionalFields = append(d.OptionalFields, item)
			}
		}
		file[typ.File] = d
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// differences are what a schema file says of its types and the built-in table does not,
// or the other way round. Types that only the table has are no difference.
func differences(t *testing.T, text []byte) (all []string) {
	t.Helper()
	published, err := Parse(text)
	if err == nil {
		err = published.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	differ := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	known := map[string]*Type{}
	for _, typ := range builtin(t) {
		known[typ.File] = typ
	}
	for _, name := range slices.Sorted(maps.Keys(published.files)) {
		want, err := published.ByFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := known[name]
		if got == nil {
			differ("%s, %s, is not built in", name, want.Feed)
			continue
		}
		if got.Feed != want.Feed || got.URL != want.URL || !slices.Equal(got.Constants, want.Constants) {
			differ("%s: %s, %s, %v are built in, %s, %s, %v published", name, got.Feed, got.URL, got.Constants, want.Feed, want.URL, want.Constants)
		}
		delete(known, name)
		for _, c := range want.Columns {
			if !slices.ContainsFunc(got.Columns, c.same) {
				differ("%s: %+v is not built in", name, c)
			}
		}
		for _, c := range got.Columns {
			if !slices.ContainsFunc(want.Columns, c.same) {
				differ("%s: %+v is built in, and not published", name, c)
			}
		}
	}
	for name := range known {
		t.Logf("%s is built in, and not published", name)
	}
	return all
}

// same compares what columns say; extra. and extra.NAME may be the same.
func (c Column) same(other Column) bool {
	for _, p := range []*Column{&c, &other} {
		if p.To == "extra." {
			p.To += p.From
		}
	}
	return c == other
}

// BenchmarkType measures what comes before the first row of a report.
func BenchmarkType(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		typ, _ := Builtin{}.ByFile("scan_ssh")
		if _, err := typ.Plan(harmonization.Default(), []string{"timestamp", "ip", "port"}, false); err != nil {
			b.Fatal(err)
		}
	}
}
