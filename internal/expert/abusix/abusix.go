// Package abusix implements expert-abusix.
//
// expert-abusix: add abuse contacts of addresses, by Abusix' service
//
// The service is asked by DNS for source.ip, and its contact becomes
// source.abuse_contact, a comma list; the same goes for destination. What is no mail
// address is left out, and a contact that is there already stays, unless --overwrite is given.
// An address that the service does not know changes nothing. Abusix wants its users
// to register; --zone names the zone that it has given you.
//
// If the resolver fails for now it is asked again, and then the event passes as it
// is; --on-error dump keeps such events back. Answers are kept as long as their
// records say, a day at most: in memory, and with --cache in a file or with
// --redis-cache-host in Redis.
//
// # Examples
//
//	echo '{"source.fqdn":"www.example.org"}' | expert-abusix
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-abusix --overwrite --nameserver 192.0.2.53 --cache ./contacts
package abusix

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked.
type Command struct {
	Zone string    `help:"The zone that has the contacts." default:"abuse-contacts.abusix.zone" placeholder:"NAME"`
	DNS  dns.Flags `embed:""`
	event.Overwrite
	//lint:ignore SA5008 each of them is a variable of its own
	lookup.Flags `set:"cache_ttl_missing=86400" set:"on_error=pass"`

	resolver *dns.Resolver
	contacts *lookup.Lookup[string]
}

// Start finds the resolver.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	if c.resolver, err = dns.New(c.DNS); err != nil {
		return err
	}
	c.contacts, err = lookup.New(ctx, env, &c.Flags, "contacts", c.fetch)
	return err
}

// fetch asks for the contact of an address: the first text counts.
func (c *Command) fetch(ctx context.Context, address string) (string, error) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "", err
	}
	name := dns.Reverse(a)
	name = strings.TrimSuffix(strings.TrimSuffix(name, "in-addr.arpa."), "ip6.arpa.") + c.Zone
	texts, err := c.resolver.Lookup(ctx, name, dns.TXT)
	if err != nil {
		return "", err
	}
	fit := contacts.Addresses(contacts.Split(strings.Trim(texts[0], `"`)))
	if len(fit) == 0 {
		return "", fmt.Errorf("%s: %s is no mail address: %w", name, plain.Quote(texts[0]), lookup.ErrNotThere)
	}
	return strings.Join(fit, ","), nil
}

// Process asks for both addresses.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range event.Sides {
		address, key := m.Get(side+"ip"), side+"abuse_contact"
		if address == "" || !c.Wants(m, key) {
			continue
		}
		contact, found, err := c.contacts.Get(ctx, address)
		if err != nil {
			return err
		}
		if found {
			m.Set(key, contact)
		}
	}
	return emit(m)
}
