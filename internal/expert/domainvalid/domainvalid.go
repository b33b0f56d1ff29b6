// Package domainvalid implements expert-domain-valid.
//
// expert-domain-valid: drop events without a valid domain of a known top-level domain
//
// An event is passed on if the field of --domain-field is there and is a domain: at least two
// labels of letters, digits and hyphens, none of which begins or ends with a hyphen; a name of
// other letters is looked at as DNS has it. The last label has to be in the list of top-level
// domains, as it stands there. All other events are dropped.
//
// The list has a top-level domain a line; what begins with # is a comment. A list
// that is replaced is taken within two seconds, or at once on SIGHUP; a broken one
// is refused, and the old one stays. --update fetches the list of IANA and puts it
// in the place of the old one. Let cron do that, once a week:
//
//	7 6 * * 1  expert-domain-valid --tlds-domains-list tlds.txt --update
//
// # Examples
//
//	printf 'ORG\nXN--FIQS8S\n' > tlds.txt
//	printf '%s\n' '{"source.fqdn":"www.example.org"}' '{"source.fqdn":"-a.org"}' |
//	  expert-domain-valid --tlds-domains-list tlds.txt
//	echo '{"destination.fqdn":"example.invalid"}' | expert-domain-valid \
//	  --domain-field destination.fqdn --tlds-domains-list tlds.txt
package domainvalid

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what to look at, and where the list is.
type Command struct {
	DomainField     string           `help:"The field that must hold a domain." default:"source.fqdn" placeholder:"FIELD" field:"event"`
	TldsDomainsList string           `help:"The list of top-level domains." placeholder:"FILE" required:""`
	HTTP            httpclient.Flags `embed:""`

	url string // of the list; tests have another one
	*database.File[map[string]bool]
}

// Start reads the list.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.TldsDomainsList, load)
	return err
}

// Process passes an event on if its domain is valid.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	name := m.Get(c.DomainField)
	if !valid(name) || !(*c.Get())[name[strings.LastIndexByte(name, '.')+1:]] {
		return nil
	}
	return emit(m)
}

// valid says whether a name has two labels or more, all of them as DNS has those of hosts.
func valid(name string) bool {
	ascii, ok := idna.ToASCII(name)
	if !ok || len(ascii) > 253 || !strings.Contains(ascii, ".") {
		return false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(label string) bool {
	for i := range len(label) {
		switch c := label[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-' && i > 0 && i < len(label)-1:
		default:
			return false
		}
	}
	return label != "" && len(label) <= 63
}

var errEmpty = errors.New("there are no top-level domains in it")

// load reads a list.
func load(path string) (map[string]bool, error) {
	list := map[string]bool{}
	err := database.Lines(path, func(text string) error {
		name := strings.ToLower(text)
		if ascii, ok := idna.ToASCII(name); !ok || !isLabel(ascii) {
			return fmt.Errorf("not a top-level domain: %s", plain.Quote(name))
		}
		list[name] = true
		return nil
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s: %w", path, errEmpty)
	}
	return list, err
}

// Update fetches the list of IANA.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	s := database.Source{URL: cmp.Or(c.url, "https://data.iana.org/TLD/tlds-alpha-by-domain.txt"), Check: database.Loads(load)}
	return s.Update(ctx, env, &c.HTTP, c.TldsDomainsList)
}
