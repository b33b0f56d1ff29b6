// Package tuency implements expert-tuency.
//
// expert-tuency: add the contacts and rules that Tuency has for an event
//
// Tuency, a portal where network operators say what they want to be told, is asked about
// source.ip and source.fqdn, and tells by taxonomy, type and feed of the event what is to
// be done. The contacts become source.abuse_contact; extra.notify becomes false if nobody
// is to be notified, and otherwise extra.ttl the number of seconds until the next
// notification, 0 for at once. Constituencies become extra.constituency, a comma list.
//
// An event that lacks classification.taxonomy, classification.type, feed.provider,
// feed.name, or both address and name, passes as it is, and so does one that Tuency knows
// no destination of. Fields that are there stay with --no-overwrite; a contact stays also
// if Tuency has none.
//
// A service that cannot be reached is asked again, and then the event goes into
// the dump; --on-error pass lets it go on as it is. Answers are kept for an hour in
// memory, and with --cache in a file or with --redis-cache-host in Redis.
//
// # Examples
//
//	export INTELPIPE_AUTHENTICATION_TOKEN=token
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-tuency --url https://tuency.example.org/
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-tuency --url https://tuency.example.org/ --query-feed-code
package tuency

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is asked for, and where the answer goes.
type Command struct {
	URL                           string           `help:"The address of Tuency." placeholder:"URL" required:""`
	AuthenticationToken           stage.Secret     `name:"authentication-token-file" help:"The file that holds the token for Tuency." placeholder:"FILE" required:""`
	Overwrite                     bool             `help:"Replace fields that are there already." default:"true"`
	QueryIP                       bool             `help:"Ask about source.ip." default:"true"`
	QueryDomain                   bool             `help:"Ask about source.fqdn." default:"true"`
	QueryClassificationIdentifier bool             `help:"Send classification.identifier as well; events without it pass as they are."`
	QueryFeedCode                 bool             `help:"Send feed.code in the place of feed.name."`
	NotifyField                   string           `help:"The field that becomes false if nobody is to be notified." default:"extra.notify" placeholder:"FIELD" field:"event"`
	TTLField                      string           `name:"ttl-field" help:"The field for the seconds until the next notification." default:"extra.ttl" placeholder:"FIELD" field:"event"`
	ConstituencyField             string           `help:"The field for the constituencies; empty for none." default:"extra.constituency" placeholder:"FIELD" field:"event" empty:"no field"`
	TTLOnSuspended                stage.Value      `name:"ttl-on-suspended" help:"Set the field of --ttl-field to VALUE if nobody is to be notified. By default it is not set." placeholder:"VALUE|json:…"`
	Retries                       int              `kong:"-"` // the client has its own
	HTTP                          httpclient.Flags `embed:""`
	lookup.Flags                  `set:"redis_cache_ttl=3600"`

	rules *lookup.Lookup[rule]
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if !c.QueryIP && !c.QueryDomain {
		env.Warn("with --no-query-ip and --no-query-domain nothing is asked: all events pass as they are")
	}
	client, err := c.HTTP.Client(env)
	if err != nil {
		return err
	}
	s := &source{web.Service{Client: client, Header: web.Bearer(string(c.AuthenticationToken))}}
	c.rules, err = lookup.New(ctx, env, &c.Flags, "rules", s.rule)
	return err
}

// Process asks for the rule of an event, and does as it says.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	query := c.query(m)
	if query == "" {
		return emit(m)
	}
	rule, found, err := c.rules.Get(ctx, strings.TrimSuffix(c.URL, "/")+"/intelmq/lookup?"+query)
	if err != nil {
		return err
	}
	if found {
		c.apply(m, rule)
	}
	return emit(m)
}

// query is what is asked about an event, or "" for nothing.
func (c *Command) query(m *event.Message) string {
	q := url.Values{"feed_status": {"production"}}
	need := [][2]string{{"classification_taxonomy", "classification.taxonomy"}, {"classification_type", "classification.type"}, {"feed_provider", "feed.provider"}}
	if c.QueryClassificationIdentifier {
		need = append(need, [2]string{"classification_identifier", "classification.identifier"})
	}
	if c.QueryFeedCode {
		need = append(need, [2]string{"feed_code", "feed.code"})
	} else {
		need = append(need, [2]string{"feed_name", "feed.name"})
	}
	for _, n := range need {
		if !m.Has(n[1]) {
			return ""
		}
		q.Set(n[0], m.Get(n[1]))
	}
	if address := m.Get("source.ip"); c.QueryIP && address != "" {
		q.Set("ip", address)
	}
	if name := m.Get("source.fqdn"); c.QueryDomain && name != "" {
		q.Set("domain", name)
	}
	if !q.Has("ip") && !q.Has("domain") {
		return ""
	}
	return q.Encode()
}

// apply sets the fields that a rule has something for.
func (c *Command) apply(m *event.Message, r rule) {
	set := func(key string, v harmonization.Value) {
		if key != "" && !v.Empty() && (c.Overwrite || !m.Has(key)) {
			m.SetValue(key, v)
		}
	}
	switch {
	case r.Suppress:
		set(c.NotifyField, harmonization.Bool(false))
		set(c.TTLField, c.onSuspended())
	case r.Interval != nil:
		set(c.TTLField, harmonization.Int(*r.Interval))
	}
	set("source.abuse_contact", harmonization.Text(strings.Join(r.Contacts, ",")))
	set(c.ConstituencyField, harmonization.Text(strings.Join(r.Constituencies, ",")))
}

// onSuspended is --ttl-on-suspended. What is written as a number is one.
func (c *Command) onSuspended() harmonization.Value {
	v := c.TTLOnSuspended
	if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil && !v.Typed {
		return harmonization.Int(n)
	}
	return v.Value
}
