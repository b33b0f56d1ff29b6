// Package trustedintroducer implements expert-trusted-introducer.
//
// expert-trusted-introducer: add the contact of the CSIRT of a domain or an AS, by Trusted Introducer
//
// The directory of Trusted Introducer has teams, each with the domains and ASs it is
// responsible for. Its address for contact becomes source.abuse_contact, in place of one
// that is there already, unless --no-overwrite is given. By --order a team is looked for by
// source.fqdn, of which the longest domain counts, then by source.asn. A team that names no
// address for contact is left out. An event without a team is passed on as it is.
//
// The directory is kept in a file, which is fetched at the first start. --update fetches it
// again and puts it in the place of the old one, which running filters take within two seconds;
// a broken one is refused, and the old one stays. Let cron do that, once a day:
//
//	11 5 * * *  expert-trusted-introducer --update
//
// # Examples
//
//	cat > teams.json <<.
//	[{"emails": [{"address": "team@example.org", "usage": ["contact"]}],
//	  "constituency": {"domains": ["*.example.org"], "asns": [64496]}}]
//	.
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-trusted-introducer --database teams.json
//	echo '{"source.asn":64496,"source.abuse_contact":"abuse@example.org"}' |
//	  expert-trusted-introducer --database teams.json --no-overwrite
package trustedintroducer

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what to look for, and where the directory is.
type Command struct {
	Order     []string         `help:"By what to look for a team, the first hit counts." enum:"domain,asn" default:"domain,asn" placeholder:"domain|asn,…"`
	Overwrite bool             `help:"Replace a contact that is there already." default:"true"`
	Database  string           `help:"The file with the directory. Default: trusted-introducer.json in the state directory." placeholder:"FILE"`
	HTTP      httpclient.Flags `embed:""`

	url string // of the directory; tests have another one
	*database.File[*contacts]
}

// Start reads the directory, and fetches it if there is none yet.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	path := c.path(env)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := c.Update(ctx, env); err != nil {
			return err
		}
	}
	c.File, err = database.Open(env, path, load)
	return err
}

func (c *Command) path(env *stage.Env) string {
	return cmp.Or(c.Database, filepath.Join(env.StateDir, "trusted-introducer.json"))
}

const contact = "source.abuse_contact"

// Process adds the contact of the first team that is found.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	if c.Overwrite || !m.Has(contact) {
		all := *c.Get()
		for _, by := range c.Order {
			address := ""
			if by == "asn" {
				address = all.asns[m.Get("source.asn")]
			} else {
				address = all.under(m.Get("source.fqdn"))
			}
			if address != "" {
				m.Set(contact, address)
				break
			}
		}
	}
	return emit(m)
}

// under finds the contact of the longest domain that a name is or lies below.
func (all *contacts) under(name string) string {
	for more := name != ""; more; _, name, more = strings.Cut(name, ".") {
		if address := all.domains[name]; address != "" {
			return address
		}
	}
	return ""
}

// Update fetches the directory.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	if c.Database == "" {
		if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
			return stage.Fatal(err)
		}
	}
	s := database.Source{URL: cmp.Or(c.url, "https://www.trusted-introducer.org/directory/teams.json"), Check: database.Loads(load)}
	return s.Update(ctx, env, &c.HTTP, c.path(env))
}
