// Package ipaddress reads and writes addresses and networks as Python's ipaddress
// module does before version 3.13, which is what IntelMQ runs on and what its
// hashes are taken over.
package ipaddress

import (
	"encoding/binary"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
)

// ParseIPv4 reads a dotted quad. It is written out because it runs on nearly
// every event and netip's parser takes three times as long.
func ParseIPv4(s string) (uint32, bool) {
	if len(s) < 7 || len(s) > 15 {
		return 0, false
	}
	var addr, octet uint32
	dots, digits := 0, 0
	for i := range len(s) {
		c := s[i]
		if c == '.' {
			if digits == 0 || dots == 3 {
				return 0, false
			}
			addr = addr<<8 | octet
			dots++
			octet, digits = 0, 0
			continue
		}
		c -= '0'
		if c > 9 || digits > 0 && octet == 0 {
			return 0, false // no digit, or a leading zero
		}
		octet = octet*10 + uint32(c)
		if digits++; octet > 255 {
			return 0, false
		}
	}
	return addr<<8 | octet, dots == 3 && digits > 0
}

// ParseIPv6 reads an address of IPv6 in any of its spellings, without a scope.
func ParseIPv6(s string) (netip.Addr, bool) {
	if len(s) < 2 || len(s) > 45 || strings.IndexByte(s, ':') < 0 || strings.IndexByte(s, '%') >= 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// Append writes addresses as Python before 3.13 does: an IPv4-mapped
// address without dots, as ::ffff:102:304.
func Append(b []byte, a netip.Addr) []byte {
	if !a.Is4In6() {
		return a.AppendTo(b)
	}
	v4 := a.As4()
	b = append(b, "::ffff:"...)
	b = strconv.AppendUint(b, uint64(binary.BigEndian.Uint16(v4[:2])), 16)
	b = append(b, ':')
	return strconv.AppendUint(b, uint64(binary.BigEndian.Uint16(v4[2:])), 16)
}

// FromInt returns the address with that number, in decimal digits: an IPv4 one as
// far as these reach.
func FromInt(n string) (netip.Addr, bool) {
	if u, err := strconv.ParseUint(n, 10, 32); err == nil {
		return fromUint32(uint32(u)), true
	}
	i, ok := new(big.Int).SetString(n, 10)
	if !ok || i.Sign() < 0 || i.BitLen() > 128 {
		return netip.Addr{}, false
	}
	var b [16]byte
	i.FillBytes(b[:])
	return netip.AddrFrom16(b), true
}

func fromUint32(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// ParseNetwork reads an address with or without a prefix length. IPv4 networks
// may have a netmask or a host mask in its place.
func ParseNetwork(s string) (netip.Prefix, bool) {
	address, bits, slash := strings.Cut(s, "/")
	var a netip.Addr
	if v4, ok := ParseIPv4(address); ok {
		a = fromUint32(v4)
	} else if a, ok = ParseIPv6(address); !ok {
		return netip.Prefix{}, false
	}
	if !slash {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	n, ok := prefixLength(bits)
	if !ok && a.Is4() {
		n, ok = maskLength(bits)
	}
	p := netip.PrefixFrom(a, n)
	return p, ok && p.IsValid()
}

func prefixLength(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 128 {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != "" && n <= 128
}

// maskLength counts the bits of a netmask, or of the mask of the host part.
func maskLength(s string) (int, bool) {
	m, ok := ParseIPv4(s)
	if !ok {
		return 0, false
	}
	if n, ok := leadingOnes(m); ok {
		return n, true
	}
	return leadingOnes(^m)
}

// leadingOnes counts the ones of a mask that is ones followed by zeros.
func leadingOnes(m uint32) (int, bool) {
	n := 0
	for ; m&(1<<31) != 0; m <<= 1 {
		n++
	}
	return n, m == 0
}

// CanonicalIPv4Network reports whether s is a network of IPv4 as Python prints it. It
// saves most networks from being taken apart and printed again.
func CanonicalIPv4Network(s string) bool {
	address, length, slash := strings.Cut(s, "/")
	if !slash || len(length) > 2 || len(length) == 2 && length[0] == '0' {
		return false
	}
	bits, ok := prefixLength(length)
	v4, ok2 := ParseIPv4(address)
	return ok && ok2 && bits <= 32 && v4<<bits == 0
}

// Shortest returns the shortest spelling of a: s itself if it is that.
func Shortest(a netip.Addr, s string) string {
	var buf [64]byte
	b := Append(buf[:0], a)
	if string(b) == s {
		return s
	}
	return string(b)
}

// ShortestNetwork returns the shortest spelling of a network, without host bits and
// with a prefix length: s itself if it is that.
func ShortestNetwork(p netip.Prefix, s string) string {
	p = p.Masked()
	var buf [64]byte
	b := append(Append(buf[:0], p.Addr()), '/')
	b = strconv.AppendInt(b, int64(p.Bits()), 10)
	if string(b) == s {
		return s
	}
	return string(b)
}
