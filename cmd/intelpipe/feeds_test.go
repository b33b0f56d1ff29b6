package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/builtin"
	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/event"
)

func builtinFeeds(t *testing.T) []*catalogue.Feed {
	t.Helper()
	c, err := catalogue.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Feeds
}

// planned are commands that feeds of the catalogue name before they exist.
var planned = []string{
	"collect-alienvault-otx", "collect-api", "collect-blueliv", "collect-certstream", "collect-eset", "collect-fireeye", "collect-github-api",
	"collect-http-stream", "collect-mail-attach", "collect-microsoft-azure", "collect-microsoft-interflow", "collect-opendxl", "collect-rsync",
	"collect-rt", "collect-shadowserver-api", "collect-shodan-stream", "collect-stomp", "collect-taxii",
}

// TestFeeds holds the catalogue against the commands: each has the flags that a feed
// gives it, and takes their values. As soon as a command exists that is missing today,
// its feeds are looked at, too, since what is missing is told by the commands.
func TestFeeds(t *testing.T) {
	known := builtin.Commands(commands)
	missing := map[string]int{}
	for _, f := range builtinFeeds(t) {
		lacking := f.Missing(known)
		for _, name := range lacking {
			if missing[name]++; !slices.Contains(planned, name) {
				t.Errorf("%s needs %s, which is neither there nor planned", f.ID, name)
			}
		}
		if len(lacking) > 0 {
			continue
		}
		if err := f.Check(known); err != nil {
			t.Error(err)
		}
	}
	t.Logf("commands that are missing, and how many feeds need them: %v", missing)
}

// samples are the cases that have own data in the shape of a feed, for each parser. A
// feed with a sample of its own has it in testdata/feeds/samples.
var samples = map[string]string{
	"parse-abusech-feodotracker": "list", "parse-alienvault": "reputation", "parse-alienvault-otx": "pulses", "parse-anubisnetworks": "infections",
	"parse-blocklistde": "lists", "parse-blueliv-crimeserver": "servers", "parse-certstream": "names", "parse-ci-army": "list",
	"parse-cymru-cap-program": "present", "parse-cymru-full-bogons": "list", "parse-cznic-haas": "sessions", "parse-cznic-proki": "list",
	"parse-danger-rulez": "list", "parse-dataplane": "lists", "parse-dshield-asn": "list", "parse-dshield-block": "list", "parse-dyn": "list",
	"parse-fireeye": "alert", "parse-fraunhofer-dga": "archive", "parse-github-feed": "first", "parse-hibp-callback": "first",
	"parse-malwarebazaar": "csv", "parse-malwarepatrol-dansguardian": "list", "parse-malwareurl": "page", "parse-mcafee-atd": "report",
	"parse-microsoft-bingmurls": "urls", "parse-n6": "events", "parse-openphish": "list", "parse-openphish-commercial": "sites",
	"parse-phishtank": "sites", "parse-shadowserver": "builtin-honeypot", "parse-shodan": "banners", "parse-spamhaus-cert": "first", "parse-spamhaus-drop": "first",
	"parse-stix-eset": "descriptions", "parse-surbl": "zone", "parse-threatminer": "page", "parse-turris": "greylist", "parse-vxvault": "list", "parse-zoneh": "defacements",

	"abusech-urlhaus": "country", "abusech-urlhaus-recent": "csv", "abusech-urlhaus-online": "csv",
	"abusech-threatfox-recent": "csv", "abusech-threatfox-recent-json": "json",
	"abusech-sslbl-certificates": "certificates", "abusech-sslbl-ips": "addresses", "abusech-sslbl-ja3": "ja3",
	"bambenek-c2-domains": "c2-domains", "bambenek-c2-ips": "c2-addresses", "bambenek-dga-domains": "dga",
	"cleanmx-phishing": "phishing", "cleanmx-virus": "viruses", "eset-eti-domains": "domains", "eset-eti-urls": "urls",
	"microsoft-ctip-azure": "azure", "microsoft-ctip-c2-azure": "azure", "microsoft-ctip-interflow": "interflow",
}

// unclassified are the parsers whose cases also have entries that say nothing of what
// has happened, or in words that nobody knows.
var unclassified = []string{"parse-alienvault", "parse-blueliv-crimeserver", "parse-n6", "parse-stix-eset"}

// sampleOf is data in the shape of the feed, and the name of the file that it is in at
// its provider's, or no data if there is none.
func sampleOf(t *testing.T, f *catalogue.Feed) (text, name string) {
	t.Helper()
	u, _, _ := strings.Cut(f.URL(), "?")
	name = path.Base(u)
	switch {
	case f.Ask["asn"] != "":
		name += "?as=64496"
	case f.ParserName() == "parse-github-feed":
		name = "StrangerealIntel/DailyIOC/a.json"
	case strings.Contains(name, "}"):
		name = "report"
	}
	own := f.ID
	if strings.HasPrefix(own, "firehol-") {
		own = "firehol"
	}
	if text, err := os.ReadFile(filepath.Join("../../testdata/feeds/samples", own)); err == nil {
		return string(text), name
	}
	parser := f.ParserName()
	file := samples[f.ID]
	if file == "" {
		file = samples[parser]
	}
	if file == "" {
		return "", name
	}
	c, err := readCase(filepath.Join("../../testdata", parser, file+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(c.args, "--file-name"); i >= 0 && !strings.HasPrefix(f.ID, "blocklistde-") && parser != "parse-github-feed" {
		name = c.args[i+1]
	}
	text = c.stdin
	first, _, _ := strings.Cut(text, "\n")
	m := event.New(event.Report, harmonization.Default())
	if strings.Contains(first, `"__type":"Report"`) && m.Decode([]byte(first)) == nil {
		raw, err := io.ReadAll(m.Raw())
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
		if file := m.Get("extra.file_name"); file != "" {
			name = file
		}
	}
	return text, name
}

// packed is a sample as the server of the feed has it.
func packed(t *testing.T, f *catalogue.Feed, text string) string {
	t.Helper()
	var b bytes.Buffer
	switch u := f.URL(); {
	case strings.HasSuffix(u, ".tar.gz"):
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		w.WriteHeader(&tar.Header{Name: "phishing/domains", Mode: 0o644, Size: int64(len(text))})
		io.WriteString(w, text)
		w.Close()
		z.Close()
	case strings.HasSuffix(u, ".gz"):
		z := gzip.NewWriter(&b)
		io.WriteString(z, text)
		z.Close()
	default:
		return text
	}
	return b.String()
}

// TestFeedsRun runs each feed of the catalogue that has a parser over a sample in its
// shape, which a server has. The events are valid, and say what has happened.
func TestFeedsRun(t *testing.T) {
	t.Setenv("INTELPIPE_TEST_PROCESS", "1") // for the processes that feeds run starts
	content := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, content[r.URL.Path])
	}))
	defer server.Close()
	known := builtin.Commands(commands)
	var without []string
	ran := 0
	for _, f := range builtinFeeds(t) {
		if !known.Has(f.ParserName()) {
			without = append(without, f.ID+" (no parser)")
			continue
		}
		text, name := sampleOf(t, f)
		if text == "" {
			without = append(without, f.ID)
			continue
		}
		at := "/" + f.ID + "/" + name
		path, _, _ := strings.Cut(at, "?")
		content[path] = packed(t, f, text)
		line := []string{"feeds", "run", "--from", server.URL + at, f.ID}
		if f.ParserName() == "parse-shadowserver" { // which goes by the name of the file that its collectors give
			file := filepath.Join(t.TempDir(), name)
			write(t, filepath.Dir(file), name, text)
			line[3] = file
		}
		for name := range f.Ask {
			value := map[string]string{"type": "phishing", "collection": "phishing"}[name]
			if value == "" {
				value = "64496"
			}
			line = append(line, "--set", name+"="+value)
		}
		ran++
		t.Run(f.ID, func(t *testing.T) {
			r := inProcess(t.TempDir(), line, strings.NewReader(""))
			if r.exit > 1 {
				t.Fatalf("exit code %d, %s", r.exit, r.stderr)
			}
			n, classified := 0, 0
			for line := range strings.Lines(r.stdout) {
				m := event.New(event.Event, harmonization.Default())
				if err := m.Decode([]byte(line)); err != nil {
					t.Fatal(err, line)
				}
				for _, key := range m.Keys() {
					value, _ := m.Value(key)
					if _, err := harmonization.Default().CheckValue(harmonization.Event, key, value); err != nil && key != "__type" {
						t.Errorf("%s: %v", key, err)
					}
				}
				if typ := m.Get("classification.type"); typ != "" && typ != "undetermined" {
					classified++
				} else if !slices.Contains(unclassified, f.ParserName()) {
					t.Errorf("the type is %q: %s", typ, line)
				}
				if m.Get("feed.name") != f.Name && f.ParserName() != "parse-microsoft-ctip" || m.Get("feed.provider") != f.Provider {
					t.Errorf("the event is not from the feed: %s", line)
				}
				n++
			}
			if n == 0 || classified == 0 {
				t.Errorf("%d events, %d of them classified, %s", n, classified, r.stderr)
			}
		})
	}
	t.Logf("%d feeds ran over samples, %d are without one: %v", ran, len(without), without)
	if ran < 120 {
		t.Errorf("only %d feeds have samples", ran)
	}
}
