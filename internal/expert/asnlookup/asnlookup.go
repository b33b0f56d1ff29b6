// Package asnlookup implements expert-asn-lookup.
//
// expert-asn-lookup: add network and AS number of an address from a routing table
//
// source.ip and destination.ip are looked up in a table of BGP prefixes. The
// most specific one that holds the address becomes source.network, and its AS
// number source.asn (the same for destination), whatever was there before. An
// address that is in no prefix changes nothing.
//
// The table is a text file as pyasn writes and reads it: lines of a prefix, a
// tab and an AS number; lines that begin with ; are comments. It may be packed
// with gzip. On SIGHUP it is read again.
//
// # Examples
//
//	printf '192.0.2.0/24\t64496\n' > asn.dat
//	echo '{"source.ip":"192.0.2.7"}' | expert-asn-lookup --database asn.dat
//	echo '{"destination.ip":"192.0.2.9"}' | expert-asn-lookup --database ./asn.dat
package asnlookup

import (
	"context"
	"net/netip"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the table is.
type Command struct {
	Database string `help:"The table of prefixes and AS numbers." placeholder:"FILE" required:""`

	table *table
}

// Start reads the table.
func (c *Command) Start(context.Context, *stage.Env) (err error) {
	c.table, err = load(c.Database)
	return err
}

// Reload reads the table again; if that fails the old one stays.
func (c *Command) Reload(ctx context.Context) error {
	t, err := load(c.Database)
	if err != nil {
		return err
	}
	c.table = t
	return nil
}

// Process looks both addresses up.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	c.side(m, "source.ip", "source.asn", "source.network")
	c.side(m, "destination.ip", "destination.asn", "destination.network")
	return emit(m)
}

func (c *Command) side(m *event.Message, ip, asn, network string) {
	text := m.Get(ip)
	if text == "" {
		return
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return
	}
	if number, prefix, ok := c.table.lookup(a.WithZone("").Unmap()); ok {
		if number != 0 { // AS 0 originates nothing, by RFC 7607
			m.SetInt(asn, int64(number))
		}
		m.SetValue(network, harmonization.Text(prefix.String()))
	}
}
