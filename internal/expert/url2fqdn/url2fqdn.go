// Package url2fqdn implements expert-url2fqdn.
//
// expert-url2fqdn: take the host names out of URLs
//
// The host of source.url becomes source.fqdn, or source.ip if it is an address; the
// same goes for destination.url. A field that is there already stays, and with
// source.fqdn nothing is done at all, unless --overwrite is given. A host that is
// neither address nor name is left out.
//
// This is here for chains of IntelMQ that have it. expert-url does the same, and
// ports, paths and protocols as well.
//
// # Examples
//
//	echo '{"source.url":"http://www.example.org/index.html"}' | expert-url2fqdn
//	echo '{"source.url":"http://example.org/","source.fqdn":"example.net"}' |
//	  expert-url2fqdn --overwrite
package url2fqdn

import (
	"context"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says whether fields are replaced.
type Command struct {
	event.Overwrite
}

// Process takes the hosts of both sides.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range event.Sides {
		if u, ok := urlsplit.Split(m.Get(side + "url")); ok && c.Wants(m, side+"fqdn") {
			if name, ok := u.Name(); ok {
				m.Try(side+"fqdn", harmonization.Text(name))
			} else if a, ok := u.Addr(); ok && c.Wants(m, side+"ip") {
				m.Try(side+"ip", harmonization.Text(a.String()))
			}
		}
	}
	return emit(m)
}
