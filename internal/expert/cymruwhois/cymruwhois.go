// Package cymruwhois implements expert-cymru-whois.
//
// expert-cymru-whois: add network, AS, country and registry, by Team Cymru's service
//
// The service is asked by DNS for source.ip, and says asn, network, as_name,
// geolocation.cc, registry and allocated; the same goes for destination. Of
// several networks the smallest counts, of several AS the first. A part that is
// missing, or that its field cannot hold, is left out. A field that is there
// already stays, unless --overwrite is given. An address that the service does not
// know changes nothing.
//
// If the resolver fails for now it is asked again, and then the event passes as
// it is; --on-error dump keeps such events back. Answers are kept as long as their
// records say, a day at most: in memory, and with --cache in a file or with
// --redis-cache-host in Redis, where IntelMQ keeps them, too.
//
// # Examples
//
//	echo '{"source.fqdn":"www.example.org"}' | expert-cymru-whois
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-cymru-whois --overwrite --nameserver 192.0.2.53 --cache ./networks
package cymruwhois

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked.
type Command struct {
	DNS dns.Flags `embed:""`
	event.Overwrite
	//lint:ignore SA5008 each of them is a variable of its own
	lookup.Flags `set:"redis_cache_db=5" set:"cache_ttl_missing=86400" set:"on_error=pass"`

	resolver *dns.Resolver
	networks *lookup.Lookup[network]
}

// Start finds the resolver.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	if c.resolver, err = dns.New(c.DNS); err != nil {
		return err
	}
	if c.networks, err = lookup.New(ctx, env, &c.Flags, "networks", c.fetch); err != nil {
		return err
	}
	c.networks.InRedis(lookup.Codec[network]{Key: func(address string) string {
		if strings.Contains(address, ":") {
			return "6_" + address
		}
		return "4_" + address
	}})
	return nil
}

// fetch asks for an address, and then for the name of its AS.
func (c *Command) fetch(ctx context.Context, address string) (n network, err error) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return n, err
	}
	name := strings.Replace(dns.Reverse(a), "in-addr.arpa.", "origin.asn.cymru.com", 1)
	name = strings.Replace(name, "ip6.arpa.", "origin6.asn.cymru.com", 1)
	answers, err := c.resolver.Lookup(ctx, name, dns.TXT)
	if err != nil {
		return n, err
	}
	if n, err = smallest(answers); err != nil || n.ASN == "" {
		return n, err
	}
	texts, err := c.resolver.Lookup(ctx, "AS"+n.ASN+".asn.cymru.com", dns.TXT)
	if err != nil && !errors.Is(err, lookup.ErrNotThere) {
		return n, err
	}
	if len(texts) > 0 {
		if columns := split(texts[0]); len(columns) > 4 {
			n.ASName = columns[4]
		}
	}
	return n, nil
}

// Process asks for both addresses.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range event.Sides {
		address := m.Get(side + "ip")
		if address == "" {
			continue
		}
		n, found, err := c.networks.Get(ctx, address)
		if err != nil {
			return err
		}
		if found {
			c.add(m, side, n)
		}
	}
	return emit(m)
}

// add sets what is known. What a field cannot hold is left out, as "other" in the
// place of a registry, and so is a name that is not fit to be shown.
func (c *Command) add(m *event.Message, side string, n network) {
	for _, field := range [...][2]string{
		{"asn", n.ASN}, {"network", n.Network}, {"geolocation.cc", n.CC},
		{"registry", n.Registry}, {"allocated", n.Allocated}, {"as_name", n.ASName},
	} {
		if key, text := side+field[0], field[1]; c.Wants(m, key) && plain.Line(text) == text {
			m.Try(key, harmonization.Text(text))
		}
	}
}
