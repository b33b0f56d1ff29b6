package constituencies

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// row is what a random table has.
type row struct {
	prefix netip.Prefix
	asn    string
	domain string
}

// randomRow lies among few, so that many lie in each other.
func randomRow(r *rand.Rand) row {
	a := netip.AddrFrom4([4]byte{192, 0, byte(r.IntN(4)), byte(r.IntN(256))})
	p := netip.PrefixFrom(a, r.IntN(33)).Masked()
	if r.IntN(2) == 0 {
		a := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(r.IntN(2)), byte(r.IntN(256)), 15: byte(r.IntN(256))})
		p = netip.PrefixFrom(a, r.IntN(129)).Masked()
	}
	return row{p, fmt.Sprint(64496 + r.IntN(300)), strings.Repeat("a.", r.IntN(3)) + string(rune('a'+r.IntN(20))) + ".example"}
}

// TestFinds compares with a search through all rows.
func TestFinds(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 5))
		b := &Builder{Source: "who.csv", Columns: []string{"constituency", "team"}}
		var rows []row
		for line := range r.IntN(300) {
			new := randomRow(r)
			n, err := b.Row(line+1, []Cell{{0, fmt.Sprint(line % 7), false}, {1, fmt.Sprintf("[%d]", line%3), true}})
			if err != nil || n != len(rows) {
				t.Fatal(n, err)
			}
			for _, old := range rows {
				if old.prefix == new.prefix {
					new.prefix = netip.Prefix{}
				}
				if old.asn == new.asn {
					new.asn = ""
				}
				if old.domain == new.domain {
					new.domain = ""
				}
			}
			if new.prefix.IsValid() {
				err = b.Prefix(new.prefix, n)
			}
			if new.asn != "" && err == nil {
				err = b.Key(ASN, new.asn, n)
			}
			if new.domain != "" && err == nil {
				err = b.Key(Domain, new.domain, n)
			}
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, new)
		}
		table, err := Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if table.Source != "who.csv" || strings.Join(table.Columns, " ") != "constituency team" || table.Len() != len(rows) {
			t.Fatalf("%s, %q, %d rows", table.Source, table.Columns, table.Len())
		}
		for range 500 {
			asked := randomRow(r)
			byAddress, byASN, byName := -1, -1, -1
			for i, row := range rows {
				if row.prefix.IsValid() && row.prefix.Contains(asked.prefix.Addr()) && (byAddress < 0 || row.prefix.Bits() > rows[byAddress].prefix.Bits()) {
					byAddress = i
				}
				if row.asn == asked.asn {
					byASN = i
				}
				if row.domain != "" && strings.HasSuffix("."+asked.domain, "."+row.domain) && (byName < 0 || len(row.domain) > len(rows[byName].domain)) {
					byName = i
				}
			}
			for what, found := range map[string]func() (int, bool){
				fmt.Sprint(byAddress, " by address"): func() (int, bool) { return table.Address(asked.prefix.Addr()) },
				fmt.Sprint(byASN, " by AS"):          func() (int, bool) { return table.Find(ASN, asked.asn) },
				fmt.Sprint(byName, " by name"):       func() (int, bool) { return table.Suffix(asked.domain) },
			} {
				got, ok := found()
				if !ok {
					got = -1
				}
				if !strings.HasPrefix(what, fmt.Sprint(got, " ")) {
					t.Fatalf("seed %d: %v: row %d, want %s", seed, asked, got, what)
				}
				if !ok {
					continue
				}
				cells := ""
				if err := table.Cells(got, func(c Cell) error { cells += fmt.Sprint(c); return nil }); err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("{0 %d false}{1 [%d] true}", got%7, got%3); cells != want || table.Line(got) != got+1 {
					t.Fatalf("line %d: %s, want %s", table.Line(got), cells, want)
				}
			}
		}
	}
}

// small is a file with a row for a network, an AS, a domain and a country.
func small(t testing.TB) []byte {
	t.Helper()
	b := &Builder{Source: "who.csv", Columns: []string{"constituency"}}
	n, err := b.Row(2, []Cell{{0, "government", false}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{b.Prefix(netip.MustParsePrefix("192.0.2.0/24"), n), b.Key(ASN, "64496", n), b.Key(Domain, "example.org", n), b.Key(Country, "AT", n)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestDamaged changes bytes, and cuts the file.
func TestDamaged(t *testing.T) {
	whole := small(t)
	for i := 0; i < len(whole); i += 1 + i/1000*997 {
		whole[i] ^= 0x10
		if _, err := Parse(whole); err == nil || !strings.Contains(err.Error(), "--update") {
			t.Fatalf("byte %d is another one: %v", i, err)
		}
		whole[i] ^= 0x10
		if _, err := Parse(whole[:i]); err == nil {
			t.Fatalf("cut at %d: no error", i)
		}
	}
	if _, err := Parse(append(whole, 0)); err == nil {
		t.Error("a byte too many: no error")
	}
}

// asked is everything that can be asked of a table. What it finds may be wrong, if
// somebody has forged the file; it must not panic.
func asked(table *Table) {
	for _, a := range []string{"0.0.0.0", "192.0.2.7", "255.255.255.255", "2001:db8::1"} {
		table.Address(netip.MustParseAddr(a))
	}
	for _, text := range []string{"", "64496", "AT", "www.example.org", "zz"} {
		table.Find(ASN, text)
		table.Find(Country, text)
		table.Suffix(text)
	}
	for row := range table.Len() {
		table.Line(row)
		if err := table.Cells(row, func(Cell) error { return nil }); err != nil {
			_ = err.Error()
		}
	}
}

// FuzzParse changes a few bytes under a right checksum, and looks up what it can.
func FuzzParse(f *testing.F) {
	f.Add(uint32(14), []byte{1, 2})
	f.Add(uint32(header+30), []byte("\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte) {
		b := small(t)
		head := strings.Index(string(b), "\x8aASNDB")
		copy(b[int(at)%head:head], bytes)
		binary.BigEndian.PutUint32(b[len(Magic):], crc32.Checksum(b[len(Magic)+4:head], crc32.MakeTable(crc32.Castagnoli)))
		if table, err := Parse(b); err == nil {
			asked(table)
		}
	})
}

// TestForged changes each byte before the prefixes in turn, under a right checksum.
func TestForged(t *testing.T) {
	refused := 0
	whole := small(t)
	head := strings.Index(string(whole), "\x8aASNDB")
	for i := len(Magic) + 4; i < head; i++ {
		for _, change := range []byte{0x01, 0x10, 0x80, 0xff} {
			b := []byte(string(whole))
			b[i] ^= change
			binary.BigEndian.PutUint32(b[len(Magic):], crc32.Checksum(b[len(Magic)+4:head], crc32.MakeTable(crc32.Castagnoli)))
			table, err := Parse(b)
			if err != nil {
				refused++
				continue
			}
			asked(table)
		}
	}
	if refused < 50 {
		t.Errorf("%d were refused", refused)
	}
}
