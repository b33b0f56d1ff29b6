package httpclient

import (
	"net/netip"
	"syscall"

	"github.com/intelpipe/intelpipe/internal/client/httpclient/privatenet"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Foreign are the flags of a client for URLs that messages name, which whoever wrote
// the message has chosen. It connects to no private address unless it is told to, so
// that nobody outside can ask a server inside. Where a proxy connects is the business
// of the proxy.
type Foreign struct {
	Flags
	HTTPAllowPrivate bool `name:"http-allow-private" help:"Connect to private, loopback and link-local addresses as well, which an event may name." group:"HTTP"`
}

// Client makes a client of the flags for the command that env is of.
func (f *Foreign) Client(env *stage.Env) (*Client, error) {
	c, err := f.Flags.Client(env)
	if err != nil || f.HTTPAllowPrivate || c.proxied {
		return c, err
	}
	dialer := c.dialer
	dialer.Control = outside
	c.transport.DialContext = dialer.DialContext
	return c, nil
}

// outside refuses to connect to a private address.
func outside(_, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err != nil || privatenet.Has(at.Addr()) {
		return insideError(address)
	}
	return nil
}

// insideError is the private address that a message has named.
type insideError string

func (e insideError) Error() string {
	return string(e) + " is a private address, see --http-allow-private"
}
