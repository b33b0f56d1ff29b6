package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"
)

const sample = 3000

func generated(t *testing.T, kind string, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Generate(&b, kind, n); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The sums change only if somebody changes the data, and then the figures of
// two versions are no longer comparable.
func TestGenerateIsTheSameEverywhere(t *testing.T) {
	for kind, want := range map[string]string{
		"csv":    "d46e442ee68f55b2ba01a3bdd76355f321f9bd9831db7a9966f995cec9e10667",
		"routes": "9e21e3417def7d928392955844a00b8938f2cc964b495516c4a225298e6b336d",
		"events": "a5fdbcf7c90414c8a31112133ccf8bb365aadf786e55cfd953a93dd43adcb959",
	} {
		sum := sha256.Sum256(generated(t, kind, 1000))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("1000 lines of %s: sha256 %s, want %s", kind, got, want)
		}
		if long := generated(t, kind, 1200); !bytes.HasPrefix(long, generated(t, kind, 1000)) {
			t.Errorf("%s: the first lines depend on how many there are", kind)
		}
	}
	if err := Generate(new(bytes.Buffer), "xml", 1); err == nil {
		t.Error("xml can be generated")
	}
}

func TestEvents(t *testing.T) {
	data := generated(t, "events", sample)
	if mean := len(data) / sample; mean < 1200 || mean > 1400 {
		t.Errorf("an event has %d bytes on average", mean)
	}
	identities := map[string]bool{}
	passed, foreignLines, fields := 0, 0, 0
	for line := range bytes.Lines(data) {
		e := object(t, line)
		fields += len(e)
		if _, ok := e["classification.taxonomy"]; ok || e["classification.type"] == nil {
			t.Fatalf("taxonomy set, or no type: %s", line)
		}
		key := fmt.Sprint(e["source.ip"], e["source.port"], e["classification.type"], e["feed.name"])
		if !identities[key] && e["protocol.transport"] != FilteredTransport {
			passed++
		}
		identities[key] = true
		text := fmt.Sprint(e["source.geolocation.city"], e["event_description.text"])
		if len(text) != utf8.RuneCountInString(text) {
			foreignLines++
		}
	}
	if got := fields / sample; got < 21 || got > 27 {
		t.Errorf("an event has %d fields on average", got)
	}
	if want := Count(sample); len(identities) != want.Unique || passed != want.Passed {
		t.Errorf("%d identities, of which %d pass the filter; the census says %v", len(identities), passed, want)
	}
	if share := 100 - 100*len(identities)/sample; share < duplicates-3 || share > duplicates+3 {
		t.Errorf("%d%% duplicates", share)
	}
	if foreignLines*100 < (foreign-2)*sample || foreignLines*100 > (foreign+2)*sample {
		t.Errorf("%d of %d events have text beyond ASCII", foreignLines, sample)
	}
}

// object decodes a flat object and fails on a key that comes twice, which the
// decoder of the standard library would not notice.
func object(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	tokens := 0
	for {
		if _, err := d.Token(); err != nil {
			break
		}
		tokens++
	}
	if tokens != 2+2*len(e) {
		t.Fatalf("a key comes twice, or a value is not flat: %s", line)
	}
	return e
}

// TestRoutes has every address of the events in a prefix, and no prefix twice.
func TestRoutes(t *testing.T) {
	found := map[netip.Prefix]bool{}
	for line := range bytes.Lines(generated(t, "routes", Prefixes)) {
		text, _, _ := strings.Cut(string(line), "\t")
		p, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		found[p.Masked()] = true
	}
	if len(found) < Prefixes*99/100 {
		t.Errorf("%d different prefixes", len(found))
	}
	for i := range sample {
		a := netip.MustParseAddr(newRecord(i).ip)
		bits := 24
		if a.Is6() {
			bits = 48
		}
		if p, _ := a.Prefix(bits); !found[p] {
			t.Errorf("%s is in no prefix", a)
		}
	}
}

func TestCSV(t *testing.T) {
	data := generated(t, "csv", sample)
	if mean := len(data) / sample; mean < 450 || mean > 600 {
		t.Errorf("a row has %d bytes on average", mean)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != sample+1 || len(rows[0]) != 40 {
		t.Fatalf("%d rows of %d columns", len(rows), len(rows[0]))
	}
	if lines := bytes.Count(data, []byte{'\n'}); lines != sample+1 {
		t.Errorf("%d lines for %d rows", lines, sample+1)
	}
	if !bytes.Contains(data, []byte(`""`)) {
		t.Error("no value has a quote in it")
	}
	fields := map[string]bool{}
	for field := range strings.SplitSeq(ColumnList(), ",") {
		if field != "" {
			fields[field] = true
		}
	}
	if len(fields) != 23 {
		t.Errorf("%d fields are mapped", len(fields))
	}

	// Miller's mapping names the same columns and fields.
	verbs := MillerVerbs()
	if n := strings.Count(verbs[2], ",") + 1; n != 23 {
		t.Errorf("Miller cuts %d columns", n)
	}
	renames := strings.Split(verbs[5], ",")
	for i := 1; i < len(renames); i += 2 {
		if !fields[renames[i]] {
			t.Errorf("Miller renames to %s", renames[i])
		}
	}
}

func TestIdentitiesOfAMillion(t *testing.T) {
	// A low port that wraps or an address part over 16 bits would show at the edges.
	for _, i := range []int{0, 1, 32766, 32767, 32768, 65535, 65536, 999_999, 1_000_000} {
		r := newRecord(i)
		if r.port < 1024 || r.port > 65535 {
			t.Errorf("record %d: port %d", i, r.port)
		}
		for part := range strings.SplitSeq(r.ip, ":") {
			if len(part) > 4 && !strings.Contains(part, ".") {
				t.Errorf("record %d: address %s", i, r.ip)
			}
		}
	}
}

// TestNetworks has every address of the events in a prefix, and no prefix twice.
func TestNetworks(t *testing.T) {
	found := map[string]bool{}
	for i := range Networks {
		n := network(i)
		if !n.IP.Equal(n.IP.Mask(n.Mask)) {
			t.Errorf("%s has host bits", &n)
		}
		found[n.String()] = true
	}
	if len(found) != Networks {
		t.Errorf("%d different networks", len(found))
	}
	for i := range sample {
		a := netip.MustParseAddr(newRecord(i).ip)
		bits := 24
		if a.Is6() {
			bits = 48
		}
		if p, _ := a.Prefix(bits); !found[p.String()] {
			t.Errorf("%s is in no network", a)
		}
	}
	if _, err := maxminddb.OpenBytes(generated(t, "places", 1000)); err != nil {
		t.Error(err)
	}
	if text := generated(t, "constituencies", 3); string(text) != "network,constituency,source.abuse_contact,extra.team\n192.0.2.0/24,constituency-0,abuse@team-0.example.org,0\n198.51.100.0/24,constituency-7919,abuse@team-7919.example.org,19\n203.0.113.0/24,constituency-15838,abuse@team-15838.example.org,38\n" {
		t.Errorf("%s", text)
	}
}
