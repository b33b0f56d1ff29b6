// Package nationalcertcontact implements expert-national-cert-contact.
//
// expert-national-cert-contact: add country and national CERT of an address, by CERT.at
//
// The service of CERT.at is asked about source.ip. The country becomes
// source.geolocation.cc, unless there is one, and the mail address of the national CERT is
// added to source.abuse_contact, a comma list; the same goes for destination. With
// --filter the service knows Austrian addresses alone.
//
// A service that cannot be reached is asked again, and then the event goes into
// the dump; --on-error pass lets it go on as it is. Answers are kept for a day in
// memory, and with --cache in a file or with --redis-cache-host in Redis.
//
// # Examples
//
//	echo '{"source.fqdn":"www.example.org"}' | expert-national-cert-contact
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-national-cert-contact --offline --cache ./answers
package nationalcertcontact

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is asked for.
type Command struct {
	Filter       bool             `help:"Ask for Austrian addresses alone."`
	OverwriteCC  bool             `name:"overwrite-cc" help:"Replace a country that is there already."`
	URL          string           `help:"The address of the service. By default that of CERT.at." placeholder:"URL"`
	Retries      int              `kong:"-"` // the client has its own
	HTTP         httpclient.Flags `embed:""`
	lookup.Flags `set:"redis_cache_ttl=86400"`

	web   web.Service
	certs *lookup.Lookup[cert]
}

// cert is what the service says of an address.
type cert struct {
	Country  string   `json:"country,omitempty"`
	Contacts []string `json:"contacts,omitempty"`
}

// public is the service of CERT.at.
const public = "https://contacts.cert.at/cgi-bin/abuse-nationalcert.pl"

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	if c.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.certs, err = lookup.New(ctx, env, &c.Flags, "addresses", c.fetch)
	return err
}

// fetch asks for a URL. The answer is a line of at least four columns: address, country,
// name and contact.
func (c *Command) fetch(ctx context.Context, url string) (found cert, err error) {
	a, err := c.web.Get(ctx, url)
	if err != nil {
		return found, err
	}
	if err := a.OK(); err != nil {
		return found, err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(a.Body)), "\n")
	if line == "" {
		return found, lookup.ErrNotThere
	}
	columns := strings.Split(line, ";")
	if _, err := netip.ParseAddr(columns[0]); err != nil || len(columns) < 4 {
		return found, a.Unexpected(errors.New("a line of address, country, name and contact is not in it"))
	}
	return cert{strings.TrimSpace(columns[1]), contacts.Addresses(contacts.Split(columns[3]))}, nil
}

// Process asks about both addresses.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	filter := "off"
	if c.Filter {
		filter = "on"
	}
	for _, side := range event.Sides {
		address := m.Get(side + "ip")
		if address == "" {
			continue
		}
		query := "?ip=" + url.QueryEscape(address) + "&bFilter=" + filter + "&bShowNationalCERT=on&sep=semicolon"
		found, ok, err := c.certs.Get(ctx, cmp.Or(c.URL, public)+query)
		if err != nil {
			return err
		}
		if ok {
			c.add(m, side, found)
		}
	}
	return emit(m)
}

func (c *Command) add(m *event.Message, side string, found cert) {
	if country := side + "geolocation.cc"; c.OverwriteCC || !m.Has(country) {
		m.Try(country, harmonization.Text(found.Country))
	}
	if len(found.Contacts) > 0 {
		all := append(contacts.Split(m.Get(side+"abuse_contact")), found.Contacts...)
		m.Set(side+"abuse_contact", strings.Join(all, ","))
	}
}
