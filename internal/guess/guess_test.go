package guess

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/intelpipe/intelpipe/harmonization"
)

func options() Options {
	return Options{
		Dictionary: harmonization.Default(),
		Skip:       func(line []byte) bool { s := strings.TrimSpace(string(line)); return s == "" || s[0] == '#' },
		Key:        func(name string) string { return "extra." + strings.ToLower(strings.ReplaceAll(name, " ", "_")) },
	}
}

// summary is what Sniff says, on one line.
func summary(t *Table, err error) string {
	if err != nil {
		return err.Error()
	}
	s := fmt.Sprintf("%c", t.Delimiter)
	if t.Encoding != "" {
		s = t.Encoding + " " + s
	}
	if t.Skip > 0 {
		s += fmt.Sprintf(" skip %d", t.Skip)
	}
	if t.Header {
		s += " header"
	}
	for _, c := range t.Columns {
		s += " [" + c.Field
		if c.Convert != "" {
			s += " " + c.Convert
		}
		s += "]"
	}
	return s
}

func utf16le(s string, mark bool) string {
	var b []byte
	if mark {
		b = []byte("\xff\xfe")
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestSniff(t *testing.T) {
	for _, test := range []struct{ name, text, want, note string }{
		{
			"German, in Latin-1", "Zeit;IP;Betrag;Ort\n24.11.2026 18:05;192.0.2.1;1.234,5;K\xf6ln\n25.11.2026 18:05;192.0.2.2;1;Wien\n",
			"windows-1252 ; header [time.source time %d.%m.%Y %H:%M] [source.ip] [extra.betrag comma|float] [source.geolocation.city]", "read as windows-1252",
		},
		{
			"from Excel, in UTF-16", utf16le("IP;Wann\r\n192.0.2.1;24.11.2026\r\n", true),
			"; header [source.ip] [time.source time %d.%m.%Y]", "utf-16le, as its byte order mark says",
		},
		{
			"UTF-16 without a mark", utf16le("ip,port\n192.0.2.1,80\n", false),
			"utf-16le , header [source.ip] [source.port]", "",
		},
		{"UTF-8 with a mark", "\xef\xbb\xbfip,größe\n192.0.2.1,5\n", ", header [source.ip] [extra.groesse int]", "utf-8, as its byte order mark"},
		{"tabs", "src_ip\tdst_ip\tdst_port\n192.0.2.1\t198.51.100.1\t80\n", "\t header [source.ip] [destination.ip] [destination.port]", ""},
		{"pipes", "64500|192.0.2.1|2026-01-31 10:20:30\n64501|192.0.2.2|2026-01-31 10:20:31\n", "| [] [source.ip] [time.source]", "read as UTC"},
		{"blanks", "192.0.2.1 80\n192.0.2.2 81\n", "  [source.ip] [source.port]", ""},
		{"commas in quotes", "ip,text\n192.0.2.1,\"a, b\"\n192.0.2.2,\"c, d\"\n", ", header [source.ip] [event_description.text]", ""},
		{"commas in numbers", "1,5;192.0.2.1;2,5\n1,5;192.0.2.2;3,5\n", "; [] [source.ip] []", ""},
		{"ragged", "ip,port,x\n192.0.2.1,80,a\n192.0.2.2,80\n192.0.2.3,80,b\n", ", header [source.ip] [source.port] [extra.x]", "line 3 with 2"},
		{"no header", "192.0.2.1,80,AT\n192.0.2.2,81,DE\n", ", [source.ip] [source.port] [source.geolocation.cc]", "--type"},
		{"a comment for a header", "#ip;seen\n192.0.2.1;2026-01-31\n192.0.2.2;2026-01-31\n", "; [source.ip] [time.source]", "named in a comment"},
		{
			"something before the header", "Report;;\nmade by;someone;\nAddress;Seen;Port\n192.0.2.1;2026-01-31;80\n",
			"; skip 2 header [source.ip] [time.source] [source.port]", "begins in line 3",
		},
		{"a line of another width before", "Report of the week\nip,port\n192.0.2.1,80\n192.0.2.2,81\n", ", skip 1 header [source.ip] [source.port]", ""},
		{"names of fields", "time.source,source.ip\n2026-01-31T00:00:00Z,192.0.2.1\n", ", header [time.source] [source.ip]", ""},
		{"epoch", "ts,ip\n1769854830,192.0.2.1\n", ", header [time.source epoch] [source.ip]", ""},
		{"milliseconds", "seen,ip\n1769854830123,192.0.2.1\n", ", header [time.source millis] [source.ip]", ""},
		{"a number like a time", "id,ip\n1769854830,192.0.2.1\n", ", header [extra.id int] [source.ip]", ""},
		{"dates of two readings", "date,ip\n02/03/2026,192.0.2.1\n04/05/2026,192.0.2.2\n", ", header [time.source time %m/%d/%Y] [source.ip]", "two ways"},
		{"dates of one reading", "date,ip\n02/13/2026,192.0.2.1\n04/05/2026,192.0.2.2\n", ", header [time.source time %m/%d/%Y] [source.ip]", ""},
		{"dates with the day first", "date,ip\n13/02/2026,192.0.2.1\n04/05/2026,192.0.2.2\n", ", header [time.source time %d/%m/%Y] [source.ip]", ""},
		{"a log of Apache", "t,ip\n24/Nov/2026:18:05:01 +0100,192.0.2.1\n", ", header [time.source time %d/%b/%Y:%H:%M:%S %z] [source.ip]", ""},
		{"hours to twelve", "t,ip\n11/24/2026 06:05:01 PM,192.0.2.1\n", ", header [time.source time %m/%d/%Y %I:%M:%S %p] [source.ip]", ""},
		{"hashes", "a,b,c\n" + strings.Repeat("a1", 16) + "," + strings.Repeat("b2", 20) + "," + strings.Repeat("c3", 32) + "\n", ", header [malware.hash.md5] [malware.hash.sha1] [malware.hash.sha256]", ""},
		{"networks and AS", "net,as,asn\n192.0.2.0/24,AS64500,64500\n", ", header [source.network] [source.asn asn] [extra.asn int]", ""},
		{"URLs, domains, mail", "a,b,c\nhttp://example.org/x,www.example.org,someone@example.org\n", ", header [source.url] [source.fqdn] [source.account]", ""},
		{"unclickable", "a,b\nhxxp://example[.]org/x,www[.]example[.]net\n", ", header [source.url refang] [source.fqdn refang]", ""},
		{"addresses or domains", "host,n\n192.0.2.1,1\nwww.example.org,2\n", ", header [source.ip|source.fqdn] [extra.n int]", ""},
		{"address and port", "peer,n\n192.0.2.1:80,1\n", ", header [source.ip host] [extra.n int]", ""},
		{"three addresses", "192.0.2.1,192.0.2.2,192.0.2.3\n", ", [source.ip] [destination.ip] []", ""},
		{"words of vocabularies", "what,how,n\nscanner,tcp,0\nc2-server,udp,1\n", ", header [classification.type] [protocol.transport] [extra.n int]", ""},
		{"places", "lat,lon,country,ip\n48.2,16.4,AT,192.0.2.1\n", ", header [source.geolocation.latitude] [source.geolocation.longitude] [source.geolocation.cc] [source.ip]", ""},
		{"a list", "# of addresses\n192.0.2.1\n192.0.2.2\n", ", [source.ip]", ""},
		{"one bad value of five", "ip,x\n192.0.2.1,a\n192.0.2.2,b\n192.0.2.3,c\n192.0.2.4,d\n192.0.2.300,e\n", ", header [source.ip] [extra.x]", ""},
		{"two names alike", "a b,A b\n1,2\n", ", header [extra.a_b int] [extra.a_b_2 int]", ""},

		{"nothing", " \n", "there is nothing in it", ""},
		{"comments", "# a\n# b\n", "there is nothing in it", ""},
		{"a letter", "Dear all, this is a letter.\nIt has lines, and commas, here.\nRegards\n", errNothingTold.Error(), ""},
		{"lines", "one\ntwo three\nfour five six\n", errNoTable.Error(), ""},
		{"words without a header", "one,two\nthree,four\n", errNothingTold.Error(), ""},
		{"a header alone", "ip,port\n", errHeaderAlone.Error(), ""},
		{"Excel", "PK\x03\x04\x00", "it is no table but a ZIP archive, such as a workbook of Excel: save the sheet as CSV, or unpack the archive", ""},
		{"gzip", "\x1f\x8b\x08", "it is no table but compressed by gzip: unpack it with gunzip", ""},
		{"JSON", "[{\"a\":1}]", "it is no table but JSON, see parse-json and the parsers of feeds", ""},
		{"HTML", "<table>", "it is no table but XML or HTML, see parse-html-table", ""},
		{"no text", "a,b\x00\x01c\n", "it is no text: line 1, column 4: a NUL byte, as in UTF-16 without a byte order mark", ""},
	} {
		table, err := Sniff([]byte(test.text), true, options())
		if got := summary(table, err); got != test.want {
			t.Errorf("%s:\n%s, want\n%s", test.name, got, test.want)
			continue
		}
		if err != nil {
			continue
		}
		notes := strings.Join(table.Notes, "\n")
		if !strings.Contains(notes, test.note) || strings.Contains(notes, "two ways") != strings.Contains(test.note, "two ways") {
			t.Errorf("%s: notes %q", test.name, notes)
		}
	}
}

// What a user knows better is not guessed.
func TestOptions(t *testing.T) {
	o := options()
	o.Delimiter, o.Encoding, o.DayFirst, o.Zoned = ';', "iso-8859-2", true, true
	table, err := Sniff([]byte("date;ip;x\n02/03/2026;192.0.2.1;\xb1,1\n04/05/2026;192.0.2.2;\xb1,1\n"), true, o)
	if got, want := summary(table, err), "; header [time.source time %d/%m/%Y] [source.ip] [extra.x]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if table.Columns[2].Example != "ą,1" || strings.Contains(strings.Join(table.Notes, " "), "UTC") {
		t.Errorf("%q, %q", table.Columns[2].Example, table.Notes)
	}
	if o.Encoding = "nonsense"; true {
		if _, err := Sniff([]byte("a,b\n"), true, o); err == nil {
			t.Error("an encoding that nobody knows")
		}
	}
}

// A sample ends where its last line does.
func TestSampleIsCut(t *testing.T) {
	for text, want := range map[string]string{
		"ip,port\n192.0.2.1,80\n192.0.2.2,8":          "ip,port\n192.0.2.1,80\n",
		utf16le("ip,port\n192.0.2.1,80\n192.0", true): utf16le("ip,port\n192.0.2.1,80\n", true),
		"ip,ü\n192.0.2.1,80\n192.0.2.2,\xc3":          "ip,ü\n192.0.2.1,80\n",
	} {
		table, err := Sniff([]byte(text), false, options())
		if err != nil || string(table.Sample) != want || table.Encoding != "" {
			t.Errorf("%q: %q, %v", text, table.Sample, err)
		}
	}
}

func FuzzSniff(f *testing.F) {
	f.Add([]byte("ip;port\n192.0.2.1;80\n"), true)
	f.Add([]byte(utf16le("Zeit\tWert\n24.11.2026\t1,5\n", true)), false)
	f.Add([]byte("#a,b\n\n\"x\ny\",hxxp://example[.]org\n"), true)
	f.Fuzz(func(t *testing.T, sample []byte, whole bool) {
		table, err := Sniff(sample, whole, options())
		if err != nil {
			return
		}
		if table.Rows == 0 || len(table.Columns) == 0 {
			t.Errorf("%q: %s", sample, summary(table, err))
		}
		used := map[string]bool{}
		for _, c := range table.Columns {
			for field := range strings.SplitSeq(c.Field, "|") {
				if field != "" && used[field] {
					t.Errorf("%q: %s twice", sample, field)
				}
				used[field] = true
			}
		}
	})
}
