// Package misp implements expert-misp.
//
// expert-misp: add attribute and event of a MISP instance that know an address
//
// The instance is searched for an attribute with the value of source.ip. The first one
// becomes misp.attribute_uuid, and the event that it is in misp.event_uuid. An event that
// has one of the two fields already passes as it is.
//
// An instance that cannot be reached is asked again, and then the event goes into
// the dump; --on-error pass lets it go on as it is. Answers are kept for an hour in
// memory, and with --cache in a file or with --redis-cache-host in Redis.
//
// # Examples
//
//	export INTELPIPE_MISP_KEY=key
//	echo '{"source.fqdn":"www.example.org"}' |
//	  expert-misp --misp-url https://misp.example.org/
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-misp --misp-url https://misp.example.org/ --offline --cache ./misp
package misp

import (
	"context"
	"net/http"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which instance is asked.
type Command struct {
	MispURL      string           `help:"The address of the instance." placeholder:"URL" required:""`
	MispKey      stage.Secret     `name:"misp-key-file" help:"The file that holds the key for its API." placeholder:"FILE" required:""`
	Retries      int              `kong:"-"` // the client has its own
	HTTP         httpclient.Flags `embed:""`
	lookup.Flags `set:"redis_cache_ttl=3600"`

	web        web.Service
	attributes *lookup.Lookup[attribute]
}

// attribute is one of the instance, in the event that it is in.
type attribute struct {
	UUID  string `json:"uuid"`
	Event struct {
		UUID string `json:"uuid"`
	}
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.web.Header = http.Header{"Accept": {"application/json"}, "Authorization": {string(c.MispKey)}}
	if c.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.attributes, err = lookup.New(ctx, env, &c.Flags, "attributes", c.fetch)
	return err
}

// fetch searches for an address, which stands behind the instance in the key.
func (c *Command) fetch(ctx context.Context, key string) (found attribute, err error) {
	address := strings.TrimPrefix(key, c.MispURL+" ")
	search, err := json.Marshal(map[string]any{"value": address, "page": 1, "limit": 1})
	if err != nil {
		return found, err
	}
	a, err := c.web.Post(ctx, strings.TrimSuffix(c.MispURL, "/")+"/attributes/restSearch", "application/json", search)
	if err != nil {
		return found, err
	}
	var answer struct {
		Response struct{ Attribute []attribute }
	}
	switch err := a.JSON(&answer); {
	case err != nil:
		return found, err
	case len(answer.Response.Attribute) == 0:
		return found, lookup.ErrNotThere
	}
	return answer.Response.Attribute[0], nil
}

// Process searches for the address of an event.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	address := m.Get("source.ip")
	if address == "" || m.Has("misp.attribute_uuid") || m.Has("misp.event_uuid") {
		return emit(m)
	}
	found, ok, err := c.attributes.Get(ctx, c.MispURL+" "+address)
	if err != nil {
		return err
	}
	if ok {
		m.SetIf("misp.attribute_uuid", found.UUID)
		m.SetIf("misp.event_uuid", found.Event.UUID)
	}
	return emit(m)
}
