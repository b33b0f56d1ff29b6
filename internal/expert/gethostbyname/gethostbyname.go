// Package gethostbyname implements expert-gethostbyname.
//
// expert-gethostbyname: add the IPv4 address of a host name
//
// The first address of source.fqdn, or of the host in source.url if there is
// no name, becomes source.ip; the same goes for destination. An address that
// is there already stays, unless --overwrite is given.
//
// A name that does not exist, has no address, or can be no name of a host
// changes nothing. Letters beyond ASCII are looked up as xn--. If the
// resolver fails for now (SERVFAIL, no answer) it is asked again, and then the
// event goes into the dump; with --gaierrors-to-ignore=-3 it passes as it is.
// The numbers are those of getaddrinfo: -2 unknown name, -3 temporary failure,
// -4 refused, -5 no address; all but -3 are ignored anyway.
//
// The resolver is asked directly: neither /etc/hosts nor search domains count.
// Answers are kept as long as they say, a day at most: in memory, and with
// --cache in a file for later runs and for other processes at the same time,
// which together ask once for a name. A name without a slash is a file in the
// state directory. A failure is remembered for a minute, by this run alone. The
// last line with --verbose, or where something has failed, says how often the
// resolver was asked.
//
// # Examples
//
//	echo '{"source.url":"http://192.0.2.7/index.html"}' | expert-gethostbyname
//	echo '{"source.ip":"192.0.2.7","source.fqdn":"www.example.org"}' |
//	  expert-gethostbyname --no-fallback-to-url
//	echo '{"source.url":"http://192.0.2.7/"}' |
//	  expert-gethostbyname --cache ./names
package gethostbyname

import (
	"context"
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is resolved, and by whom.
type Command struct {
	FallbackToUrl     bool                `help:"Take the host of the URL where there is no name." default:"true"`
	GaierrorsToIgnore harmonization.Value `help:"More errors that leave an event as it is, numbers of getaddrinfo." placeholder:"N,…"`
	DNS               dns.Flags           `embed:""`
	event.Overwrite
	lookup.Flags

	names   *lookup.Lookup[[]string]
	ignored []int
}

// Start finds the resolver.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	if c.ignored, err = ignored(c.GaierrorsToIgnore.Text); err != nil {
		return err
	}
	resolver, err := dns.New(c.DNS)
	if err != nil {
		return err
	}
	c.names, err = lookup.New(ctx, env, &c.Flags, "names", resolver.Fetch(dns.A))
	return err
}

// Process resolves both names.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range event.Sides {
		if err := c.side(ctx, m, side); err != nil {
			return err
		}
	}
	return emit(m)
}

func (c *Command) side(ctx context.Context, m *event.Message, side string) error {
	if !c.Wants(m, side+"ip") {
		return nil
	}
	name := m.Get(side + "fqdn")
	if name == "" && c.FallbackToUrl {
		u, ok := urlsplit.Split(m.Get(side + "url"))
		if !ok {
			return nil
		}
		if a, ok := u.Addr(); ok {
			if a.Is4() {
				m.Try(side+"ip", harmonization.Text(a.String()))
			}
			return nil
		}
		name, _ = u.Name()
	}
	if name == "" {
		return nil
	}
	addresses, found, err := c.names.Get(ctx, name)
	switch {
	case found:
		m.Try(side+"ip", harmonization.Text(addresses[0]))
	case err != nil && (ctx.Err() != nil || !slices.Contains(c.ignored, code(err))):
		return err
	}
	return nil
}
