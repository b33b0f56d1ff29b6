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
//	echo '{"source.fqdn":"www.example.org","destination.ip":"192.168.0.1"}' |
//	  expert-rfc1918
//	echo '{"source.ip":"10.0.0.1","source.fqdn":"www.example.com"}' |
//	  expert-rfc1918 --fields source.ip --policy del
package rfc1918

import (
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which fields are looked at.
type Command struct {
	Fields []string `help:"The fields to look at." default:"destination.ip,source.ip,source.url" placeholder:"FIELD,…" field:"event"`
	Policy []string `help:"For each field, what to do if it matches: del removes the field, drop the event." enum:"del,drop" default:"del,drop,drop" placeholder:"del|drop,…"`

	checks []func(string) bool
}

// Start looks up what to check.
func (c *Command) Start(context.Context, *stage.Env) error {
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

var checks = map[string]func(string) bool{"ip": address, "fqdn": fqdn, "url": host, "asn": number}
