package asnlookup

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/intelpipe/intelpipe/internal/asndb"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// compileTo makes a compiled file of text.
func compileTo(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	if err := compile(&out, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "asn.db")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// randomPrefix lies among few, so that many lie in each other.
func randomPrefix(r *rand.Rand) netip.Prefix {
	if r.IntN(2) == 0 {
		a := netip.AddrFrom4([4]byte{192, byte(r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(256))})
		return netip.PrefixFrom(a, r.IntN(33)).Masked()
	}
	a := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(r.IntN(2)), byte(r.IntN(256)), 15: byte(r.IntN(256))})
	return netip.PrefixFrom(a, r.IntN(129)).Masked()
}

// TestCompiledIsTheSame compares a compiled table with what is read from text.
func TestCompiledIsTheSame(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		var text strings.Builder
		for range 200 {
			fmt.Fprintf(&text, "%s\t%d\n", randomPrefix(r), r.IntN(1000))
		}
		compiled, err := load(compileTo(t, text.String()))
		if err != nil {
			t.Fatal(err)
		}
		read, err := load(write(t, text.String(), false))
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			a := randomPrefix(r).Addr()
			asn, prefix, ok := find(t, compiled, a)
			wantASN, wantPrefix, wantOK := find(t, read, a)
			if asn != wantASN || prefix != wantPrefix || ok != wantOK {
				t.Fatalf("seed %d: %s: %d %s %v, want %d %s %v", seed, a, asn, prefix, ok, wantASN, wantPrefix, wantOK)
			}
		}
	}
}

func TestUpdate(t *testing.T) {
	const text = "192.0.2.0/24\t64496\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/2026.02/RIBS/":
			fmt.Fprint(w, "<html>nothing yet</html>")
		case "/2026.01/RIBS/", "/new/2026.01/RIBS/":
			fmt.Fprint(w, `<a href="rib.20260131.0000.bz2">x</a><a href="rib.20260131.2200.bz2">x</a><a href="rib.20260130.2200.bz2">x</a>`)
		case "/table":
			fmt.Fprint(w, text)
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
	env := stage.Standalone()
	env.Now = func() time.Time { return time.Date(2026, 2, 1, 5, 0, 0, 0, time.UTC) }
	c := &Command{Database: filepath.Join(t.TempDir(), "asn.db"), HTTP: httpclient.Flags{
		HTTPTimeoutSec: []float64{10}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 1, HTTPVerifyCert: "true"}}
	if got, err := c.newest(t.Context(), env, server.URL+"/"); got != server.URL+"/2026.01/RIBS/rib.20260131.2200.bz2" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	file := write(t, text+"198.51.100.0/24\t64497\n", true)
	for _, u := range []struct{ from, err string }{
		{server.URL + "/page", "not a prefix"}, {server.URL + "/empty", "there are no prefixes in it"},
		{server.URL + "/torn", "unexpected EOF"}, {server.URL + "/missing", "404"}, {filepath.Join(t.TempDir(), "none"), "no such file"},
		{server.URL + "/table", ""}, {server.URL + "/page", "not a prefix"}, {file, ""}, {server.URL + "/torn", "unexpected EOF"},
	} {
		before, _ := os.ReadFile(c.Database)
		c.From = u.from
		err := c.Update(context.Background(), env)
		if (err == nil) != (u.err == "") || err != nil && (!strings.Contains(err.Error(), u.err) || !stage.IsFatal(err)) {
			t.Errorf("%s: %v", u.from, err)
		}
		if after, _ := os.ReadFile(c.Database); err != nil && !bytes.Equal(before, after) {
			t.Errorf("%s: the table has changed", u.from)
		}
	}
	db, err := load(c.Database)
	if err != nil {
		t.Fatal(err)
	}
	if asn, prefix, ok := find(t, db, netip.MustParseAddr("198.51.100.7")); asn != 64497 || prefix.String() != "198.51.100.0/24" || !ok {
		t.Errorf("%d %s %v", asn, prefix, ok)
	}
	if got, err := c.newest(t.Context(), env, server.URL+"/new/"); got != server.URL+"/new/2026.01/RIBS/rib.20260131.2200.bz2" || err != nil {
		t.Errorf("a month that has no directory yet: %s, %v", got, err)
	}
	if _, err := c.newest(t.Context(), env, server.URL+"/other/"); err == nil {
		t.Error("a directory that is not there")
	}
	var out bytes.Buffer
	if err := compile(&out, strings.NewReader("")); !errors.Is(err, errEmpty) {
		t.Errorf("got %v", err)
	}
}

// dump has one prefix, 192.0.2.0/24, of AS 64496: a record of TABLE_DUMP_V2 with one
// path.
const dump = "\x69\x7e\x00\x00\x00\x0d\x00\x02\x00\x00\x00\x1b" +
	"\x00\x00\x00\x00\x18\xc0\x00\x02\x00\x01" + "\x00\x00\x69\x7e\x00\x00\x00\x09" + "\x40\x02\x06\x02\x01\x00\x00\xfb\xf0"

const bzippedDump = "QlpoOTFBWSZTWfe92RkAABFlhPEiAEhAAAAgAAFAAEAIIAAxAAAEpqZGjTRKoUIIMT2GZ0TTuHFdl+j4u5IpwoSHve7IyA=="

// TestKinds makes a table of all that --from may be.
func TestKinds(t *testing.T) {
	const text = "192.0.2.0/24\t64496\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(dump))
	z.Close()
	// Go writes no bzip2: this is the dump, packed by bzip2 -9.
	bzipped, err := base64.StdEncoding.DecodeString(bzippedDump)
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"text": text, "a dump": dump, "gzip": zipped.String(), "bzip2": string(bzipped)} {
		table, err := load(compileTo(t, from))
		if err != nil {
			t.Fatal(err)
		}
		if asn, prefix, ok := find(t, table, netip.MustParseAddr("192.0.2.7")); asn != 64496 || prefix.String() != "192.0.2.0/24" || !ok {
			t.Errorf("%s: AS %d, %s, %v", name, asn, prefix, ok)
		}
		if name == "text" {
			continue
		}
		for n := 1; n < len(from); n++ { // a part of it
			if err := compile(io.Discard, strings.NewReader(from[:n])); err == nil {
				t.Errorf("%s, cut at %d: no error", name, n)
			}
		}
	}
	for text, want := range map[string]uint32{
		text + "192.0.2.0/24\t1\n":                              1,     // the last counts
		dump + strings.Replace(dump, "\xfb\xf0", "\xfb\xf1", 1): 64496, // the first counts
	} {
		table, err := load(compileTo(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if asn, _, _ := find(t, table, netip.MustParseAddr("192.0.2.7")); asn != want {
			t.Errorf("a prefix that comes again: AS %d, want %d", asn, want)
		}
	}
}

// TestRefused has compiled tables that are none.
func TestRefused(t *testing.T) {
	whole, err := os.ReadFile(compileTo(t, "192.0.2.0/24\t64496\n"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "asn.db")
	for _, b := range [][]byte{whole[:len(whole)-1], append(bytes.Clone(whole), 0), whole[:10], append([]byte("\x8aASNDB\n\x02"), whole[8:]...),
		append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1)} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{check(path), loadError(path)} {
			if err == nil || !strings.Contains(err.Error(), "--update") {
				t.Errorf("%d bytes: %v", len(b), err)
			}
		}
	}
	if err := os.WriteFile(path, new(asndb.Builder).Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(path); !errors.Is(err, errEmpty) {
		t.Errorf("empty: %v", err)
	}
}

func loadError(path string) error {
	_, err := load(path)
	return err
}

// TestReplaced replaces the table while 100,000 events run through, in one step and by
// writing over it. Each of the two tables says the same of both sides of an event.
func TestReplaced(t *testing.T) {
	var whole [2][]byte
	for i := range whole {
		whole[i], _ = os.ReadFile(compileTo(t, fmt.Sprintf("192.0.2.0/24\t%d\n198.51.100.0/24\t%[1]d\n", i+1)))
	}
	path := filepath.Join(t.TempDir(), "asn.db")
	put := func(b []byte) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Error(err)
		}
	}
	put(whole[0])
	c := &Command{Database: path}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 60 {
			switch n % 4 {
			case 0:
				os.WriteFile(path+".new", whole[n/4%2], 0o644)
				os.Rename(path+".new", path)
			case 1:
				put(whole[n/4%2])
			case 2:
				put(whole[0][:len(whole[0])/2])
			case 3:
				put(nil)
			}
			if err := c.Reload(context.Background()); (err == nil) != (n%4 < 2) {
				t.Errorf("step %d: %v", n, err)
			}
		}
	}()
	m := event.New(event.Event, nil)
	for range 100_000 {
		if err := m.Decode([]byte(`{"source.ip":"192.0.2.1","destination.ip":"198.51.100.1"}`)); err != nil {
			t.Fatal(err)
		}
		err := c.Process(t.Context(), m, func(m *event.Message) error {
			if m.Get("source.network") != "192.0.2.0/24" || m.Get("source.asn") == "" || m.Get("source.asn") != m.Get("destination.asn") {
				t.Fatalf("got %s", m)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	<-done
}

// TestMaxMind reads what is written as GeoLite2-ASN is, also with other bytes in it and
// without its end.
func TestMaxMind(t *testing.T) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-ASN", RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, asn := range map[string]uint32{"192.0.2.0/24": 64496, "2001:db8::/32": 64497} {
		_, network, err := net.ParseCIDR(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(asn)}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "GeoLite2-ASN.mmdb")
	put := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(out.Bytes())
	db, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	put(nil) // it is in memory
	for a, want := range map[string]string{"192.0.2.7": "192.0.2.0/24 64496", "2001:db8::7": "2001:db8::/32 64497", "198.51.100.7": "invalid Prefix 0"} {
		asn, prefix, _ := find(t, db, netip.MustParseAddr(a))
		if got := fmt.Sprint(prefix, " ", asn); got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 4))
	for range 2000 {
		b := bytes.Clone(out.Bytes())
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.IntN(256))
		}
		if r.IntN(4) == 0 {
			b = b[:r.IntN(len(b))]
		}
		put(b)
		if db, err := load(path); err == nil {
			for range 20 {
				db.lookup(randomPrefix(r).Addr()) // which may be an error, and must not panic
			}
		}
	}
}

func BenchmarkOpenCompiled(b *testing.B) {
	text, err := os.ReadFile(big(b))
	if err != nil {
		b.Fatal(err)
	}
	path := compileTo(b, string(text))
	for b.Loop() {
		if _, err := load(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookupCompiled(b *testing.B) {
	text, err := os.ReadFile(big(b))
	if err != nil {
		b.Fatal(err)
	}
	t, err := load(compileTo(b, string(text)))
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		t.lookup(netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}))
	}
}
