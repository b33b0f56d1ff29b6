package asndb

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"slices"
)

// Builder collects prefixes for a table.
type Builder struct {
	First  bool // of equal prefixes the first counts, and not the last
	routes []route
}

type route struct {
	prefix netip.Prefix
	asn    uint32
	order  uint32
}

// maxRoutes bounds the memory that a source can take. The Internet has 1.3 million
// prefixes.
const maxRoutes = 1 << 24

// Add takes a prefix. One of IPv4 within IPv6 is one of IPv4.
func (b *Builder) Add(prefix netip.Prefix, asn uint32) error {
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	prefix = prefix.Masked()
	n := len(b.routes)
	if n > 0 && b.routes[n-1].prefix == prefix {
		if !b.First {
			b.routes[n-1].asn = asn
		}
		return nil
	}
	if n == maxRoutes {
		return errors.New("there are more than 16 million prefixes in it")
	}
	b.routes = append(b.routes, route{prefix, asn, uint32(n)})
	return nil
}

// Len is how many prefixes there are.
func (b *Builder) Len() int { return len(b.routes) }

// Bytes is a file with the prefixes, for Parse.
func (b *Builder) Bytes() []byte {
	sign := 1
	if b.First {
		sign = -1
	}
	// Shorter prefixes are before those in them. Of equal ones the last counts.
	slices.SortFunc(b.routes, func(x, y route) int {
		return cmp.Or(x.prefix.Addr().Compare(y.prefix.Addr()), cmp.Compare(x.prefix.Bits(), y.prefix.Bits()),
			sign*cmp.Compare(x.order, y.order))
	})
	is6 := func(r route) bool { return r.prefix.Addr().Is6() }
	at := slices.IndexFunc(b.routes, is6)
	if at < 0 {
		at = len(b.routes)
	}
	v4, v6 := cut(netip.IPv4Unspecified(), b.routes[:at]), cut(netip.IPv6Unspecified(), b.routes[at:])
	n4, n6 := uint32(v4.count()), uint32(v6.count())
	out := make([]byte, 0, uint64(header)+size(4, n4)+size(16, n6))
	out = append(append(out, Magic...), 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint32(out, n4)
	out = binary.BigEndian.AppendUint32(out, n6)
	for _, f := range []*family{v4, v6} {
		out = append(append(out, f.index...), f.ranges...)
	}
	binary.BigEndian.PutUint32(out[len(Magic):], crc32.Checksum(out[len(Magic)+4:], castagnoli))
	return out
}

// cut cuts the addresses from zero on into ranges.
func cut(zero netip.Addr, routes []route) *family {
	f := &family{width: zero.BitLen() / 8}
	f.add(zero, 0, none)
	var open []route // those that hold the present address, the longest is the last
	end := func() {
		behind := behind(open[len(open)-1].prefix)
		open = open[:len(open)-1]
		switch {
		case !behind.IsValid(): // it ends with the last address there is
		case len(open) == 0:
			f.add(behind, 0, none)
		default:
			f.add(behind, open[len(open)-1].asn, open[len(open)-1].prefix.Bits())
		}
	}
	for _, r := range routes {
		for len(open) > 0 && !open[len(open)-1].prefix.Contains(r.prefix.Addr()) {
			end()
		}
		open = append(open, r)
		f.add(r.prefix.Addr(), r.asn, r.prefix.Bits())
	}
	for len(open) > 0 {
		end()
	}
	f.makeIndex()
	return f
}

// behind is the first address after a prefix. It is not valid if there is none.
func behind(p netip.Prefix) netip.Addr {
	last := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(last); i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(last)
	return a.Next()
}

// add begins a range. It takes the place of one that begins there too, and is none if
// the one before says the same.
func (f *family) add(begin netip.Addr, asn uint32, length int) {
	key := begin.AsSlice()
	n := f.count()
	if n > 0 {
		if last, _, _ := f.at(n - 1); slices.Equal(last, key) {
			n--
			f.ranges = f.ranges[:len(f.ranges)-(f.width+4+1)]
		}
	}
	if n > 0 {
		if _, lastASN, lastLength := f.at(n - 1); lastASN == asn && lastLength == length {
			return
		}
	}
	f.ranges = append(f.ranges, key...)
	f.ranges = binary.BigEndian.AppendUint32(f.ranges, asn)
	f.ranges = append(f.ranges, byte(length))
}

// makeIndex counts the ranges below each first 16 bits.
func (f *family) makeIndex() {
	at := 0
	for bucket := range buckets + 1 {
		for at < f.count() {
			begin, _, _ := f.at(at)
			if int(binary.BigEndian.Uint16(begin)) >= bucket {
				break
			}
			at++
		}
		f.index = binary.BigEndian.AppendUint32(f.index, uint32(at))
	}
}
