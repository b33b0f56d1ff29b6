package asndb

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/gaissmai/bart"
)

// randomPrefix lies among few, so that many lie in each other, or is one of all.
func randomPrefix(r *rand.Rand) netip.Prefix {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	switch r.IntN(8) {
	case 0:
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), r.IntN(33)).Masked()
	case 1, 2, 3:
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, b[0] & 3, b[1]}), r.IntN(33)).Masked()
	case 4:
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, b[1]}), r.IntN(33)).Masked()
	case 5:
		return netip.PrefixFrom(netip.AddrFrom16(b), r.IntN(129)).Masked()
	case 6: // where IPv4 lies in IPv6
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{10: b[0] & 1 * 255, 11: b[0] & 1 * 255, 14: b[1], 15: b[2]}), r.IntN(129)).Masked()
	}
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, b[0] & 1, b[1], 15: b[2]}), r.IntN(129)).Masked()
}

// around are the first and the last address of a prefix, and those beside it.
func around(p netip.Prefix) []netip.Addr {
	all := []netip.Addr{p.Addr(), p.Addr().Prev()}
	if b := behind(p); b.IsValid() {
		all = append(all, b, b.Prev())
	}
	return all
}

// plain is a prefix as the table takes it.
func plain(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// TestIsTheLongest compares with a trie: at both ends of each prefix, and anywhere.
func TestIsTheLongest(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		b := &Builder{First: seed%2 == 0}
		var want bart.Table[uint32]
		var asked []netip.Addr
		for range r.IntN(200) {
			p, asn := randomPrefix(r), uint32(r.IntN(4)) // few, so that neighbours become one range
			if _, known := want.Get(plain(p)); !known || !b.First {
				want.Insert(plain(p), asn)
			}
			if err := b.Add(p, asn); err != nil {
				t.Fatal(err)
			}
			asked = append(append(asked, around(plain(p))...), randomPrefix(r).Addr())
		}
		table, err := Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if table.Empty() != (b.Len() == 0) {
			t.Errorf("seed %d: empty %v, %d prefixes", seed, table.Empty(), b.Len())
		}
		for _, a := range asked {
			if !a.IsValid() {
				continue
			}
			asn, prefix, ok := table.Lookup(a)
			a = a.Unmap()
			wantPrefix, wantASN, wantOK := want.LookupPrefixLPM(netip.PrefixFrom(a, a.BitLen()))
			if asn != wantASN || prefix != wantPrefix || ok != wantOK {
				t.Fatalf("seed %d: %s: %d %s %v, want %d %s %v", seed, a, asn, prefix, ok, wantASN, wantPrefix, wantOK)
			}
		}
	}
}

// small is a file with a prefix of each family.
func small(t testing.TB) []byte {
	t.Helper()
	b := new(Builder)
	for text, asn := range map[string]uint32{"192.0.2.0/24": 64496, "2001:db8::/32": 64497} {
		if err := b.Add(netip.MustParsePrefix(text), asn); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// signed puts the right checksum over what was changed.
func signed(b []byte) []byte {
	if len(b) >= header {
		binary.BigEndian.PutUint32(b[len(Magic):], crc32.Checksum(b[len(Magic)+4:], castagnoli))
	}
	return b
}

// TestDamaged changes every byte in turn, and cuts the file everywhere.
func TestDamaged(t *testing.T) {
	whole := small(t)
	if len(whole) != header+2*indexSize+3*9+3*21 {
		t.Fatalf("%d bytes", len(whole))
	}
	for i := 0; i < len(whole); i += 1 + i/20000*997 {
		whole[i] ^= 0x10
		if _, err := Parse(whole); err == nil {
			t.Fatalf("byte %d is another one: no error", i)
		}
		whole[i] ^= 0x10
		if _, err := Parse(whole[:i]); err == nil {
			t.Fatalf("cut at %d: no error", i)
		}
	}
	if _, err := Parse(append(whole, 0)); err == nil {
		t.Error("a byte too many: no error")
	}
	later := strings.Replace(string(whole), Magic, Magic[:len(Magic)-1]+"\x02", 1)
	if _, err := Parse(signed([]byte(later))); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("got %v", err)
	}
}

// TestForged has files with a right checksum that lead out of the table.
func TestForged(t *testing.T) {
	ranges := header + indexSize
	for name, forge := range map[string]func(b []byte){
		"more ranges":            func(b []byte) { b[header-5]++ },
		"four milliard ranges":   func(b []byte) { copy(b[header-8:], "\xff\xff\xff\xff\xff\xff\xff\xff") },
		"no range":               func(b []byte) { copy(b[header-8:], "\x00\x00\x00\x00") },
		"an index out of bounds": func(b []byte) { b[header+4*20000] = 1 },
		"an index that falls":    func(b []byte) { b[header+4*20000+3] = 0 },
		"an index from one":      func(b []byte) { b[header+3] = 1 },
		"nothing below 0.1":      func(b []byte) { b[header+7] = 0 },
		"an index that ends":     func(b []byte) { b[ranges-1] = 2 },
		"a range that is late":   func(b []byte) { b[ranges+3] = 1 },
	} {
		b := small(t)
		forge(b)
		if _, err := Parse(signed(b)); err != errDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := small(t)
	b[ranges+9+8] = 33 // the length of the only prefix
	table, err := Parse(signed(b))
	if err != nil {
		t.Fatal(err)
	}
	if _, p, ok := table.Lookup(netip.MustParseAddr("192.0.2.7")); ok {
		t.Errorf("a prefix of 33 bits: %s", p)
	}
}

func TestTooMany(t *testing.T) {
	b := &Builder{routes: make([]route, maxRoutes)}
	if err := b.Add(netip.MustParsePrefix("192.0.2.0/24"), 64496); err == nil {
		t.Error("no error")
	}
}

// FuzzParse changes a few bytes under a right checksum, and looks up what it can.
func FuzzParse(f *testing.F) {
	f.Add(uint32(header+5), uint32(header-1), []byte{1, 2})
	f.Add(uint32(4*buckets), uint32(0), []byte("\xff"))
	f.Fuzz(func(t *testing.T, at, from uint32, bytes []byte) {
		b := small(t)
		copy(b[int(at)%len(b):], bytes)
		if from%3 == 0 {
			b = b[:int(from)%len(b)]
		}
		table, err := Parse(signed(b))
		if err != nil {
			return
		}
		for _, a := range []string{"0.0.0.0", "0.1.0.0", "192.0.2.7", "255.255.255.255", "::", "2001:db8::1", "ffff:ffff::"} {
			a := netip.MustParseAddr(a)
			if _, p, ok := table.Lookup(a); ok && !p.Contains(a) {
				t.Errorf("%s is not in %s", a, p)
			}
		}
	})
}

// million is about what the Internet has.
func million(b *testing.B) *Builder {
	r := rand.New(rand.NewPCG(1, 2))
	var all Builder
	for i := range 950_000 {
		a := uint32(1<<24 + i*3800)
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, a))), []int{24, 24, 24, 24, 23, 22, 22, 20, 19, 16}[r.IntN(10)])
		if err := all.Add(p, uint32(r.IntN(400_000)+1)); err != nil {
			b.Fatal(err)
		}
	}
	for range 200_000 {
		x := [16]byte{0x20, 1, byte(r.IntN(40)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
		if err := all.Add(netip.PrefixFrom(netip.AddrFrom16(x), []int{32, 48, 48, 44, 40}[r.IntN(5)]), uint32(r.IntN(400_000)+1)); err != nil {
			b.Fatal(err)
		}
	}
	return &all
}

func BenchmarkBytes(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		all := million(b)
		b.StartTimer()
		b.ReportMetric(float64(len(all.Bytes())), "bytes")
	}
}

func BenchmarkParse(b *testing.B) {
	data := million(b).Bytes()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	t, err := Parse(million(b).Bytes())
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var four, six [1 << 16]netip.Addr
	for i := range four {
		four[i] = netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		six[i] = netip.AddrFrom16([16]byte{0x20, 1, byte(r.IntN(40)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	for i, addrs := range [][1 << 16]netip.Addr{four, six} {
		b.Run(fmt.Sprintf("IPv%d", 4+2*i), func(b *testing.B) {
			n := 0
			for b.Loop() {
				t.Lookup(addrs[n&(1<<16-1)])
				n++
			}
		})
	}
}
