package asnlookup

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func big(b testing.TB) string {
	path := filepath.Join(b.TempDir(), "asn.dat")
	f, _ := os.Create(path)
	w := bufio.NewWriter(f)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 950000 {
		a := uint32(0x01000000) + uint32(i)*3800
		bits := []int{24, 24, 24, 24, 23, 22, 22, 20, 19, 16}[r.IntN(10)]
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}), bits).Masked()
		fmt.Fprintf(w, "%s\t%d\n", p, r.IntN(400000)+1)
	}
	for range 200000 {
		var x [16]byte
		x[0], x[1] = 0x20, 0x01
		x[2], x[3], x[4], x[5] = byte(r.IntN(40)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))
		p := netip.PrefixFrom(netip.AddrFrom16(x), []int{32, 48, 48, 44, 40}[r.IntN(5)]).Masked()
		fmt.Fprintf(w, "%s\t%d\n", p, r.IntN(400000)+1)
	}
	w.Flush()
	f.Close()
	return path
}

func BenchmarkLoad(b *testing.B) {
	path := big(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	t, err := load(big(b))
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var addrs [4096]netip.Addr
	for i := range addrs {
		addrs[i] = netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		t.lookup(addrs[i&4095])
		i++
	}
}
