package asnlookup

import (
	"compress/gzip"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/stage"
)

func write(t *testing.T, text string, packed bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "asn.dat")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !packed {
		f.WriteString(text)
		return path
	}
	z := gzip.NewWriter(f)
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPackedTable(t *testing.T) {
	table, err := load(write(t, "192.0.2.0/24\t64496\r\n192.0.2.64/26\t64497", true))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]uint32{"192.0.2.1": 64496, "192.0.2.65": 64497, "192.0.3.1": 0} {
		if got, _, _ := find(t, table, netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %d, want %d", addr, got, want)
		}
	}
}

func TestTornPackedTable(t *testing.T) {
	path := write(t, strings.Repeat("192.0.2.0/24\t64496\n", 1000), true)
	text, _ := os.ReadFile(path)
	os.WriteFile(path, text[:len(text)-10], 0o644)
	if _, err := load(path); err == nil || !strings.HasPrefix(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestReload(t *testing.T) {
	ctx := context.Background()
	c := &Command{Database: write(t, "192.0.2.0/24\t64496\n", false)}
	if err := c.Start(ctx, stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	look := func(want uint32) {
		t.Helper()
		if got, _, _ := find(t, *c.Get(), netip.MustParseAddr("192.0.2.1")); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	os.WriteFile(c.Database, []byte("192.0.2.0/24\t64511\n"), 0o644)
	look(64496)
	if err := c.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	look(64511)
	os.WriteFile(c.Database, []byte("broken\n"), 0o644)
	if err := c.Reload(ctx); err == nil {
		t.Error("a broken table was taken")
	}
	look(64511)
}

// TestTableText reads tables as editors write them, and refuses bytes that are
// no text.
func TestTableText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "asn.dat")
	for text, want := range map[string]string{
		"\xef\xbb\xbf192.0.2.0/24\t64496\r\n": "",
		"; old Mac\r192.0.2.0/24\t64496\r":    "",
		"\xff\xfe1\x009\x002\x00.\x000\x00.\x002\x00.\x000\x00/\x002\x004\x00\t\x006\x004\x004\x009\x006\x00": "",
		"# caf\xe9\n192.0.2.0/24\t64496\n":             path + ":1:6: byte 0xe9 is not utf-8; the file must be UTF-8, or UTF-16 with a byte order mark",
		"192.0.2.0/24\t64496\n\n  192.0.2.0/24\tAS1\n": path + `:3:16: not an AS number: "AS1"`,
		"192.0.2.0/24\n":                               path + `:1:1: a prefix, a tab and an AS number are expected, not "192.0.2.0/24"`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		table, err := load(path)
		if want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if want == "" && err != nil {
			t.Errorf("%q: %v", text, err)
		} else if want == "" {
			if asn, _, ok := find(t, table, netip.MustParseAddr("192.0.2.9")); !ok || asn != 64496 {
				t.Errorf("%q: AS %d, %v", text, asn, ok)
			}
		}
	}
}

// find looks an address up, which is no error.
func find(t testing.TB, table table, a netip.Addr) (uint32, netip.Prefix, bool) {
	t.Helper()
	asn, prefix, ok, err := table.lookup(a)
	if err != nil {
		t.Fatal(err)
	}
	return asn, prefix, ok
}
