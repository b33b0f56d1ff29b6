// Package cymruwhois implements expert-cymru-whois.
//
// expert-cymru-whois: add network, AS, country and registry, by Team Cymru's service
//
// The service is asked by DNS for source.ip, and says asn, network, as_name,
// geolocation.cc, registry and allocated; the same goes for destination. Of several
// networks the smallest counts. A field that is there already stays, unless
// --overwrite is given. An address that the service does not know changes nothing.
//
// If the resolver fails for now it is asked again, and then the event passes as it
// is; --on-error dump keeps such events back. Answers are kept for a day, in memory,
// and with --cache in a file or with --redis-cache-host in Redis, where IntelMQ
// keeps them, too.
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
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked.
type Command struct {
	Overwrite    bool      `help:"Replace fields that are there already."`
	DNS          dns.Flags `embed:""`
	lookup.Flags `set:"redis_cache_db=5" set:"cache_ttl_missing=86400" set:"on_error=pass"`

	resolver *dns.Resolver
	networks *lookup.Lookup[network]
}

// network is what is known of an address, as IntelMQ keeps it in Redis.
type network struct {
	ASN       string `json:"asn,omitempty"`
	Network   string `json:"network,omitempty"`
	CC        string `json:"geolocation.cc,omitempty"`
	Registry  string `json:"registry,omitempty"`
	Allocated string `json:"allocated,omitempty"`
	ASName    string `json:"as_name,omitempty"`
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

// smallest reads answers, and returns that for the smallest network.
func smallest(answers []string) (n network, err error) {
	longest := -1
	for _, text := range answers {
		columns := split(text)
		if len(columns) < 5 {
			return n, fmt.Errorf("%.100q: five columns are expected", text)
		}
		prefix, err := netip.ParsePrefix(columns[1])
		if err != nil {
			return n, fmt.Errorf("%.100q: the second column is no network", text)
		}
		if prefix.Bits() <= longest {
			continue
		}
		longest = prefix.Bits()
		n = network{Network: columns[1], CC: columns[2], Registry: columns[3]}
		first, _, _ := strings.Cut(columns[0], " ")
		if _, err := strconv.ParseUint(first, 10, 32); err == nil {
			n.ASN = first
		}
		if date, err := time.Parse(time.DateOnly, columns[4]); err == nil {
			n.Allocated = date.Format("2006-01-02T15:04:05+00:00")
		}
	}
	return n, nil
}

// split takes an answer apart. What is not known is empty.
func split(text string) []string {
	columns := strings.Split(text, "|")
	for i, column := range columns {
		if columns[i] = strings.TrimSpace(column); columns[i] == "NA" {
			columns[i] = ""
		}
	}
	return columns
}

// Process asks for both addresses.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range [...]string{"source.", "destination."} {
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

// add sets what is known.
func (c *Command) add(m *event.Message, side string, n network) {
	registry := strings.ToUpper(n.Registry)
	switch registry {
	case "RIPENCC":
		registry = "RIPE"
	case "OTHER":
		registry = ""
	}
	for _, field := range [...][2]string{
		{"asn", n.ASN}, {"network", n.Network}, {"geolocation.cc", n.CC},
		{"registry", registry}, {"allocated", n.Allocated}, {"as_name", n.ASName},
	} {
		if key := side + field[0]; c.Overwrite || !m.Has(key) {
			m.SetIf(key, field[1])
		}
	}
}
