// Package network reads what lists of addresses have: an address, a network in CIDR
// notation or with a netmask, a range of addresses.
package network

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"go4.org/netipx"
)

var errOrder = errors.New("the range ends before it begins")

// Parse returns the networks that a text stands for. An address is a network of that
// address alone. Of a network whose address has host bits, these are cleared. Blanks
// may stand around the dash of a range. Addresses with a zone are refused: they mean
// nothing on another host.
func Parse(text string) ([]netip.Prefix, error) {
	if a, ok := address(text); ok {
		return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}, nil
	}
	if first, mask, ok := strings.Cut(text, "/"); ok {
		if p, err := netip.ParsePrefix(text); err == nil {
			return []netip.Prefix{p.Masked()}, nil
		}
		a, ok1 := address(first)
		m, ok2 := address(mask)
		if n := length(m); ok1 && ok2 && a.Is4() && n >= 0 {
			return []netip.Prefix{netip.PrefixFrom(a, n).Masked()}, nil
		}
	}
	first, last, ok := strings.Cut(text, "-")
	a, ok1 := address(strings.TrimSpace(first))
	b, ok2 := address(strings.TrimSpace(last))
	switch {
	case !ok || !ok1 || !ok2 || a.BitLen() != b.BitLen():
		return nil, fmt.Errorf("an address, a network or a range of addresses is expected, not %.60q", text)
	case b.Less(a):
		return nil, errOrder
	}
	return netipx.IPRangeFrom(a, b).Prefixes(), nil
}

func address(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Zone() == ""
}

// length is how many bits a netmask of IPv4 sets, or -1 if it is none.
func length(mask netip.Addr) int {
	if !mask.Is4() {
		return -1
	}
	b := mask.As4()
	m := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := bits.LeadingZeros32(^m)
	if m<<n != 0 {
		return -1
	}
	return n
}
