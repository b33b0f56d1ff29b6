package maxmindgeoip

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func iso(code string) mmdbtype.Map { return mmdbtype.Map{"iso_code": mmdbtype.String(code)} }

// vienna is a record as GeoLite2-City has it, of an address that is used in Austria and
// registered elsewhere.
func vienna(registered string) mmdbtype.Map {
	return mmdbtype.Map{
		"city": mmdbtype.Map{"geoname_id": mmdbtype.Uint32(1), "names": mmdbtype.Map{
			"de": mmdbtype.String("Wien"), "en": mmdbtype.String("Vienna")}},
		"country":            iso("AT"),
		"location":           mmdbtype.Map{"latitude": mmdbtype.Float64(48.2), "longitude": mmdbtype.Float64(16.37), "time_zone": mmdbtype.String("Europe/Vienna")},
		"registered_country": iso(registered),
	}
}

// made is a database.
func made(t testing.TB, kind string, version int, records map[string]mmdbtype.DataType) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IPVersion: version, IncludeReservedNetworks: true, BuildEpoch: 1767225600,
		Description: map[string]string{"en": "a test"}, Languages: []string{"en"}})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, record := range records {
		_, network, err := net.ParseCIDR(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func city(t testing.TB, registered string) []byte {
	return made(t, member[:len(member)-len(".mmdb")], 6, map[string]mmdbtype.DataType{
		"192.0.2.0/24": vienna(registered), "198.51.100.0/24": vienna(registered), "2001:db8::/32": vienna(registered),
	})
}

// run is what becomes of one event.
func run(t testing.TB, c *Command, line string) string {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatal(err)
	}
	got := ""
	err := c.Process(t.Context(), m, func(m *event.Message) error {
		got = m.String()
		return m.Err()
	})
	if err != nil {
		return err.Error()
	}
	return got
}

func started(t testing.TB, c *Command, database []byte) *Command {
	t.Helper()
	c.Database = filepath.Join(t.TempDir(), "city.mmdb")
	if err := os.WriteFile(c.Database, database, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFamilies looks up IPv6, IPv4 within it, and IPv6 in a database of IPv4 alone.
func TestFamilies(t *testing.T) {
	const place = `,"source.geolocation.cc":"AT","source.geolocation.latitude":48.2,"source.geolocation.longitude":16.37,"source.geolocation.city":"Vienna"}`
	c := started(t, new(Command), city(t, "DE"))
	for _, ip := range []string{"192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7", "2001:db8::7%eth0"} {
		if got := run(t, c, `{"source.ip":"`+ip+`"}`); got != `{"source.ip":"`+ip+`"`+place {
			t.Errorf("%s: %s", ip, got)
		}
	}
	c = started(t, new(Command), made(t, "GeoLite2-City", 4, map[string]mmdbtype.DataType{"192.0.2.0/24": vienna("DE")}))
	for _, line := range []string{`{"source.ip":"2001:db8::7"}`, `{"source.ip":"203.0.113.1"}`, `{"source.ip":""}`} {
		if got := run(t, c, line); got != line {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// TestReplaced replaces the database while 20,000 events run through: both sides of an
// event come out of the same one. What is no database is refused.
func TestReplaced(t *testing.T) {
	whole := [2][]byte{city(t, "DE"), city(t, "CH")}
	c := started(t, &Command{UseRegistered: true}, whole[0])
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 60 {
			data := whole[n%2]
			if n%3 == 2 {
				data = data[:len(data)/2]
			}
			if err := os.WriteFile(c.Database+".new", data, 0o644); err != nil {
				t.Error(err)
			}
			os.Rename(c.Database+".new", c.Database)
			if err := c.Reload(context.Background()); (err == nil) != (n%3 < 2) {
				t.Errorf("step %d: %v", n, err)
			}
		}
	}()
	for range 20_000 {
		got := run(t, c, `{"source.ip":"192.0.2.1","destination.ip":"198.51.100.1"}`)
		if de, ch := strings.Count(got, `.cc":"DE"`), strings.Count(got, `.cc":"CH"`); de != 2 && ch != 2 {
			t.Fatal(got)
		}
	}
	<-done
}

// TestWrittenOver cuts the file of the database: that is an error for events, until a whole
// one is there.
func TestWrittenOver(t *testing.T) {
	c := started(t, new(Command), city(t, "DE"))
	if err := os.Truncate(c.Database, 0); err != nil {
		t.Fatal(err)
	}
	const line = `{"source.ip":"192.0.2.1"}`
	if got := run(t, c, line); !strings.Contains(got, "written over while it was in use") {
		t.Error(got)
	}
	if err := os.WriteFile(c.Database, city(t, "DE"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := run(t, c, line); !strings.Contains(got, "Vienna") {
		t.Error(got)
	}
}

// TestDamaged reads databases with other bytes in them and without their end: that may
// be an error, at the start or for an address, and never more than that.
func TestDamaged(t *testing.T) {
	whole := city(t, "DE")
	path := filepath.Join(t.TempDir(), "city.mmdb")
	r, refused := rand.New(rand.NewPCG(1, 4)), 0
	for range 500 {
		b := bytes.Clone(whole)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.IntN(256))
		}
		if r.IntN(4) == 0 {
			b = b[:r.IntN(len(b))]
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		db, err := load(path)
		if err == nil {
			for _, a := range []string{"192.0.2.1", "198.51.100.1", "2001:db8::1", "203.0.113.1"} {
				if _, failed := db.find(netip.MustParseAddr(a), 0); failed != nil {
					err = failed
				}
			}
		}
		if err != nil {
			refused++
			if !strings.HasPrefix(err.Error(), path) {
				t.Errorf("without the name of the file: %v", err)
			}
		}
	}
	if refused < 120 {
		t.Errorf("%d were refused", refused)
	}
}

// packed is a tar.gz.
func packed(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestUpdate fetches a database, and then what is none: whatever comes, the old one
// stays as it was, and the key is in no error and in no file.
func TestUpdate(t *testing.T) {
	whole, key := city(t, "DE"), "a+hidden key"
	inFolder := packed(t, map[string][]byte{"GeoLite2-City_20260131/" + member: whole, "GeoLite2-City_20260131/LICENSE.txt": []byte("own")})
	broken := bytes.Clone(whole)
	broken[3] = 0xff // a node of the tree leads out of it
	answers := map[string][]byte{
		"good": inFolder, "page": []byte("<html>Please log in</html>"), "torn": inFolder[:len(inFolder)-5],
		"empty": nil, "another": packed(t, map[string][]byte{"GeoLite2-Country.mmdb": whole}),
		"broken": packed(t, map[string][]byte{member: broken}), "text": packed(t, map[string][]byte{member: []byte("none")}),
		"asn": packed(t, map[string][]byte{member: made(t, "GeoLite2-ASN", 6, nil)}),
	}
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, known := answers[answer]
		switch {
		case r.URL.Query().Get("license_key") != key:
			w.WriteHeader(http.StatusUnauthorized)
		case !known:
			http.NotFound(w, r)
		default:
			w.Write(data)
		}
	}))
	defer server.Close()
	c := &Command{Database: filepath.Join(t.TempDir(), "city.mmdb"), url: server.URL + "/app?license_key=" + httpclient.Placeholder, HTTP: httpclient.Flags{
		HTTPTimeoutSec: []float64{10}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}}
	if err := c.Update(t.Context(), stage.Standalone()); !stage.IsUsage(err) || !strings.Contains(err.Error(), "--license-key-file") {
		t.Errorf("without a key: %v", err)
	}
	for _, u := range []struct{ answer, key, err string }{
		{"good", "wrong", "MaxMind does not accept the key of --license-key-file"}, {"missing", key, "404"},
		{"good", key, ""}, {"page", key, "gzip: invalid header"}, {"torn", key, "unexpected EOF"}, {"empty", key, "EOF"},
		{"another", key, "there is no GeoLite2-City.mmdb in it"}, {"broken", key, "city.mmdb"}, {"text", key, "no MaxMind database"},
		{"asn", key, "has no places"}, {"good", key, ""},
	} {
		answer, c.LicenseKey = u.answer, stage.Secret(u.key)
		before, _ := os.ReadFile(c.Database)
		err := c.Update(t.Context(), stage.Standalone())
		if (err == nil) != (u.err == "") || err != nil && (!strings.Contains(err.Error(), u.err) || !stage.IsFatal(err) || strings.Contains(err.Error(), "hidden")) {
			t.Errorf("%s: %v", u.answer, err)
		}
		after, _ := os.ReadFile(c.Database)
		if err != nil && !bytes.Equal(before, after) || err == nil && !bytes.Equal(after, whole) {
			t.Errorf("%s: %d bytes, then %d", u.answer, len(before), len(after))
		}
	}
	entries, err := os.ReadDir(filepath.Dir(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if text, _ := os.ReadFile(filepath.Join(filepath.Dir(c.Database), e.Name())); bytes.Contains(text, []byte("hidden")) {
			t.Errorf("%s has the key", e.Name())
		}
	}
}

func BenchmarkProcess(b *testing.B) {
	c := started(b, new(Command), city(b, "DE"))
	line, m := []byte(`{"source.ip":"192.0.2.1"}`), event.New(event.Event, nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Decode(line); err != nil {
			b.Fatal(err)
		}
		if err := c.Process(b.Context(), m, func(*event.Message) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
