package rfc1918

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
)

func address(text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && reserved(a)
}

func reserved(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func fqdn(text string) bool {
	ascii, ok := idna.Host(text)
	return ok && name(ascii)
}

// name looks at a name in ASCII and lower case.
func name(text string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(text, suffix) {
			return true
		}
	}
	return text == "example.com" || text == "example.net" || text == "example.org"
}

func host(text string) bool {
	u, ok := urlsplit.Split(text)
	if !ok {
		return false
	}
	if a, ok := u.Addr(); ok {
		return reserved(a)
	}
	host, ok := u.Name()
	return ok && name(host)
}

func number(text string) bool {
	n, err := strconv.ParseUint(text, 10, 32)
	return err == nil && (n >= 64496 && n <= 64511 || n >= 65536 && n <= 65551)
}

var suffixes = [...]string{".test", ".example", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org"}

// networks are those that IANA has set aside.
var networks = [...]netip.Prefix{
	v4(10, 0, 0, 0, 8),
	v4(100, 64, 0, 0, 10),
	v4(127, 0, 0, 0, 8),
	v4(169, 254, 0, 0, 16),
	v4(172, 16, 0, 0, 12),
	v4(192, 0, 0, 0, 24),
	v4(192, 0, 2, 0, 24),
	v4(192, 88, 99, 0, 24),
	v4(192, 168, 0, 0, 16),
	v4(198, 18, 0, 0, 15),
	v4(198, 51, 100, 0, 24),
	v4(203, 0, 113, 0, 24),
	v4(224, 0, 0, 0, 4),
	v4(240, 0, 0, 0, 4),
	v4(255, 255, 255, 255, 32),
	v6(0xfe80, 0, 64),
	v6(0x2001, 0x0db8, 32),
}

func v4(a, b, c, d byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
}

func v6(a, b uint16, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{byte(a >> 8), byte(a), byte(b >> 8), byte(b)}), bits)
}
