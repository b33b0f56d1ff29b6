// Package privatenet knows which addresses lead into a machine or a local network.
package privatenet

import "net/netip"

// Has reports whether an address belongs to no host of the public Internet, also where
// it is written inside of an IPv6 address.
func Has(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, network := range networks {
		if netip.MustParsePrefix(network).Contains(a) {
			return true
		}
	}
	if !a.Is6() {
		return false
	}
	b := a.As16()
	for _, e := range embedding {
		if netip.MustParsePrefix(e.network).Contains(a) {
			inner := [4]byte(b[e.at : e.at+4])
			for i := range inner {
				inner[i] ^= e.xor
			}
			return Has(netip.AddrFrom4(inner))
		}
	}
	return false
}

// networks are those of the registries of special-purpose addresses that
// lead into a machine or a local network, or nowhere.
var networks = [...]string{
	"0.0.0.0/8",      // this host
	"10.0.0.0/8",     // private
	"100.64.0.0/10",  // behind a provider's NAT
	"127.0.0.0/8",    // loopback
	"169.254.0.0/16", // link-local, and the metadata of clouds
	"172.16.0.0/12",  // private
	"192.0.0.0/24",   // protocols
	"192.168.0.0/16", // private
	"198.18.0.0/15",  // benchmarks
	"224.0.0.0/4",    // multicast
	"240.0.0.0/4",    // reserved, broadcast
	"::/128",         // this host
	"::1/128",        // loopback
	"64:ff9b:1::/48", // NAT64 of a local network
	"100::/64",       // discarded
	"fc00::/7",       // unique local
	"fe80::/10",      // link-local
	"fec0::/10",      // site-local, once
	"ff00::/8",       // multicast
}

// embedding are IPv6 networks whose addresses stand for one of IPv4.
var embedding = [...]struct {
	network string
	at      int  // where the four bytes are
	xor     byte // how they are hidden
}{
	{"::/96", 12, 0},           // IPv4-compatible
	{"::ffff:0:0:0/96", 12, 0}, // IPv4-translated
	{"64:ff9b::/96", 12, 0},    // NAT64
	{"2002::/16", 2, 0},        // 6to4
	{"2001::/32", 12, 0xff},    // Teredo
}
