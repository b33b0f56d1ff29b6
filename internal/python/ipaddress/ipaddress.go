// Package ipaddress is equal to Python's ipaddress before version 3.13: ip_address,
// ip_network with strict=False, and their str. IntelMQ writes addresses with it, and
// its hashes depend on the spelling. Scopes such as %eth0 are not read.
package ipaddress

import (
	"encoding/binary"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
)

// ParseIPv4 reads four decimal numbers without leading zeros, joined by dots. It runs
// on nearly every event, and netip's parser takes three times as long.
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

// ParseIPv6 reads an IPv6 address in any spelling, without a scope.
func ParseIPv6(s string) (netip.Addr, bool) {
	if len(s) < 2 || len(s) > 45 || strings.IndexByte(s, ':') < 0 || strings.IndexByte(s, '%') >= 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// Append appends str(a). Python before 3.13 writes an IPv4-mapped address without
// dots, as ::ffff:102:304.
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

// FromInt is ip_address of an int in decimal digits: an IPv4 address up to 4294967295,
// else an IPv6 address.
func FromInt(n string) (netip.Addr, bool) {
	i, ok := new(big.Int).SetString(n, 10)
	switch {
	case !ok || i.Sign() < 0 || i.BitLen() > 128:
		return netip.Addr{}, false
	case i.BitLen() <= 32:
		return fromUint32(uint32(i.Uint64())), true
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

// ParseNetwork reads an address with or without a prefix length. An IPv4 network may
// have a netmask or a host mask instead. Host bits are kept.
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

// maskLength returns the prefix length that a netmask or a host mask stands for.
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

// CanonicalIPv4Network reports whether s is an IPv4 network as str prints it. Most
// networks of feeds are, and need not be parsed and printed.
func CanonicalIPv4Network(s string) bool {
	address, length, slash := strings.Cut(s, "/")
	if !slash || len(length) > 2 || len(length) == 2 && length[0] == '0' {
		return false
	}
	bits, ok := prefixLength(length)
	v4, ok2 := ParseIPv4(address)
	return ok && ok2 && bits <= 32 && v4<<bits == 0
}

// CanonicalIPv6 reports whether s is an IPv6 address as str prints it, which most
// addresses of feeds are: eight groups in lower case, without zeros in front, of which
// the first of the longest runs of two zeros and more is left out.
func CanonicalIPv6(s string) bool {
	if s == "::" {
		return true
	}
	groups, zeros, longest := 0, 0, 0 // zeros just before, and the longest run of them
	before, gap := 0, false           // the longest run before ::, if that was seen
	i, fresh := 0, false              // just behind ::
	if strings.HasPrefix(s, "::") {
		i, gap, fresh = 2, true, true
	}
	for i < len(s) {
		begin := i
		for i < len(s) && (s[i]-'0' <= 9 || s[i]-'a' <= 'f'-'a') {
			i++
		}
		switch {
		case i == begin, i-begin > 4, s[begin] == '0' && (i-begin > 1 || fresh):
			return false
		case s[begin] == '0':
			zeros++
			longest = max(longest, zeros)
		default:
			zeros = 0
		}
		groups++
		fresh = false
		if i == len(s) {
			break
		}
		if s[i] != ':' || i+1 == len(s) {
			return false
		}
		if i++; s[i] == ':' {
			if gap || zeros > 0 {
				return false
			}
			before, longest = longest, 0
			i, gap, fresh = i+1, true, true
		}
	}
	if left := 8 - groups; gap {
		return left > 1 && before < left && longest <= left
	}
	return groups == 8 && longest < 2
}

// Shortest returns str(a). It is s, without an allocation, if s is the same.
func Shortest(a netip.Addr, s string) string {
	var buf [64]byte
	b := Append(buf[:0], a)
	if string(b) == s {
		return s
	}
	return string(b)
}

// ShortestNetwork returns str(ip_network(p, strict=False)): without host bits, and with
// a prefix length. It is s, without an allocation, if s is the same.
func ShortestNetwork(p netip.Prefix, s string) string {
	var buf [64]byte
	b := AppendNetwork(buf[:0], p)
	if string(b) == s {
		return s
	}
	return string(b)
}

// AppendNetwork appends what [ShortestNetwork] returns.
func AppendNetwork(dst []byte, p netip.Prefix) []byte {
	dst = append(Append(dst, p.Masked().Addr()), '/')
	return strconv.AppendInt(dst, int64(p.Bits()), 10)
}
