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
