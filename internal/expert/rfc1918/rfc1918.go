// Package rfc1918 implements expert-rfc1918.
//
// expert-rfc1918: remove addresses and names that cannot be on the internet
//
// The fields of --fields are looked at in order. The first one that holds an
// address of a private or reserved network, a name of a reserved domain, a URL
// with one of these as its host, or a reserved AS number decides: by the
// policy at the same place of --policy the field is removed (del), or the
// event (drop). The end of a field's name says what is in it: .ip, .fqdn, .url
// or .asn.
//
// # Examples
//
//	echo '{"source.fqdn":"www.example.org","destination.ip":"192.168.0.1"}' | expert-rfc1918
package rfc1918

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/urlsplit"
)

// Command says which fields are looked at.
type Command struct {
	Fields []string `help:"The fields to look at." default:"destination.ip,source.ip,source.url" placeholder:"FIELD,…"`
	Policy []string `help:"For each field, what to do if it matches: del removes the field, drop the event." default:"del,drop,drop" placeholder:"del|drop,…"`

	checks []func(string) bool
}

// Start looks up what to check.
func (c *Command) Start(context.Context) error {
	if len(c.Fields) != len(c.Policy) {
		return fmt.Errorf("--fields names %d fields and --policy has %d words: there must be one for each field", len(c.Fields), len(c.Policy))
	}
	for i, field := range c.Fields {
		check, ok := checks[field[strings.LastIndexByte(field, '.')+1:]]
		if !ok {
			return fmt.Errorf("--fields %s: the name must end in .ip, .fqdn, .url or .asn", field)
		}
		if p := c.Policy[i]; p != "del" && p != "drop" {
			return fmt.Errorf("--policy %s: del or drop is expected", p)
		}
		c.checks = append(c.checks, check)
	}
	return nil
}

// Process applies the policy of the first field that matches.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for i, field := range c.Fields {
		if value := m.Get(field); value == "" || !c.checks[i](value) {
			continue
		}
		if c.Policy[i] == "drop" {
			return nil
		}
		m.Delete(field)
		break
	}
	return emit(m)
}

var checks = map[string]func(string) bool{"ip": address, "fqdn": name, "url": host, "asn": number}

func address(text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && reserved(a)
}

func reserved(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func name(text string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(text, suffix) {
			return true
		}
	}
	return text == "example.com" || text == "example.net" || text == "example.org"
}

func host(text string) bool {
	u, ok := urlsplit.Split(text)
	if !ok {
		return false
	}
	if a, ok := u.Addr(); ok {
		return reserved(a)
	}
	return name(strings.TrimSuffix(u.Host, "."))
}

func number(text string) bool {
	n, err := strconv.ParseUint(text, 10, 32)
	return err == nil && (n >= 64496 && n <= 64511 || n >= 65536 && n <= 65551)
}

var suffixes = [...]string{".test", ".example", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org"}

// networks are those that IANA has set aside.
var networks = [...]netip.Prefix{
	v4(10, 0, 0, 0, 8),
	v4(100, 64, 0, 0, 10),
	v4(127, 0, 0, 0, 8),
	v4(169, 254, 0, 0, 16),
	v4(172, 16, 0, 0, 12),
	v4(192, 0, 0, 0, 24),
	v4(192, 0, 2, 0, 24),
	v4(192, 88, 99, 0, 24),
	v4(192, 168, 0, 0, 16),
	v4(198, 18, 0, 0, 15),
	v4(198, 51, 100, 0, 24),
	v4(203, 0, 113, 0, 24),
	v4(224, 0, 0, 0, 4),
	v4(240, 0, 0, 0, 4),
	v4(255, 255, 255, 255, 32),
	v6(0xfe80, 0, 64),
	v6(0x2001, 0x0db8, 32),
}

func v4(a, b, c, d byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
}

func v6(a, b uint16, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{byte(a >> 8), byte(a), byte(b >> 8), byte(b)}), bits)
}
