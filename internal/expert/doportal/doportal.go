// Package doportal implements expert-do-portal.
//
// expert-do-portal: add the contacts of an address, by a DO portal
//
// The portal is asked about source.ip, and its contacts become source.abuse_contact, a
// comma list. With --mode append they are added to those that are there, with --mode
// replace they take their place, and the field is removed if there are none. What is no
// mail address is left out.
//
// A portal that cannot be reached is asked again, and then the event goes into
// the dump; --on-error pass lets it go on as it is. Answers are kept for a day in
// memory, and with --cache in a file or with --redis-cache-host in Redis.
//
// # Examples
//
//	export INTELPIPE_PORTAL_API_KEY=key
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-do-portal --portal-url https://portal.example.org
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-do-portal --portal-url https://portal.example.org --mode replace
package doportal

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked, and what becomes of what is there.
type Command struct {
	PortalURL    string           `help:"The address of the portal." placeholder:"URL" required:""`
	PortalAPIKey stage.Secret     `name:"portal-api-key-file" help:"The file that holds the key for the portal." placeholder:"FILE" required:""`
	Mode         string           `help:"Add to the contacts that are there, or replace them." default:"append" enum:"append,replace"`
	Retries      int              `kong:"-"` // the client has its own
	HTTP         httpclient.Flags `embed:""`
	lookup.Flags

	web      web.Service
	contacts *lookup.Lookup[[]string]
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.web.Header = http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	c.web.Header.Set("API-Authorization", string(c.PortalAPIKey))
	if c.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.contacts, err = lookup.New(ctx, env, &c.Flags, "contacts", c.fetch)
	return err
}

// fetch asks for a URL.
func (c *Command) fetch(ctx context.Context, url string) ([]string, error) {
	a, err := c.web.Get(ctx, url)
	if err != nil {
		return nil, err
	}
	if a.None("('no such cidr'") {
		return nil, lookup.ErrNotThere
	}
	var answer struct{ Abusecs []string }
	if err := a.JSON(&answer); err != nil {
		return nil, err
	}
	found := contacts.Addresses(answer.Abusecs)
	if len(found) == 0 {
		return nil, lookup.ErrNotThere
	}
	return found, nil
}

// Process asks about the address of an event.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	address := m.Get("source.ip")
	if address == "" {
		return emit(m)
	}
	portal := strings.TrimSuffix(c.PortalURL, "/")
	all, _, known, err := c.contacts.Find(ctx, portal+"/api/1.0/ripe/contact?cidr="+url.QueryEscape(address))
	if err != nil {
		return err
	}
	if c.Mode == "append" {
		all = append(contacts.Split(m.Get("source.abuse_contact")), all...)
	}
	if known && (len(all) > 0 || c.Mode == "replace") {
		m.Set("source.abuse_contact", strings.Join(all, ","))
	}
	return emit(m)
}
