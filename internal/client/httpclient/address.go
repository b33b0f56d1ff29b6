package httpclient

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
)

// privateError is what a redirect is refused for. See guard.
type privateError struct{}

func (privateError) Error() string {
	return "redirect from a public to a private address, see --http-allow-private-redirects"
}

func (privateError) Unwrap() error { return ErrRedirect }

// ErrRedirect is wrapped by the error for an answer that leads where nobody may
// be led: away from http and https, or from outside into the private network.
var ErrRedirect = errors.New("redirect")

// guard refuses to connect to a private address. It looks at the address itself,
// after all names have been resolved, so that no name can deceive it.
func (c *Client) guard(_, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err != nil || c.private(at.Addr()) {
		return privateError{}
	}
	return nil
}

// remote tells whether a connection has led to a public address.
func (c *Client) remote(conn net.Conn) bool {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	return err == nil && !c.private(at.Addr())
}

// named is what is left to tell where a proxy connects: whether the host of a
// URL is outside by its name alone. A number that is not written as an address
// usually is might be any.
func (c *Client) named(u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if at, err := netip.ParseAddr(host); err == nil {
		return !c.private(at)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "localhost" && last != "local" && last != "internal" && (last == "" || last[0] < '0' || last[0] > '9')
}

// private tells whether an address belongs to no host of the public Internet,
// also where it is written inside of an IPv6 address.
func private(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, network := range privateNetworks {
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
			return private(netip.AddrFrom4(inner))
		}
	}
	return false
}

// privateNetworks are those of the registries of special-purpose addresses that
// lead into a machine or a local network, or nowhere.
var privateNetworks = [...]string{
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
