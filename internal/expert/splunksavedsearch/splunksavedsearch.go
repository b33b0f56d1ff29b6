// Package splunksavedsearch implements expert-splunk-saved-search.
//
// expert-splunk-saved-search: add fields that a saved search of Splunk finds
//
// The search --saved-search is run for each event, with fields of the event as its
// parameters: --search-parameters has the names of the fields and what the search calls
// them. What it finds becomes fields of the event: --result-fields has what the search
// calls them and the names of the fields. A field that is there already puts the event
// into the dump; --overwrite replaces it, --no-overwrite keeps it. An event that lacks a
// parameter passes as it is, and a warning says so.
//
// --not-found says what to do if nothing is found, and --multiple-result-handling if there
// is more than one result:
//
//	warn       write a line to stderr
//	send       pass the event on
//	drop       do not pass it on
//	use_first  take the fields of the first result
//	ignore     take no fields
//	limit      ask Splunk for one result only, which stands alone
//
// Splunk is asked for the results a second after the search has begun, and then every
// --retry-interval until it has them, for --http-timeout-total at most. If it cannot be
// reached it is asked again, and then the event goes into the dump; --on-error pass lets
// it go on as it is. Results are kept for an hour in memory, and with --cache in a file or
// with --redis-cache-host in Redis.
//
// # Examples
//
//	export INTELPIPE_AUTH_TOKEN=token
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-splunk-saved-search --url https://splunk.example.org:8089 \
//	    --saved-search hosts --search-parameters 'json:{"source.ip":"ip"}' \
//	    --result-fields 'json:{"user":"source.account"}'
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-splunk-saved-search --url https://splunk.example.org:8089 \
//	    --saved-search hosts --search-parameters 'json:{"source.ip":"ip"}' \
//	    --not-found drop --multiple-result-handling limit
package splunksavedsearch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which search is run, and what becomes of its results.
type Command struct {
	URL                    string           `help:"The address of Splunk's API." placeholder:"URL" required:""`
	AuthToken              stage.Secret     `name:"auth-token-file" help:"The file that holds the token for Splunk." placeholder:"FILE" required:""`
	SavedSearch            string           `help:"The name of the saved search." placeholder:"NAME" required:""`
	SearchParameters       stage.Object     `help:"The parameters of the search: field to name." placeholder:"json:{…}" field:"event"`
	ResultFields           stage.Object     `help:"What to take of a result: name to field." placeholder:"json:{…}" field:"event,values"`
	RetryInterval          float64          `help:"Ask every SECONDS whether the search has ended." default:"5" placeholder:"SECONDS"`
	NotFound               []string         `help:"What to do if nothing is found: warn, send, drop." default:"warn,send" placeholder:"ACTION,…"`
	MultipleResultHandling []string         `help:"What to do if there are several results: warn, use_first, ignore, send, drop; or limit." default:"warn,use_first,send" placeholder:"ACTION,…"`
	Overwrite              *bool            `help:"Replace fields that are there already, or keep them. By default such an event goes into the dump."`
	Retries                int              `kong:"-"` // the client has its own
	HTTP                   httpclient.Flags `embed:""`
	lookup.Flags           `set:"redis_cache_ttl=3600"`

	env                   *stage.Env
	parameters, fields    []pair
	notFound, severalDone actions
	results               *lookup.Lookup[results]
}

// pair is a member of an object that is a flag.
type pair struct{ from, to string }

// Start checks the flags, and prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.env = env
	if c.parameters, err = pairs("--search-parameters", c.SearchParameters); err != nil {
		return err
	}
	if c.fields, err = pairs("--result-fields", c.ResultFields); err != nil {
		return err
	}
	if c.notFound, err = readActions("--not-found", c.NotFound, "warn", "send", "drop"); err != nil {
		return err
	}
	if c.severalDone, err = readActions("--multiple-result-handling", c.MultipleResultHandling, "warn", "use_first", "ignore", "send", "drop", "limit"); err != nil {
		return err
	}
	s, err := newSource(&c.HTTP, env, c.URL, string(c.AuthToken), c.RetryInterval)
	if err != nil {
		return err
	}
	c.results, err = lookup.New(ctx, env, &c.Flags, "searches", func(ctx context.Context, key string) (results, error) {
		return s.run(ctx, strings.TrimPrefix(key, c.URL+" ")) // what is found at one Splunk is not at another
	})
	return err
}

// pairs reads an object of names, sorted by them.
func pairs(flag string, object stage.Object) (all []pair, err error) {
	for _, from := range slices.Sorted(maps.Keys(object)) {
		to, ok := object[from].(string)
		if !ok || to == "" {
			return nil, fmt.Errorf("%s: a name is expected for %q", flag, from)
		}
		all = append(all, pair{from, to})
	}
	return all, nil
}

// Process runs the search for an event.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	search, missing := c.search(m)
	if missing != "" {
		c.env.Warn("%s: there is no %s to search for, the event is passed on as it is", m.Place(), missing)
		return emit(m)
	}
	r, _, known, err := c.results.Find(ctx, c.URL+" "+search)
	if err != nil {
		return err
	}
	do, take := actions{send: true}, r.Count == 1
	switch {
	case !known:
	case r.Count == 0:
		if do = c.notFound; do.warn {
			c.env.Warn("%s: the search has found nothing", m.Place())
		}
	case r.Count > 1:
		do = c.severalDone
		if take = do.useFirst; do.warn {
			c.env.Warn("%s: the search has found %d results", m.Place(), r.Count)
		}
	}
	if take {
		if err := c.take(m, r.First); err != nil {
			return err
		}
	}
	if !do.send {
		return nil
	}
	return emit(m)
}

// search is the search for an event, or the field that it lacks.
func (c *Command) search(m *event.Message) (text, missing string) {
	var b strings.Builder
	b.WriteString("|savedsearch " + quote(c.SavedSearch))
	for _, p := range c.parameters {
		if !m.Has(p.from) {
			return "", p.from
		}
		b.WriteString(" " + quote(p.to) + "=" + quote(m.Get(p.from)))
	}
	if c.severalDone.limit {
		b.WriteString(" | head 1")
	}
	return b.String(), ""
}

// quote writes a text as Splunk reads it, so that it cannot end before its end.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// take sets the fields of a result.
func (c *Command) take(m *event.Message, result map[string]string) error {
	for _, f := range c.fields {
		text, ok := result[f.from]
		if !ok {
			return fmt.Errorf("the result of the search has no %q, which --result-fields names", f.from)
		}
		switch value := harmonization.JSON(text); {
		case c.Overwrite == nil:
			if err := m.Add(f.to, value); err != nil {
				return err
			}
		case *c.Overwrite || !m.Has(f.to):
			m.SetValue(f.to, value)
		}
	}
	return nil
}
