// Package httpstatus implements expert-http-status.
//
// expert-http-status: say whether the server of a URL answers it
//
// The URL in the field --field is fetched, and status becomes online if the answer has a
// status below 400 or one of --success-status-codes. Otherwise status becomes offline, and
// extra.reason the reason: the phrase of the status, or why there is no answer. An event
// without the field passes as it is. Redirects are followed.
//
// What is fetched is what events name. Private, loopback and link-local addresses are not
// connected to, and count as offline, unless --http-allow-private is given. An answer is
// used again for ten minutes, a failure for one.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | expert-http-status
//	echo '{"source.url":"http://127.0.0.1:1/"}' |
//	  expert-http-status --success-status-codes 404,410 --no-overwrite
package httpstatus

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/site"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is fetched, and which answers are good.
type Command struct {
	Field              string             `help:"The field with the URL." default:"source.url" placeholder:"FIELD" field:"event"`
	SuccessStatusCodes []int              `help:"Take these status codes as good as well." placeholder:"CODE,…"`
	Overwrite          bool               `help:"Replace status and extra.reason if they are there already." default:"true"`
	Retries            int                `kong:"-"` // the client has its own
	OnError            string             `kong:"-"` // that there is no answer is an answer
	HTTP               httpclient.Foreign `embed:""`
	lookup.Flags       `set:"redis_cache_ttl=600"`

	client *httpclient.Client
	states *lookup.Lookup[site.State]
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	if c.client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.states, err = lookup.New(ctx, env, &c.Flags, "sites", c.fetch)
	return err
}

// fetch asks for a URL. The answer is good whatever its content is.
func (c *Command) fetch(ctx context.Context, url string) (site.State, error) {
	r, err := c.client.Do(ctx, http.MethodGet, url, nil, nil)
	if err != nil {
		lookup.GoodFor(ctx, time.Duration(c.CacheTTLFailure)*time.Second)
		return site.Failed(err), nil
	}
	r.Body.Close()
	return site.Answered(r.StatusCode, r.Status), nil
}

// Process says whether the URL of an event is answered.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	url := m.Get(c.Field)
	if url == "" {
		return emit(m)
	}
	s, found, err := c.states.Get(ctx, url)
	switch {
	case err != nil:
		return err
	case !found:
	case s.OK() || slices.Contains(c.SuccessStatusCodes, s.Code):
		site.Online(m, c.Overwrite)
	default:
		site.Offline(m, s.Reason, c.Overwrite)
	}
	return emit(m)
}
