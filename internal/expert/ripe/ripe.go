// Package ripe implements expert-ripe.
//
// expert-ripe: add abuse contacts and places, by the RIPE database and RIPEstat
//
// For source.ip and source.asn the contacts become source.abuse_contact, a comma
// list without duplicates; the same goes for destination. What is no mail address
// is left out. With --mode append they are added to those that are there, with
// --mode replace they take their place, and the field is removed if it is certain
// that there are none. The place of the address, by RIPEstat, becomes country, city
// and coordinates; with --mode append only where there is none.
//
// A service that cannot be reached is asked again, and then the event goes into
// the dump; --on-error pass lets it go on as it is. Answers are kept for a day,
// in memory, and with --cache in a file or with --redis-cache-host in Redis,
// where IntelMQ keeps them, too.
//
// # Examples
//
//	echo '{"source.fqdn":"www.example.org"}' | expert-ripe
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-ripe --mode replace --no-query-ripe-stat-geolocation --cache ./ripe
package ripe

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which services are asked, and what becomes of what is there.
type Command struct {
	Mode                     string           `help:"Add to what is there, or replace it." default:"append" enum:"append,replace"`
	QueryRipeDbAsn           bool             `help:"Ask the RIPE database about the AS." default:"true"`
	QueryRipeDbIp            bool             `help:"Ask the RIPE database about the IP." default:"true"`
	QueryRipeStatAsn         bool             `help:"Ask RIPEstat about the AS." default:"true"`
	QueryRipeStatIp          bool             `help:"Ask RIPEstat about the IP." default:"true"`
	QueryRipeStatGeolocation bool             `help:"Ask RIPEstat for places." default:"true"`
	Retries                  int              `kong:"-"` // the client has its own
	HTTP                     httpclient.Flags `embed:""`
	lookup.Flags             `set:"redis_cache_db=10"`

	services services // those of a test, or none
	contacts *lookup.Lookup[[]string]
	places   *lookup.Lookup[place]
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	s := &source{services: c.services, warn: env.Warn, web: web.Service{Header: http.Header{"Accept": {"application/json"}}}}
	if s.services == (services{}) {
		s.services = public
	}
	if s.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	if c.contacts, err = lookup.New(ctx, env, &c.Flags, "contacts", s.contacts); err != nil {
		return err
	}
	if c.places, err = lookup.New(ctx, env, &c.Flags, "places", s.place); err != nil {
		return err
	}
	c.contacts.InRedis(contactsInRedis)
	c.places.InRedis(placesInRedis)
	return nil
}

// Process asks for both sides, in the order of IntelMQ: that a request fails is the
// end of the others.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range [...]string{"destination.", "source."} {
		if err := c.addContacts(ctx, m, side); err != nil {
			return err
		}
		if err := c.addPlace(ctx, m, side); err != nil {
			return err
		}
	}
	return emit(m)
}

// addContacts unites what all services say.
func (c *Command) addContacts(ctx context.Context, m *event.Message, side string) error {
	address, asn := m.Get(side+"ip"), m.Get(side+"asn")
	var all []string
	asked, sure := false, true
	for _, query := range [...]struct {
		wanted         bool
		kind, resource string
	}{
		{c.QueryRipeStatAsn, "stat:", asn}, {c.QueryRipeDbAsn, "db_asn:", asn},
		{c.QueryRipeStatIp, "stat:", address}, {c.QueryRipeDbIp, "db_ip:", address},
	} {
		if !query.wanted || query.resource == "" {
			continue
		}
		asked = true
		found, _, known, err := c.contacts.Find(ctx, query.kind+query.resource)
		if err != nil {
			return err
		}
		all, sure = append(all, contacts.Addresses(found)...), sure && known
	}
	if !asked {
		return nil
	}
	if old := m.Get(side + "abuse_contact"); c.Mode == "append" && old != "" {
		all = append(all, contacts.Split(old)...)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > 0 {
		m.Set(side+"abuse_contact", strings.Join(all, ","))
	} else if c.Mode == "replace" && sure {
		m.Delete(side + "abuse_contact")
	}
	return nil
}

// addPlace sets what is known of a place. What a field cannot hold is left out, as
// "?" in the place of a country, and so is a name that is not fit to be shown.
func (c *Command) addPlace(ctx context.Context, m *event.Message, side string) error {
	address := m.Get(side + "ip")
	if address == "" || !c.QueryRipeStatGeolocation {
		return nil
	}
	p, found, err := c.places.Get(ctx, "stat_geolocation:"+address)
	if err != nil || !found {
		return err
	}
	for _, field := range [...][2]string{
		{"cc", p.Country}, {"city", p.City}, {"latitude", p.Latitude.String()}, {"longitude", p.Longitude.String()},
	} {
		key, text := side+"geolocation."+field[0], field[1]
		if (c.Mode == "replace" || !m.Has(key)) && plain.Line(text) == text {
			m.Try(key, harmonization.Text(text))
		}
	}
	return nil
}
