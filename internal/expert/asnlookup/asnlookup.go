// Package asnlookup implements expert-asn-lookup.
//
// expert-asn-lookup: add network and AS number of an address from a routing table
//
// source.ip and destination.ip are looked up in a table of BGP prefixes. The
// most specific one that holds the address becomes source.network, and its AS
// number source.asn (the same for destination), whatever was there before. An
// address that is in no prefix changes nothing.
//
// The table is a compiled file, which is read in some 30 milliseconds and takes as
// much memory as it has bytes, about 22 MB for all of the Internet; or a text file as
// pyasn writes and reads it, which takes a second: lines of a prefix, a tab and an AS
// number; lines that begin with ; are comments. Text may be packed with gzip or
// bzip2. A file that is replaced is taken within two seconds, or at once on SIGHUP; a
// broken one is refused, and the old one stays. GeoLite2-ASN.mmdb will do as well,
// but cuts networks where another one lies in them.
//
// --update makes a compiled file and puts it in the place of the old one. It is
// made of --from, a URL or a file: such text, or a RIB dump (MRT), packed or not.
// Without --from that is the newest dump of Route Views. A prefix belongs to the last
// AS of the first path to it that is not reserved; of a set, to the least. Let cron
// do that:
//
//	23 4 * * *  expert-asn-lookup --database /var/lib/asn.db --update
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

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the table is.
type Command struct {
	Database string           `help:"The table of prefixes and AS numbers." placeholder:"FILE" required:""`
	From     string           `help:"With --update, what the table is made of." placeholder:"URL|FILE"`
	HTTP     httpclient.Flags `embed:""`

	*database.File[table]
}

// Start reads the table.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.Database, load)
	return err
}

// Process looks both addresses up.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	t := *c.Get()
	if err := add(t, m, "source.ip", "source.asn", "source.network"); err != nil {
		return err
	}
	if err := add(t, m, "destination.ip", "destination.asn", "destination.network"); err != nil {
		return err
	}
	return emit(m)
}

func add(t table, m *event.Message, ip, asn, network string) error {
	text := m.Get(ip)
	if text == "" {
		return nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return nil
	}
	number, prefix, ok, err := t.lookup(a.WithZone("").Unmap())
	if ok {
		if number != 0 { // AS 0 originates nothing, by RFC 7607
			m.SetInt(asn, int64(number))
		}
		m.SetNetwork(network, prefix)
	}
	return err
}
