// Package domainsuffix implements expert-domain-suffix.
//
// expert-domain-suffix: add the public suffix of a domain
//
// The public suffix of source.fqdn, or with --field reverse_dns of source.reverse_dns, becomes
// source.domain_suffix; the same goes for destination. It is the part of a name below which
// anybody may register names, such as org or co.uk, by the public suffix list: its rules,
// wildcards and exceptions between the marks of the ICANN domains. Private domains, such as
// github.io, are left out. A name for which there is no rule gets nothing. A suffix that is
// there already is an error.
//
// A list that is replaced is taken within two seconds, or at once on SIGHUP; a broken one is
// refused, and the old one stays. --update fetches the list and puts it in the place of the old
// one. Debian has it in the package publicsuffix. Let cron do that, once a week:
//
//	5 6 * * 1  expert-domain-suffix --suffix-file psl.dat --field fqdn --update
//
// # Examples
//
//	printf '// ===BEGIN ICANN DOMAINS===\norg\n' > psl.dat
//	printf '*.mm\n// ===END ICANN DOMAINS===\n' >> psl.dat
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-domain-suffix --field fqdn --suffix-file psl.dat
//	echo '{"source.reverse_dns":"a.example.mm"}' |
//	  expert-domain-suffix --field reverse_dns --suffix-file psl.dat
package domainsuffix

import (
	"cmp"
	"context"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the list is.
type Command struct {
	Field      string           `help:"Which name of each side to look at." enum:"fqdn,reverse_dns" placeholder:"fqdn|reverse_dns" required:""`
	SuffixFile string           `help:"The public suffix list." placeholder:"FILE" required:""`
	HTTP       httpclient.Flags `embed:""`

	url string // of the list; tests have another one
	*database.File[*rules]
}

// Start reads the list.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.SuffixFile, load)
	return err
}

// Process looks both names up.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	list := *c.Get()
	for _, side := range event.Sides {
		text := m.Get(side + c.Field)
		if text == "" {
			continue
		}
		suffix := ""
		if name, ok := idna.Host(text); ok {
			suffix = list.suffix(name)
		}
		if err := m.Add(side+"domain_suffix", harmonization.Text(suffix)); err != nil {
			return err
		}
	}
	return emit(m)
}

// Update fetches the list.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	s := database.Source{URL: cmp.Or(c.url, "https://publicsuffix.org/list/public_suffix_list.dat"), Check: database.Loads(load)}
	return s.Update(ctx, env, &c.HTTP, c.SuffixFile)
}
