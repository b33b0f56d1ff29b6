// Package lookyloo implements expert-lookyloo.
//
// expert-lookyloo: have Lookyloo capture a URL, and add where the capture is
//
// The URL in source.url is submitted to a Lookyloo instance, which opens it in a browser,
// and the page of its capture becomes screenshot_url. The text of --http-user-agent is
// what that browser calls itself, too. An event without source.url passes as it is, and
// one that has a screenshot_url already goes into the dump.
//
// A URL is captured once a day: for that long the page is kept, in memory, and with
// --cache in a file or with --redis-cache-host in Redis. When the instance cannot be
// reached the event goes into the dump; --on-error pass lets it go on as it is.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | expert-lookyloo
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-lookyloo --instance-url https://lookyloo.example.org/ --cache ./pages
package lookyloo

import (
	"context"
	"errors"
	"fmt"
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
	InstanceURL  string           `help:"The address of the instance." default:"http://localhost:5100/" placeholder:"URL"`
	Retries      int              `kong:"-"` // the client has its own
	HTTP         httpclient.Flags `embed:""`
	lookup.Flags `set:"redis_cache_ttl=86400"`

	web      web.Service
	captures *lookup.Lookup[string]
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.web.Header = http.Header{"Accept": {"application/json"}}
	if c.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.captures, err = lookup.New(ctx, env, &c.Flags, "captures", c.fetch)
	return err
}

// fetch submits a URL, which stands behind the instance in the key, and returns the page of
// its capture. The instance answers with the capture's UUID.
func (c *Command) fetch(ctx context.Context, key string) (string, error) {
	url := strings.TrimPrefix(key, c.InstanceURL+" ")
	instance := strings.TrimSuffix(c.InstanceURL, "/")
	order, err := json.Marshal(map[string]string{"url": url, "user_agent": c.HTTP.HTTPUserAgent})
	if err != nil {
		return "", err
	}
	a, err := c.web.Submit(ctx, instance+"/submit", "application/json", order)
	if err != nil {
		return "", err
	}
	var uuid string
	if err := a.JSON(&uuid); err != nil {
		return "", err
	}
	if uuid == "" || strings.Trim(uuid, "0123456789abcdef-") != "" {
		return "", a.Unexpected(errors.New("the UUID of a capture is not in it"))
	}
	return instance + "/tree/" + uuid, nil
}

// Process has the URL of an event captured.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	url := m.Get("source.url")
	if url == "" {
		return emit(m)
	}
	if m.Has("screenshot_url") {
		return fmt.Errorf("screenshot_url: %w", event.ErrKeyExists)
	}
	page, found, err := c.captures.Get(ctx, c.InstanceURL+" "+url)
	if err != nil {
		return err
	}
	if found {
		m.Set("screenshot_url", page)
	}
	return emit(m)
}
