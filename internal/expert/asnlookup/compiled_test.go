package asnlookup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/httpclient"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// compileTo makes a compiled file of text.
func compileTo(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	if err := compile(&out, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "asn.mmdb")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// randomPrefix lies among few, so that many lie in each other.
func randomPrefix(r *rand.Rand) netip.Prefix {
	if r.IntN(2) == 0 {
		a := netip.AddrFrom4([4]byte{192, byte(r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(256))})
		return netip.PrefixFrom(a, 1+r.IntN(32)).Masked()
	}
	a := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(r.IntN(2)), byte(r.IntN(256)), 15: byte(r.IntN(256))})
	return netip.PrefixFrom(a, 1+r.IntN(128)).Masked()
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

// TestDamaged has a compiled file with other bytes in it, or without its end: that is
// an error, and no wrong memory is read.
func TestDamaged(t *testing.T) {
	whole, err := os.ReadFile(compileTo(t, "192.0.2.0/24\t64496\n2001:db8::/32\t64497\n198.51.100.0/25\t64498\n"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "asn.mmdb")
	r := rand.New(rand.NewPCG(1, 4))
	for range 2000 {
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
		db, err := open(path)
		if db == nil || err != nil {
			continue
		}
		for range 20 {
			db.lookup(randomPrefix(r).Addr())
		}
		check(path)
	}
}

func TestUpdate(t *testing.T) {
	const text = "192.0.2.0/24\t64496\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/2026.02/RIBS/":
			fmt.Fprint(w, "<html>nothing yet</html>")
		case "/2026.01/RIBS/":
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
	c := &Command{Database: filepath.Join(t.TempDir(), "asn.mmdb"), HTTP: httpclient.Flags{
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
	if _, err := c.newest(t.Context(), env, server.URL+"/other/"); err == nil {
		t.Error("a directory that is not there")
	}
	var out bytes.Buffer
	if err := compile(&out, strings.NewReader("")); !errors.Is(err, errEmpty) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkOpenCompiled(b *testing.B) {
	text, err := os.ReadFile(big(b))
	if err != nil {
		b.Fatal(err)
	}
	path := compileTo(b, string(text))
	info, _ := os.Stat(path)
	b.Logf("%d bytes", info.Size())
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
