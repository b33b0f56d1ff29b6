// Package rdap implements expert-rdap.
//
// expert-rdap: add the abuse contact of a domain, by the registries' RDAP services
//
// The contact of source.fqdn becomes source.abuse_contact. The registry of its top-level
// domain is asked, or the server that --rdap-bootstrapped-servers names for the longest
// suffix of the name, about the domain right below that suffix. Of the contacts in
// the answer the first role of --rdap-order with a mail address counts. Which registry has
// which server is in a list of IANA, which is fetched when it is needed.
//
// A server that wants a token is named by an object, where token_file is a file with the
// token:
//
//	--rdap-bootstrapped-servers 'json:{"example":
//	  {"url": "https://rdap.example.org/v1/",
//	   "auth": {"type": "jwt", "token_file": "/etc/intelpipe/rdap-token"}}}'
//
// The token may also stand there itself, as token, which is for the configuration file and
// not for a command line, where every user of the machine can read it.
//
// A service that cannot be reached is asked again, and then the event goes into
// the dump; --on-error pass lets it go on as it is. Contacts are kept for a day,
// in memory, and with --cache in a file or with --redis-cache-host in Redis,
// where IntelMQ keeps them, too.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | expert-rdap
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-rdap --offline --cache ./rdap
package rdap

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked, and which contact counts.
type Command struct {
	RdapOrder               []string         `help:"Take the contact of the first of these roles that has a mail address. By default abuse, technical, administrative, registrant and registrar." placeholder:"ROLE,…"`
	RdapBootstrappedServers stage.Object     `help:"Ask these servers: suffix to URL, or to an object of url and auth." placeholder:"json:{…}"`
	RdapBootstrapURL        string           `name:"rdap-bootstrap-url" help:"Where the list of the registries' servers is; empty to ask no others than --rdap-bootstrapped-servers." default:"https://data.iana.org/rdap/dns.json" placeholder:"URL" empty:"no list"`
	Overwrite               bool             `help:"Replace a contact that is there already." default:"true"`
	Retries                 int              `kong:"-"` // the client has its own
	HTTP                    httpclient.Flags `embed:""`
	lookup.Flags            `set:"redis_cache_db=8"`

	contacts *lookup.Lookup[string]
}

// Start reads which servers there are, and prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	order := c.RdapOrder
	if len(order) == 0 {
		order = []string{"abuse", "technical", "administrative", "registrant", "registrar"}
	}
	own, err := readServers(c.RdapBootstrappedServers)
	if err != nil {
		return err
	}
	client, err := c.HTTP.Client(env)
	if err != nil {
		return err
	}
	s := &source{client: client, own: own, listURL: c.RdapBootstrapURL, order: order, warn: env.Warn}
	if s.lists, err = lookup.New(ctx, env, &c.Flags, "servers", s.list); err != nil {
		return err
	}
	s.lists.InRedis(lookup.Codec[map[string]string]{Encode: func(map[string]string, bool) (string, bool) { return "", false }})
	if c.contacts, err = lookup.New(ctx, env, &c.Flags, "contacts", s.contact); err != nil {
		return err
	}
	c.contacts.InRedis(lookup.Codec[string]{
		Key:    func(name string) string { return "rdap_" + name },
		Encode: func(contact string, found bool) (string, bool) { return contact, found },
		Decode: func(text string) (string, bool, error) { return text, text != "", nil },
	})
	return nil
}

// Process adds the contact of a name.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	name := m.Get("source.fqdn")
	if name == "" || !c.Overwrite && m.Has("source.abuse_contact") {
		return emit(m)
	}
	contact, found, err := c.contacts.Get(ctx, name)
	if err != nil {
		return err
	}
	if found {
		m.Set("source.abuse_contact", contact)
	}
	return emit(m)
}
