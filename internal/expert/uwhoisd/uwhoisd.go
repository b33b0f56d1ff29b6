// Package uwhoisd implements expert-uwhoisd.
//
// expert-uwhoisd: add what a whois server says of names, addresses and AS
//
// uwhoisd is a whois server that finds the one that knows and keeps its answers; any
// other will do as well. It is asked for source.fqdn, or else the host of source.url,
// for source.ip and for source.asn, and the texts become extra.whois.fqdn,
// extra.whois.ip and extra.whois.asn. An event that has one of them already fails.
//
// A server that cannot be reached is asked again, and then the event goes into the
// dump; --on-error pass lets it go on as it is. Answers are kept for a day, in memory,
// and with --cache in a file or with --redis-cache-host in Redis.
//
// # Examples
//
//	echo '{"destination.ip":"192.0.2.1"}' | expert-uwhoisd
//	echo '{"destination.ip":"192.0.2.1"}' |
//	  expert-uwhoisd --server whois.example.org --port 43 --cache ./whois
package uwhoisd

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/whois"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked.
type Command struct {
	Server  string  `help:"The server, a name or an address." default:"localhost" placeholder:"HOST"`
	Port    uint16  `help:"Its port." default:"4243" placeholder:"PORT"`
	Timeout float64 `help:"Give up on an answer after SECONDS." default:"10" placeholder:"SECONDS"`
	lookup.Flags

	texts *lookup.Lookup[string]
}

// Start looks at the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	const longest = 3600
	if !(c.Timeout > 0 && c.Timeout <= longest) {
		return fmt.Errorf("--timeout %v: it has to be more than 0 seconds, and at most %d", c.Timeout, longest)
	}
	c.texts, err = lookup.New(ctx, env, &c.Flags, "texts", c.fetch)
	return err
}

// fetch asks the server. An answer of blanks alone is none.
func (c *Command) fetch(ctx context.Context, query string) (string, error) {
	server := net.JoinHostPort(c.Server, strconv.Itoa(int(c.Port)))
	text, err := whois.Ask(ctx, server, query, time.Duration(c.Timeout*float64(time.Second)))
	if err == nil && strings.TrimSpace(text) == "" {
		err = lookup.ErrNotThere
	}
	return text, err
}

// Process asks for what there is of the source.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	as := m.Get("source.asn")
	if as != "" {
		as = "AS" + as
	}
	for _, question := range [...]struct{ key, query string }{
		{"extra.whois.fqdn", name(m)}, {"extra.whois.ip", m.Get("source.ip")}, {"extra.whois.asn", as},
	} {
		switch {
		case question.query == "":
			continue
		case m.Has(question.key):
			return fmt.Errorf("%s: is there already", question.key)
		}
		text, found, err := c.texts.Get(ctx, question.query)
		if err != nil {
			return err
		}
		if found {
			m.Set(question.key, text)
		}
	}
	return emit(m)
}

// name is that of the source, or that of its URL.
func name(m *event.Message) string {
	if fqdn := m.Get("source.fqdn"); fqdn != "" {
		return fqdn
	}
	u, _ := urlsplit.Split(m.Get("source.url"))
	host, _ := u.Name()
	return host
}
