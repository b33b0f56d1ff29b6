// Package reversedns implements expert-reverse-dns.
//
// expert-reverse-dns: add the host name of an address, by its PTR record
//
// The first name for source.ip that a host can have becomes source.reverse_dns;
// the same goes for destination. Names with other characters than letters, digits,
// - and _ are passed over, and so are addresses. A name that is there already
// stays, unless --overwrite is given. An address without a name changes nothing,
// and neither does one whose name servers fail: then it is asked for again after
// --cache-ttl-invalid-response.
//
// The resolver is asked directly: neither /etc/hosts nor search domains count.
// Names are kept as long as their records say, in memory, and with --cache in a
// file or with --redis-cache-host in Redis, where IntelMQ keeps them, too.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.7","source.reverse_dns":"www.example.org"}' |
//	  expert-reverse-dns
//	echo '{"source.reverse_dns":"www.example.org"}' |
//	  expert-reverse-dns --nameserver 192.0.2.53 --cache ./names
package reversedns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/dns"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked, and for how long it is remembered that nothing was
// learned.
type Command struct {
	CacheTtlInvalidResponse int64     `help:"Ask again after SECONDS where the name servers have failed, or named no host." default:"60" placeholder:"SECONDS"`
	CacheTTLFailure         int64     `kong:"-"` // is the same
	DNS                     dns.Flags `embed:""`
	event.Overwrite
	//lint:ignore SA5008 each of them is a variable of its own
	lookup.Flags `set:"redis_cache_db=7" set:"cache_ttl_missing=86400" set:"on_error=pass"`

	names *lookup.Lookup[string]
}

var errTTL = errors.New("--cache-ttl-invalid-response: a number of seconds from 0 is expected")

// Start finds the resolver.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if c.CacheTtlInvalidResponse < 0 {
		return errTTL
	}
	c.Flags.CacheTTLFailure = c.CacheTtlInvalidResponse
	resolver, err := dns.New(c.DNS)
	if err != nil {
		return err
	}
	invalid := time.Duration(c.CacheTtlInvalidResponse) * time.Second
	c.names, err = lookup.New(ctx, env, &c.Flags, "names", func(ctx context.Context, address string) (string, error) {
		return name(ctx, resolver, address, invalid)
	})
	if err == nil {
		c.names.InRedis(lookup.Codec[string]{Key: binary, Encode: encode, Decode: decode})
	}
	return err
}

// name asks for the name of an address.
func name(ctx context.Context, resolver *dns.Resolver, address string, invalid time.Duration) (string, error) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "", err
	}
	names, err := resolver.Lookup(ctx, dns.Reverse(a), dns.PTR)
	if err != nil && !errors.Is(err, dns.ErrNoData) {
		return "", err
	}
	for _, name := range names {
		if host, ok := host(name); ok {
			return host, nil
		}
	}
	lookup.GoodFor(ctx, invalid)
	return "", fmt.Errorf("%s: no host is named: %w", address, lookup.ErrNotThere)
}

// Process asks for both names.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range event.Sides {
		address := m.Get(side + "ip")
		if address == "" || !c.Wants(m, side+"reverse_dns") {
			continue
		}
		name, found, err := c.names.Get(ctx, address)
		if err != nil {
			return err
		}
		if found {
			m.Set(side+"reverse_dns", name)
		}
	}
	return emit(m)
}
